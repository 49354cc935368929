from rest_framework import serializers

from config.serializers import StrictSerializer, TextField


class CredentialsSerializer(StrictSerializer):
    username = TextField(max_length=150)
    password = TextField(max_length=1000, trim_whitespace=False)


class TokenSerializer(StrictSerializer):
    token = serializers.CharField()
    expires_at = serializers.DateTimeField()
