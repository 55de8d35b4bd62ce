"""Authlib: `OAuth2Session` over `requests` with `token_endpoint`, which renews from 60 seconds before expiry.

A call is `ensure_active_token`, which the session makes for each request. A token request is `fetch_token`.
"""

import os

from authlib.integrations.requests_client import OAuth2Session


class Client:
    def __init__(self):
        self.session = OAuth2Session(
            "demo",
            "a-secret-of-some-length",
            scope="orders.read",
            token_endpoint=os.environ["PEERS_URL"],
            grant_type="client_credentials",
        )

    def token(self):
        if self.session.token is None:
            self.renew()
        elif not self.session.ensure_active_token(self.session.token):
            raise RuntimeError("no active token")
        return len(self.session.token["access_token"])

    def renew(self):
        self.session.fetch_token()
