"""google-auth: `google.oauth2.credentials.Credentials` with a refresh token, over `requests`.

A call is `before_request`, as the authorized session makes for each request; it renews from 225 seconds before expiry.
Clients share one session of `requests`. No lock: each caller that finds the token expired renews it.
"""

import os

import google.auth.transport.requests
from google.oauth2.credentials import Credentials

transport = google.auth.transport.requests.Request()


class Client:
    def __init__(self):
        url = os.environ["PEERS_URL"]
        secret = "a-secret-of-some-length"
        self.credentials = Credentials(
            None, refresh_token="a-refresh-token", token_uri=url, client_id="demo", client_secret=secret
        )

    def token(self):
        headers = {}
        self.credentials.before_request(transport, "GET", "https://api.example.com/orders", headers)
        return len(headers["authorization"])

    def renew(self):
        self.credentials.refresh(transport)
