"""The shape of the tokens."""

import base64
import secrets


def generate(_request, refresh_token=False):
    """A token with every character of RFC 6750 that a URL or a form has to escape: `+`, `/`, `=`."""
    return "+/" + base64.b64encode(secrets.token_bytes(31)).decode()
