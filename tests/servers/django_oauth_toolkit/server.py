"""django-oauth-toolkit on two ports of 127.0.0.1: one reads forms, the other JSON.

    python server.py [FORM_PORT [JSON_PORT]]

Without a port the system picks a free one. The line that starts with READY has the URLs.
The server ends when its standard input closes, so it never outlives the test that started it; its
data is in a temporary folder that is deleted with it.
"""

import logging
import os
import sys
import tempfile
import threading
import warnings
from socketserver import TCPServer, ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

# Leave no files behind, not even caches beside the sources.
sys.dont_write_bytecode = True


class Server(ThreadingMixIn, WSGIServer):
    """One port."""

    daemon_threads = True
    request_queue_size = 128

    def server_bind(self):
        """Binds as the standard library does, but without a DNS lookup of the host name."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address
        self.setup_environ()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"


class Quiet(WSGIRequestHandler):
    """Logs nothing: a request line can hold a code, a token or a password."""

    def log_message(self, *_):
        pass


def main():
    form_port, json_port = ([int(port) for port in sys.argv[1:]] + [0, 0])[:2]
    form, json = (Server(("127.0.0.1", port), Quiet) for port in (form_port, json_port))
    with tempfile.TemporaryDirectory(prefix="django-oauth-toolkit-") as folder:
        application = make_site(folder, form.server_port, json.server_port)
        for server in (form, json):
            server.set_app(application)
            threading.Thread(target=server.serve_forever, daemon=True).start()
        print(f"READY form={form.url} json={json.url}", flush=True)
        sys.stdin.read()


def make_site(folder, form_port, json_port):
    # Both warn with every password and implicit grant, which are tested here.
    warnings.simplefilter("ignore", DeprecationWarning)
    logging.getLogger("oauth2_provider").setLevel(logging.ERROR)

    os.environ.update(DJANGO_SETTINGS_MODULE="settings", SITE_FOLDER=folder)
    os.environ.update(FORM_PORT=str(form_port), JSON_PORT=str(json_port))
    from django.core.wsgi import get_wsgi_application

    application = get_wsgi_application()
    import accounts

    accounts.create()
    return application


if __name__ == "__main__":
    main()
