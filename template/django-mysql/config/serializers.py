"""What every serializer here does: refuse what it does not know, and take only text for text."""

from collections.abc import Mapping
from typing import Any, TypeVar

from django.db import models
from rest_framework import serializers

M = TypeVar("M", bound=models.Model)


class StrictSerializer(serializers.Serializer[Any]):
    """DRF drops unknown and read-only fields silently."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            writable = {name for name, field in self.fields.items() if not field.read_only}
            if unknown := data.keys() - writable:
                raise serializers.ValidationError({name: ["This field is not known here."] for name in sorted(unknown)})
        return super().to_internal_value(data)


class TextField(serializers.CharField):
    """DRF's own takes the number 1 for the text "1"."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class StrictModelSerializer(StrictSerializer, serializers.ModelSerializer[M]):
    serializer_field_mapping = serializers.ModelSerializer.serializer_field_mapping | {models.CharField: TextField}
