"""Users and clients: one client for each grant."""

from django.contrib.auth.models import User
from django.core.management import call_command
from oauth2_provider.models import Application

REDIRECT_URI = "http://127.0.0.1:9/callback"

USERS = {
    "alice": "alice's password",
    # Every character that a form or a JSON string has to escape.
    "bob@example.com": 'p&=+% "\\/ü\u20ac',
}

# (client id, client secret, grant); a client without a secret is a public one.
CLIENTS = [
    ("password", "password-secret", Application.GRANT_PASSWORD),
    ("password-public", "", Application.GRANT_PASSWORD),
    ("service", "service-secret", Application.GRANT_CLIENT_CREDENTIALS),
    # Base64, and the characters of generated passwords.
    ("odd-service", "b2Rk/c2VjcmV0~:&$!*==", Application.GRANT_CLIENT_CREDENTIALS),
    # RFC 6749 §2.3.1: both are form-encoded before HTTP Basic joins them with a colon.
    ("service:odd 100%", "s:e+c r/e=t&%~", Application.GRANT_CLIENT_CREDENTIALS),
    ("web", "web-secret", Application.GRANT_AUTHORIZATION_CODE),
    ("app", "", Application.GRANT_AUTHORIZATION_CODE),
    ("page", "", Application.GRANT_IMPLICIT),
    ("tv", "", Application.GRANT_DEVICE_CODE),
]


def create():
    call_command("migrate", run_syncdb=True, verbosity=0)
    for name, password in USERS.items():
        User.objects.create_user(name, password=password)
    for client_id, secret, grant in CLIENTS:
        Application.objects.create(
            name=client_id,
            client_id=client_id,
            client_secret=secret,
            client_type=Application.CLIENT_CONFIDENTIAL if secret else Application.CLIENT_PUBLIC,
            authorization_grant_type=grant,
            redirect_uris=REDIRECT_URI,
        )
