"""The routes of the site: the pages of the authorization endpoint, the token endpoint, and one API."""

from django.conf import settings
from django.contrib.auth.views import LoginView
from django.http import JsonResponse
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt
from oauth2_provider.oauth2_backends import JSONOAuthLibCore, OAuthLibCore
from oauth2_provider.views import (
    AuthorizationView,
    DeviceAuthorizationView,
    DeviceConfirmView,
    DeviceGrantStatusView,
    DeviceUserCodeView,
    IntrospectTokenView,
    OAuthServerMetadataView,
    RevokeTokenView,
    TokenView,
)
from oauth2_provider.views.generic import ProtectedResourceView


# Two siblings, not parent and child: the toolkit caches the backend in an attribute of the view, and a
# child would use its parent's.
class FormTokenView(TokenView):
    oauthlib_backend_class = OAuthLibCore


class JsonTokenView(TokenView):
    oauthlib_backend_class = JSONOAuthLibCore


class FormRevokeView(RevokeTokenView):
    oauthlib_backend_class = OAuthLibCore


class JsonRevokeView(RevokeTokenView):
    oauthlib_backend_class = JSONOAuthLibCore


class WhoAmI(ProtectedResourceView):
    """The API: returns the resource owner, or null if the client acts for itself."""

    def get(self, request):
        owner = request.resource_owner
        return JsonResponse({"user": owner.username if owner else None})


def by_port(form, json):
    """Returns one view for an endpoint; the port decides the encoding of its bodies."""
    views = {True: json.as_view(), False: form.as_view()}
    return csrf_exempt(lambda request: views[request.get_port() == settings.JSON_PORT](request))


oauth2 = [
    path("authorize/", AuthorizationView.as_view(), name="authorize"),
    path("token/", by_port(FormTokenView, JsonTokenView), name="token"),
    path("revoke/", by_port(FormRevokeView, JsonRevokeView), name="revoke-token"),
    # The toolkit reads forms here, on either port.
    path("introspect/", IntrospectTokenView.as_view(), name="introspect"),
    path("device-authorization/", DeviceAuthorizationView.as_view(), name="device-authorization"),
    path("device/", DeviceUserCodeView.as_view(), name="device"),
    path("device/<slug:client_id>/<slug:user_code>", DeviceConfirmView.as_view(), name="device-confirm"),
    path(
        "device/<slug:client_id>/<slug:user_code>/status",
        DeviceGrantStatusView.as_view(),
        name="device-grant-status",
    ),
]

urlpatterns = [
    path("o/", include((oauth2, "oauth2_provider"))),
    path("login/", LoginView.as_view()),
    path("whoami", WhoAmI.as_view()),
    path(".well-known/oauth-authorization-server", OAuthServerMetadataView.as_view()),
]
