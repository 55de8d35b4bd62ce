#!/usr/bin/env python3
"""A server that wants a token, in the ways of git, cargo, pip, npm, docker, go, terraform and Kubernetes.

    python3 server.py FOLDER API

It listens on two free ports of 127.0.0.1: one without TLS, one with it (FOLDER/certificate.pem and key.pem).
It asks API, another server, whether a token is valid, by a POST. FOLDER/requests has a line for each request: method, path
and what was authorized. It serves repositories from FOLDER/repositories, and ends with its standard input.
"""

import base64
import hashlib
import http.server
import io
import json
import os
import pathlib
import ssl
import subprocess
import sys
import tarfile
import threading
import urllib.error
import urllib.request
import zipfile

FOLDER = pathlib.Path(sys.argv[1])
API = sys.argv[2]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def handle_any(self):
        self.body = self.read_body()
        self.path, _, self.query = self.path.partition("?")
        self.scheme, self.secret = authorized(self.headers.get("Authorization", ""))
        shown = f" {self.scheme} {self.secret}" if self.secret else ""
        note(f"{self.command} {self.path}{shown}")
        self.valid = bool(self.secret) and is_valid(self.secret)
        for prefix, answer in ROUTES.items():
            if self.path.startswith(prefix):
                return answer(self)
        return self.reply(404)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = handle_any

    def read_body(self):
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def has(self, *schemes):
        return self.valid and self.scheme in schemes

    def url(self):
        scheme = "https" if isinstance(self.connection, ssl.SSLSocket) else "http"
        return f"{scheme}://{self.headers['Host']}"

    def reply(self, status, body=b"", kind="application/json", headers=()):
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        self.send_response(status)
        for name, value in [("Content-Type", kind), ("Content-Length", len(body)), *headers]:
            self.send_header(name, str(value))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def refuse(self, *challenges, body=b"{}"):
        self.reply(401, body, headers=[("WWW-Authenticate", challenge) for challenge in challenges])

    def log_message(self, *words):
        pass


def authorized(value):
    """Returns the scheme in small letters and the secret: what follows it, or a Basic password with its user."""
    scheme, _, rest = value.partition(" ")
    if scheme.lower() == "basic":
        user, _, password = base64.b64decode(rest).decode().partition(":")
        return f"basic {user}", password
    return (scheme.lower(), rest) if rest else ("bare", scheme) if scheme else ("", "")


def is_valid(token):
    request = urllib.request.Request(API, b"{}", {"Authorization": f"Bearer {token}"})
    try:
        return DIRECT.open(request).status == 200
    except urllib.error.HTTPError:
        return False


def note(line):
    with LOCK, open(FOLDER / "requests", "a", encoding="utf-8") as file:
        file.write(f"{line}\n")


