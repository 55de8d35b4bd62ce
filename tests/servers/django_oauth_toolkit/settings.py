"""The Django project: as small as the toolkit allows, and as strict as it can be set."""

import os
import pathlib
import secrets

import tokens

ALLOWED_HOSTS = ["127.0.0.1"]
DEBUG = False
FORM_PORT = os.environ["FORM_PORT"]
JSON_PORT = os.environ["JSON_PORT"]
LOGIN_URL = "/login/"
ROOT_URLCONF = "urls"
SECRET_KEY = secrets.token_urlsafe()
USE_TZ = True

# A toy hash: the default takes longer than everything else that the tests do.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "oauth2_provider",
]
STATIC_URL = "static/"
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "DIRS": [pathlib.Path(__file__).parent / "templates"],
        "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
    }
]

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": pathlib.Path(os.environ["SITE_FOLDER"]) / "site.sqlite3",
        "OPTIONS": {
            "init_command": "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF",
            # Writers queue; by default two readers may start, and the second one to write fails.
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
        },
    }
}

# A refusal is a normal response; only a failure of the site itself is logged.
LOGGING = {
    "version": 1,
    "handlers": {"stderr": {"class": "logging.StreamHandler"}},
    "loggers": {"django.request": {"handlers": ["stderr"], "level": "ERROR"}},
}

# Tables straight from the models: there is no older database to migrate.
MIGRATION_MODULES = dict.fromkeys(["auth", "contenttypes", "sessions", "oauth2_provider"])

OAUTH2_PROVIDER = {
    "SCOPES": {"read": "Read everything", "write": "Change everything"},
    "DEFAULT_SCOPES": ["read"],
    "ACCESS_TOKEN_EXPIRE_SECONDS": 3600,
    "ACCESS_TOKEN_GENERATOR": tokens.generate,
    "REFRESH_TOKEN_GENERATOR": tokens.generate,
    # A refresh token works once; reuse ends its login.
    "ROTATE_REFRESH_TOKEN": True,
    "REFRESH_TOKEN_REUSE_PROTECTION": True,
    "PKCE_REQUIRED": True,
    "ALLOWED_SCHEMES": ["http"],
    "OAUTH_DEVICE_VERIFICATION_URI": f"http://127.0.0.1:{FORM_PORT}/o/device/",
    # RFC 9207: the redirect names its issuer.
    "COMPLIANT_BCP_RFC9700_AUTHZ_RESPONSE_ISS": True,
}
