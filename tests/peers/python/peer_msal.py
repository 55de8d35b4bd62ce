"""msal: `ConfidentialClientApplication.acquire_token_for_client`, which is to be called for each request.

It renews from 5 minutes before expiry. A token request is the first of a new client. It accepts authorities with
`https` alone, so its HTTP client here replaces the URL by that of the loopback server; metadata is answered without a
request. Processes share a `PersistedTokenCache` of msal-extensions over a plain file.
"""

import json
import os

import msal
import msal_extensions
import requests

AUTHORITY = "https://login.example.com/tenant"


class Answer:
    """What msal reads of a response."""

    def __init__(self, status, text):
        self.status_code, self.text, self.headers = status, text, {}

    def raise_for_status(self):
        if self.status_code >= 400:
            raise RuntimeError(self.status_code)


class Loopback:
    def __init__(self):
        self.session = requests.Session()

    def post(self, url, params=None, data=None, headers=None, **kwargs):
        response = self.session.post(os.environ["PEERS_URL"], params=params, data=data, headers=headers)
        return Answer(response.status_code, response.text)

    def get(self, url, params=None, headers=None, **kwargs):
        names = {"authorization_endpoint": "authorize", "token_endpoint": "token", "issuer": ""}
        return Answer(200, json.dumps({name: f"{AUTHORITY}/{path}".rstrip("/") for name, path in names.items()}))

    def close(self):
        self.session.close()


http = Loopback()


class Client:
    def __init__(self):
        cache, folder = None, os.environ.get("PEERS_FOLDER")
        if folder:
            os.makedirs(folder, exist_ok=True)
            file = os.path.join(folder, "tokens.json")
            cache = msal_extensions.PersistedTokenCache(msal_extensions.FilePersistence(file))
        self.application = msal.ConfidentialClientApplication(
            "demo",
            client_credential="a-secret-of-some-length",
            oidc_authority=AUTHORITY,
            http_client=http,
            token_cache=cache,
        )

    def token(self):
        result = self.application.acquire_token_for_client(scopes=["orders.read"])
        if "access_token" not in result:
            raise RuntimeError(result.get("error"))
        return len(result["access_token"])

    def renew(self):
        Client().token()
