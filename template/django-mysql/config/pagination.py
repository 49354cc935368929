from rest_framework import serializers
from rest_framework.pagination import PageNumberPagination

from config.serializers import StrictSerializer

MAX_PAGE_SIZE = 100


class Pagination(PageNumberPagination):
    page_size = 20
    page_size_query_param = "page_size"
    max_page_size = MAX_PAGE_SIZE


class PageQuery(StrictSerializer):
    """The query of a list: DRF passes over unknown names and wrong sizes. One with filters inherits from it."""

    page = serializers.IntegerField(min_value=1, required=False)
    page_size = serializers.IntegerField(min_value=1, max_value=MAX_PAGE_SIZE, required=False)