def git(handler):
    """/git/SCHEMES/REPOSITORY/…, where SCHEMES are those that it takes: bearer, basic or both."""
    _, _, schemes, rest = handler.path.split("/", 3)
    is_basic = handler.scheme.startswith("basic") and schemes != "bearer"
    if not (handler.valid and (is_basic or handler.scheme == "bearer" and schemes != "basic")):
        challenges = {"bearer": [BEARER], "basic": [BASIC], "both": [BEARER, BASIC]}
        return handler.refuse(*challenges[schemes])
    variables = {
        "GIT_PROJECT_ROOT": FOLDER / "repositories",
        "GIT_HTTP_EXPORT_ALL": "1",
        "PATH_INFO": f"/{rest}",
        "QUERY_STRING": handler.query,
        "REQUEST_METHOD": handler.command,
        "REMOTE_USER": "someone",
        "CONTENT_TYPE": handler.headers.get("Content-Type", ""),
        "CONTENT_LENGTH": len(handler.body),
        "HTTP_CONTENT_ENCODING": handler.headers.get("Content-Encoding", ""),
        "GIT_PROTOCOL": handler.headers.get("Git-Protocol", ""),
    }
    environment = os.environ | {name: str(value) for name, value in variables.items()}
    ran = subprocess.run(["git", "http-backend"], input=handler.body, env=environment, capture_output=True, check=True)
    head, _, body = ran.stdout.partition(b"\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.decode().splitlines())
    status = int(headers.pop("Status", "200")[:3])
    handler.reply(status, body, headers.pop("Content-Type", "text/plain"), headers.items())


def cargo(handler):
    if not handler.has("bearer", "bare"):
        return handler.refuse(f'Cargo login_url="{handler.url()}/me"')
    if handler.path == "/index/config.json":
        return handler.reply(200, {"dl": f"{handler.url()}/crates", "api": handler.url(), "auth-required": True})
    if handler.path == "/index/3/d/dep":
        checksum = hashlib.sha256(CRATE).hexdigest()
        entry = {"name": "dep", "vers": "0.1.0", "deps": [], "cksum": checksum, "features": {}, "yanked": False}
        return handler.reply(200, json.dumps(entry).encode() + b"\n")
    if handler.path.startswith("/crates/"):
        return handler.reply(200, CRATE)
    if handler.path.startswith("/api/v1/crates/"):
        return handler.reply(200, {"ok": True, "users": []})
    return handler.reply(404)


def python(handler):
    if not handler.valid:
        return handler.refuse(BASIC)
    if handler.path == "/simple/depx/":
        return handler.reply(200, f'<a href="/simple/{WHEEL_NAME}">{WHEEL_NAME}</a>'.encode(), "text/html")
    if handler.path == f"/simple/{WHEEL_NAME}":
        return handler.reply(200, WHEEL, "application/octet-stream")
    return handler.reply(404)


def npm(handler):
    if not handler.has("bearer"):
        return handler.refuse(BEARER)
    if handler.path.endswith(".tgz"):
        return handler.reply(200, PACKAGE, "application/octet-stream")
    archive = {"tarball": f"{handler.url()}/npm/depn/-/depn-1.0.0.tgz", "shasum": hashlib.sha1(PACKAGE).hexdigest()}
    version = {"name": "depn", "version": "1.0.0", "dist": archive}
    return handler.reply(200, {"name": "depn", "dist-tags": {"latest": "1.0.0"}, "versions": {"1.0.0": version}})


def registry(handler):
    """It takes a password; with TLS it takes a token, for which its realm trades the password."""
    if handler.path == "/v2-realm":
        if not handler.scheme.startswith("basic") or not handler.valid:
            return handler.refuse()
        return handler.reply(200, {"token": handler.secret})
    versions = ("Docker-Distribution-Api-Version", "registry/2.0")
    if handler.url().startswith("https:"):
        if not handler.has("bearer"):
            challenge = f'Bearer realm="{handler.url()}/v2-realm",service="registry",scope="repository:image:pull"'
            return handler.reply(401, headers=[versions, ("WWW-Authenticate", challenge)])
    elif not handler.valid:
        return handler.reply(401, headers=[versions, ("WWW-Authenticate", BASIC)])
    if "/manifests/" in handler.path:
        return handler.reply(200, MANIFEST, MANIFEST_KIND, [("Docker-Content-Digest", digest(MANIFEST))])
    if handler.path.endswith(digest(IMAGE)):
        return handler.reply(200, IMAGE, "application/octet-stream")
    return handler.reply(200, {}, headers=[versions])


def go(handler):
    if not handler.has("bearer"):
        return handler.refuse("Bearer")
    name = handler.path.rsplit("/", 1)[1]
    answers = {
        "list": b"v1.0.0\n",
        "v1.0.0.info": b'{"Version":"v1.0.0","Time":"2024-01-01T00:00:00Z"}',
        "v1.0.0.mod": b"module example.test/depg\n",
        "v1.0.0.zip": MODULE,
    }
    return handler.reply(200, answers[name]) if name in answers else handler.reply(404)


def terraform(handler):
    if not handler.has("bearer"):
        return handler.refuse("Bearer")
    if handler.path.endswith("/versions"):
        return handler.reply(200, {"modules": [{"versions": [{"version": "1.0.0"}]}]})
    return handler.reply(204, headers=[("X-Terraform-Get", f"{handler.url()}/module.zip")])


def api(handler):
    """Kubernetes, and every API that wants Bearer."""
    if not handler.has("bearer"):
        status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Unauthorized", "code": 401}
        return handler.refuse("Bearer", body=status)
    return handler.reply(200, {"kind": "Thing", "apiVersion": "v1"})


def tar(files):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    return file.getvalue()


def zipped(files):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return file.getvalue()


def digest(content):
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        # A client that closes its connection early is not a fault.
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


ROUTES = {
    "/git/": git,
    "/index/": cargo,
    "/crates/": cargo,
    "/api/v1/crates/": cargo,
    "/simple/": python,
    "/npm/": npm,
    "/v2": registry,
    "/go/": go,
    "/terraform/": terraform,
    "/module.zip": lambda handler: handler.reply(200, zipped({"main.tf": ""}), "application/zip"),
    "/api": api,
}
BASIC = 'Basic realm="here"'
BEARER = 'Bearer realm="here", error="invalid_token"'
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
LOCK = threading.Lock()

CRATE = tar({
    "dep-0.1.0/Cargo.toml": '[package]\nname = "dep"\nversion = "0.1.0"\nedition = "2021"\n',
    "dep-0.1.0/src/lib.rs": "",
})
PACKAGE = tar({"package/package.json": '{"name":"depn","version":"1.0.0"}'})
WHEEL_NAME = "depx-0.1.0-py3-none-any.whl"
WHEEL = zipped({
    "depx.py": "",
    "depx-0.1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: depx\nVersion: 0.1.0\n",
    "depx-0.1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    "depx-0.1.0.dist-info/RECORD": "".join(f"{name},,\n" for name in (
        "depx.py", *(f"depx-0.1.0.dist-info/{part}" for part in ("METADATA", "WHEEL", "RECORD")))),
})
MODULE = zipped({
    "example.test/depg@v1.0.0/go.mod": "module example.test/depg\n",
    "example.test/depg@v1.0.0/depg.go": "package depg\n",
})
IMAGE = json.dumps({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": []}}).encode()
MANIFEST_KIND = "application/vnd.docker.distribution.manifest.v2+json"
MANIFEST = json.dumps({
    "schemaVersion": 2,
    "mediaType": MANIFEST_KIND,
    "config": {
        "mediaType": "application/vnd.docker.container.image.v1+json",
        "size": len(IMAGE),
        "digest": digest(IMAGE),
    },
    "layers": [],
}).encode()


def main():
    plain, secure = (Server(("127.0.0.1", 0), Handler) for _ in range(2))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(FOLDER / "certificate.pem", FOLDER / "key.pem")
    # The handshake is the thread's of the connection: a client that refuses the certificate holds up no other.
    secure.socket = context.wrap_socket(secure.socket, server_side=True, do_handshake_on_connect=False)
    for server in plain, secure:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"{plain.server_port} {secure.server_port}", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
