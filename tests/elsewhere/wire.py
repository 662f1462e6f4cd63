"""Loopback servers that keep every request as it came over the wire: one that passes it on, one that repeats the key."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from tests.servers import Request

Reply = Callable[[Request], tuple[int, str, bytes]]
"""Status, content type and body of the answer to a request."""


@dataclass
class Wire:
    """What went over one line.

    Args:
        root: scheme, host and port, to ask there.
        requests: as they came in.
        replies: status and body that each was answered with.
    """

    root: str
    requests: list[Request] = field(default_factory=list)
    replies: list[tuple[int, bytes]] = field(default_factory=list)

    @property
    def base_url(self) -> str:
        """Where OpenAI's API is."""
        return f"{self.root}/v1"


def passed_on(upstream: str) -> Reply:
    """Ask the server at `upstream` in place of the client."""
    host = urlsplit(upstream).netloc

    def reply(request: Request) -> tuple[int, str, bytes]:
        line = http.client.HTTPConnection(host, timeout=30)
        try:
            line.request(request.method, request.path, request.raw, {**request.headers, "host": host})
            answer = line.getresponse()
            return answer.status, answer.headers["Content-Type"] or "", answer.read()
        finally:
            line.close()

    return reply


def repeating_the_key(status: int) -> Reply:
    """Refuse everything, and say in the error which key was sent, as careless servers do."""

    def reply(request: Request) -> tuple[int, str, bytes]:
        key = request.headers.get("authorization", "none")
        error = {"message": f"this key is not known here: {key}", "type": "error", "code": None}
        return status, "application/json", json.dumps({"error": error, "detail": key}).encode()

    return reply


@contextmanager
def wire(reply: Reply) -> Iterator[Wire]:
    """A server on a free port, which answers with `reply` and keeps what it was asked."""
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    httpd.daemon_threads = True
    line = Wire(f"http://127.0.0.1:{httpd.server_address[1]}")
    httpd.reply, httpd.line = reply, line  # type: ignore[attr-defined]
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield line
    finally:
        httpd.shutdown()
        httpd.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        reply: Reply = self.server.reply  # type: ignore[attr-defined]
        line: Wire = self.server.line  # type: ignore[attr-defined]
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, self.path, headers, self.rfile.read(int(headers.get("content-length", 0))))
        line.requests.append(request)
        status, mime, body = reply(request)
        line.replies.append((status, body))
        self.send_response(status)
        self.send_header("Content-Type", mime)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST

    def log_message(self, *args: object) -> None:
        """Say nothing: the requests are kept."""
