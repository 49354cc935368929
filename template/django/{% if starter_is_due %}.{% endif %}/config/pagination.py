from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.db.models import Model
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from config.serializers import DigitsField, StrictSerializer

MAX_ID = 2**63 - 1


class PageQuery(StrictSerializer):
    """The query of a list; one with filters inherits from it."""

    after = DigitsField(max_value=MAX_ID, default=0, help_text="The id of the last item on the page before.")
    page_size = DigitsField(min_value=1, max_value=100, default=20)


class KeysetPagination(BasePagination):
    """By id: every page costs the same, without a COUNT, and rows that come or go in between shift nothing."""

    query_class = PageQuery

    def paginate_queryset(self, queryset: Any, request: Request, view: APIView | None = None) -> list[Any]:
        query = self.query_class(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        size: int = query.validated_data["page_size"]
        rows: list[Model] = list(queryset.filter(id__gt=query.validated_data["after"]).order_by("id")[: size + 1])
        self.next: str | None = None
        if len(rows) > size:
            rows.pop()
            self.next = f"{request.path}?{urlencode({**request.query_params.dict(), 'after': rows[-1].pk})}"
        return rows

    def get_paginated_response(self, data: Sequence[Any]) -> Response:
        return Response({"next": self.next, "results": data})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        properties = {"next": {"type": "string", "nullable": True, "format": "uri-reference"}, "results": schema}
        return {"type": "object", "required": ["next", "results"], "properties": properties}
