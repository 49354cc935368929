from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.users import services
from apps.users.serializers import CredentialsSerializer, TokenSerializer
from apps.users.throttling import PerAccount, PerAddress
from config.errors import problem, problems


class TokenView(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = (PerAddress, PerAccount)

    @extend_schema(request=CredentialsSerializer, responses={200: TokenSerializer} | problems(401, 413, 415, 429))
    def post(self, request: Request) -> HttpResponse:
        body = CredentialsSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        try:
            token = services.sign_in(**body.validated_data)
        except services.WrongCredentials:
            return problem(401, "Username or password is wrong.", headers={"WWW-Authenticate": "Bearer"})
        answer = {
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": int(services.LIFETIME.total_seconds()),
        }
        return Response(TokenSerializer(answer).data, headers={"Cache-Control": "no-store"})
