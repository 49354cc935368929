from typing import Any

from rest_framework.metadata import BaseMetadata


class AllowOnly(BaseMetadata):
    """OPTIONS tells the methods, in `Allow`; what fields there are is in the OpenAPI document."""

    def determine_metadata(self, request: object, view: object) -> dict[str, Any]:
        return {}
