"""Liveness and readiness probes."""

import logging
from threading import Lock
from time import monotonic

from django.db import Error, connections
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from config.database import PROBE_OPTIONS
from config.errors import problems, unavailable
from config.lifecycle import is_draining


class Health(serializers.Serializer[dict[str, str]]):
    status = serializers.CharField()


class DatabaseCheck:
    """On a connection of its own, so that requests cannot starve it; one at a time, so that probes cannot pile up.

    The result is reused for MAX_AGE seconds.
    """

    MAX_AGE = 1.0

    def __init__(self) -> None:
        self.lock = Lock()
        self.failure: str | None = None
        self.checked = 0.0

    def __call__(self) -> str | None:
        """Why the database is not reachable, if so. During a check, concurrent callers get the previous result."""
        if self.lock.acquire(blocking=self.checked == 0):
            try:
                if monotonic() > self.checked + self.MAX_AGE:
                    self.failure = self._failure()
                    self.checked = monotonic()
            finally:
                self.lock.release()
        return self.failure

    def _failure(self) -> str | None:
        connection = connections.create_connection("default")
        options = connection.settings_dict["OPTIONS"] | PROBE_OPTIONS
        connection.settings_dict = {**connection.settings_dict, "OPTIONS": options}
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
        except Error as error:
            return repr(error)
        finally:
            connection.close()
        return None


class HealthView(APIView):
    """Liveness: touches nothing outside the process."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(responses={200: Health} | problems())
    def get(self, request: Request) -> Response:
        return Response({"status": "ok"})


class ReadyView(APIView):
    """Readiness: fails without the database and during shutdown."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    check = DatabaseCheck()

    @extend_schema(responses={200: Health} | problems())
    def get(self, request: Request) -> HttpResponse:
        if is_draining():
            return unavailable("The service is shutting down.", cause="SIGTERM", level=logging.INFO)
        if failure := self.check():
            return unavailable("The database is not available.", cause=failure)
        return Response({"status": "ok"})
