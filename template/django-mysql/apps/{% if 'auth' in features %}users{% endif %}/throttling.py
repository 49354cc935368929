"""Limits of sign-in. They count in the cache: give `CACHES` a shared one before you run a second process."""

from collections.abc import Mapping

from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle
from rest_framework.views import APIView

from apps.users.tokens import digest


class PerAddress(SimpleRateThrottle):
    scope = "sign-in-address"
    rate = "30/min"

    def get_cache_key(self, request: Request, view: APIView) -> str:
        return f"{self.scope}:{self.get_ident(request)}"


class PerAccount(SimpleRateThrottle):
    scope = "sign-in-account"
    rate = "10/min"

    def get_cache_key(self, request: Request, view: APIView) -> str | None:
        username = request.data.get("username") if isinstance(request.data, Mapping) else None
        return f"{self.scope}:{digest(username.strip())}" if isinstance(username, str) else None
