"""What the site answers: the pages of the authorization endpoint, the token endpoint, and one API."""

from django.conf import settings
from django.contrib.auth.views import LoginView
from django.http import JsonResponse
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt
from oauth2_provider.oauth2_backends import JSONOAuthLibCore, OAuthLibCore
from oauth2_provider.views import AuthorizationView, RevokeTokenView, TokenView
from oauth2_provider.views.generic import ProtectedResourceView


# Two siblings and not one child: the toolkit keeps the backend in an attribute of the view, and a
# child would find that of its parent.
class FormTokenView(TokenView):
    oauthlib_backend_class = OAuthLibCore


class JsonTokenView(TokenView):
    oauthlib_backend_class = JSONOAuthLibCore


class WhoAmI(ProtectedResourceView):
    """The API: who the resource owner is, or nobody if the client acts for itself."""

    def get(self, request):
        owner = request.resource_owner
        return JsonResponse({"user": owner.username if owner else None})


form_token, json_token = FormTokenView.as_view(), JsonTokenView.as_view()


@csrf_exempt
def token(request):
    """One endpoint; the port decides how its bodies are read."""
    view = json_token if request.get_port() == settings.JSON_PORT else form_token
    return view(request)


oauth2 = [
    path("authorize/", AuthorizationView.as_view(), name="authorize"),
    path("token/", token, name="token"),
    path("revoke/", RevokeTokenView.as_view(), name="revoke-token"),
]

urlpatterns = [
    path("o/", include((oauth2, "oauth2_provider"))),
    path("login/", LoginView.as_view()),
    path("whoami", WhoAmI.as_view()),
]
