from django.urls import path

from apps.users.views import TokenView

urlpatterns = [
    path("token", TokenView.as_view(), name="token"),
]
