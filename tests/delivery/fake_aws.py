"""AWS on a port of this machine: scripts of another process talk to it as to the real one.

``AWS_ENDPOINT_URL`` leads them here, so botocore itself signs, retries, checks and parses.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

Answer = Callable[[dict[str, Any]], Any]


class RefusalError(Exception):
    """An error of AWS, with its code and HTTP status."""

    def __init__(self, code: str, status: int = 400) -> None:
        super().__init__(code)
        self.code, self.status = code, status


@dataclass
class FakeAws:
    """Answer operations by their name; every call is counted and kept."""

    answers: dict[str, Answer] = field(default_factory=dict)
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    objects: dict[str, bytes] = field(default_factory=dict)
    invoke: Callable[[bytes, str], bytes] = lambda _body, _form: b""
    throttled: Counter[str] = field(default_factory=Counter)
    """How often an operation is still to be throttled."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, operation: str) -> int:
        """Return how often an operation was called."""
        return sum(name == operation for name, _ in self.calls)

    def given(self, operation: str) -> dict[str, Any]:
        """Return what the last call of an operation was given."""
        return next(given for name, given in reversed(self.calls) if name == operation)

    def answer(self, operation: str, given: dict[str, Any]) -> Any:
        """Answer one call."""
        with self.lock:
            self.calls.append((operation, given))
            if self.throttled[operation] > 0:
                self.throttled[operation] -= 1
                raise RefusalError("ThrottlingException")
        if operation not in self.answers:
            raise RefusalError("AccessDeniedException")
        return self.answers[operation](given)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def log_message(self, *_: Any) -> None:
        """Keep the log of the tests empty."""

    def do_GET(self) -> None:
        body = self.server.aws.objects.get(self.path.split("?")[0].lstrip("/"))
        self._send(404 if body is None else 200, body or b"<Error><Code>NoSuchKey</Code></Error>")

    def do_PUT(self) -> None:
        body = self._body()
        self.server.aws.objects[self.path.split("?")[0].lstrip("/")] = body
        self._send(200, b"")

    def do_POST(self) -> None:
        body = self._body()
        try:
            if self.path.startswith("/endpoints/"):
                form = self.headers["Content-Type"]
                given = {"path": self.path, **dict(self.headers)}
                with self.server.aws.lock:
                    self.server.aws.calls.append(("InvokeEndpoint", given))
                self._send(200, self.server.aws.invoke(body, form), form)
            elif target := self.headers.get("X-Amz-Target"):
                name = target.rpartition(".")[2]
                answer = self.server.aws.answer(name, json.loads(body))
                self._send(200, json.dumps(answer).encode(), "application/x-amz-json-1.1")
            else:  # STS
                query = {name: values[0] for name, values in parse_qs(body.decode()).items()}
                self._send(200, self.server.aws.answer(query["Action"], query).encode())
        except RefusalError as refusal:
            error = {"__type": refusal.code, "message": f"refused: {refusal.code}"}
            self._send(refusal.status, json.dumps(error).encode(), "application/x-amz-json-1.1")

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") == "chunked":
            parts = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            while self.rfile.readline().strip():
                pass
            return b"".join(parts)
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _send(self, status: int, body: bytes, media_type: str = "text/xml") -> None:
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    aws: FakeAws


def start(aws: FakeAws) -> _Server:
    """Serve ``aws`` until the server is shut down."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.aws = aws
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    return server


def assumed_role(_: dict[str, Any]) -> str:
    """Answer AssumeRole."""
    return (
        '<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>'
        "<Credentials><AccessKeyId>ASIATAKEN</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"
        "<SessionToken>t</SessionToken><Expiration>2100-01-01T00:00:00Z</Expiration></Credentials>"
        "</AssumeRoleResult></AssumeRoleResponse>"
    )
