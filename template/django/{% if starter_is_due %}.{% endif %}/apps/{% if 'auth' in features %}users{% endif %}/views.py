from typing import cast

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import Throttled
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from apps.users import services
from apps.users.limits import TooManyAttempts
from apps.users.models import AccessToken
from apps.users.serializers import CredentialsSerializer, TokenSerializer
from config.errors import problem, problems


class TokensView(APIView):
    """First-party sign-in, not OAuth: third-party clients need an authorization server."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(request=CredentialsSerializer, responses={201: TokenSerializer} | problems(401, 408, 413, 415, 429))
    def post(self, request: Request) -> HttpResponse:
        body = CredentialsSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        address = BaseThrottle().get_ident(request)  # behind NUM_PROXIES
        try:
            token, expires_at = services.sign_in(**body.validated_data, address=address)
        except TooManyAttempts as error:
            raise Throttled(error.seconds) from None
        except services.WrongCredentials as error:
            return problem(401, str(error), headers={"WWW-Authenticate": "Bearer"})
        return Response(TokenSerializer({"token": token, "expires_at": expires_at}).data, status=201)


class CurrentTokenView(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(responses={204: None} | problems(401))
    def delete(self, request: Request) -> Response:
        """Sign out: revokes the token of this request."""
        services.sign_out(cast(AccessToken, request.auth))
        return Response(status=204)
