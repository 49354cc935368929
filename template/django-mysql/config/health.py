from django.db import DatabaseError, connection
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from config.errors import problem, problems


class Health(serializers.Serializer[dict[str, str]]):
    status = serializers.CharField()


class HealthView(APIView):
    """Is the process alive? Touches nothing else."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(responses={200: Health} | problems())
    def get(self, request: Request) -> Response:
        return Response({"status": "ok"})


class ReadyView(APIView):
    """Can it serve? Asks the database; `connect_timeout` in the settings bounds the wait."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(responses={200: Health} | problems(503))
    def get(self, request: Request) -> HttpResponse:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
        except DatabaseError:
            return problem(503, "The database does not answer.")
        return Response({"status": "ok"})
