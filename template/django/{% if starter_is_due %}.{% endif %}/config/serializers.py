"""What every serializer here does: refuse what it does not know, and take only text for text."""

import re
from collections.abc import Mapping
from typing import Any, TypeVar

from django.db import models
from rest_framework import serializers
from rest_framework.validators import UniqueValidator

M = TypeVar("M", bound=models.Model)


class StrictSerializer(serializers.Serializer[Any]):
    """DRF drops unknown and read-only fields silently, and a PATCH of nothing is none."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            writable = {name for name, field in self.fields.items() if not field.read_only}
            if unknown := data.keys() - writable:
                raise serializers.ValidationError({name: ["This field is not known here."] for name in sorted(unknown)})
            if self.partial and not data:
                raise serializers.ValidationError({"non_field_errors": ["Name at least one field."]})
        return super().to_internal_value(data)


class TextField(serializers.CharField):
    """DRF's own takes the number 1 for the text "1"."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class DigitsField(serializers.IntegerField):
    """A number in a query string. DRF's own also takes `+1`, `1.0` and `1_0`."""

    def to_internal_value(self, data: Any) -> int:
        if not re.fullmatch("[0-9]{1,19}", data):
            self.fail("invalid")
        return super().to_internal_value(data)


class StrictModelSerializer(StrictSerializer, serializers.ModelSerializer[M]):
    serializer_field_mapping = serializers.ModelSerializer.serializer_field_mapping | {models.CharField: TextField}

    def build_standard_field(self, field_name: str, model_field: Any) -> Any:
        """Without UniqueValidator, whose query loses a race: the constraint decides, and services raise Conflict."""
        field_class, arguments = super().build_standard_field(field_name, model_field)
        validators = arguments.get("validators", [])
        arguments["validators"] = [validator for validator in validators if not isinstance(validator, UniqueValidator)]
        return field_class, arguments
