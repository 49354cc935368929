from django.urls import path

from apps.users.views import CurrentTokenView, TokensView

urlpatterns = [
    path("tokens", TokensView.as_view()),
    path("tokens/current", CurrentTokenView.as_view()),
]
