"""Real HTTP servers on loopback: an OpenAI-compatible chat server that follows a script, and a LangSmith collector."""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar

from langchain_core.messages import HumanMessage
from langsmith import Client, tracing_context

from overpaint.shapes.chat import answer
from overpaint.shapes.wire import last_request

USAGE = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}


@dataclass(frozen=True)
class Say:
    """One scripted reply. `text` is the assistant's answer; `body` replaces the whole HTTP body when it is given."""

    text: str | None = ""
    status: int = 200
    body: str | None = None
    delay: float = 0.0
    finish: str = "stop"
    refusal: str | None = None
    tool_calls: tuple[dict[str, Any], ...] = ()
    usage: Mapping[str, Any] | None = field(default_factory=USAGE.copy)
    odds: Mapping[str, float] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def logprobs(self) -> dict[str, Any]:
        """`odds`, token to probability of the first one, as OpenAI gives them."""
        top = [{"token": token, "logprob": math.log(p)} for token, p in (self.odds or {}).items()]
        return {"content": [{"token": self.text, "logprob": -0.1, "top_logprobs": top}]}


@dataclass(frozen=True)
class Request:
    """One request as it came over the wire."""

    method: str
    path: str
    headers: dict[str, str]
    raw: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.raw)


@dataclass
class ChatServer:
    """What a chat server will say, in order (the last line is repeated), and what it was asked.

    `think` answers every request that the script has no line for; `headers` go with the last reply.
    """

    url: str
    script: list[Say] = field(default_factory=list)
    think: Callable[[Request], str | Say] | None = None
    requests: list[Request] = field(default_factory=list)
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def asked(self) -> list[Request]:
        """The chat completions asked for, without listings of models."""
        return [r for r in self.requests if r.path.endswith("/chat/completions")]

    def reply(self, request: Request) -> tuple[int, str, bytes]:
        """Status, content type and body of the answer to `request`."""
        if request.path.endswith("/models"):
            return 200, "application/json", json.dumps({"object": "list", "data": []}).encode()
        line = self._next(request)
        self.headers = line.headers
        time.sleep(line.delay)
        if line.body is not None:
            return line.status, "application/json", line.body.encode()
        if line.status != 200:
            error = {"message": line.text, "type": "error", "code": None}
            return line.status, "application/json", json.dumps({"error": error}).encode()
        if request.json.get("stream"):
            return 200, "text/event-stream", _streamed(line)
        return 200, "application/json", json.dumps(_completion(line)).encode()

    def _next(self, request: Request) -> Say:
        if self.think is not None and not self.script:
            thought = self.think(request)
            return thought if isinstance(thought, Say) else Say(thought)
        return self.script.pop(0) if len(self.script) > 1 or self.think else self.script[0]


def measured(request: Request) -> str:
    """An answer to a chat completion request by the built-in model, which sees only what came over the wire."""
    asked = request.json
    messages = [HumanMessage(m["content"]) for m in asked["messages"] if m["role"] == "user"]
    return answer(last_request(messages), asked["response_format"]["json_schema"]["schema"])


def _completion(line: Say) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": line.text}
    if line.refusal is not None:
        message["refusal"] = line.refusal
    if line.tool_calls:
        message["tool_calls"] = list(line.tool_calls)
    choice = {"index": 0, "message": message, "finish_reason": line.finish}
    if line.odds is not None:
        choice["logprobs"] = line.logprobs
    head = {"id": "c1", "object": "chat.completion", "created": 1, "model": "m"}
    return {**head, "choices": [choice], "usage": line.usage}


def _streamed(line: Say) -> bytes:
    words = (line.text or "").split(" ")
    deltas: list[dict[str, Any]] = [{"content": w if i == 0 else f" {w}"} for i, w in enumerate(words)]
    head = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    chunks = [{**head, "choices": [{"index": 0, "delta": d, "finish_reason": None}]} for d in deltas]
    chunks.append({**head, "choices": [{"index": 0, "delta": {}, "finish_reason": line.finish}]})
    chunks.append({**head, "choices": [], "usage": USAGE})
    return b"".join(f"data: {json.dumps(c)}\n\n".encode() for c in chunks) + b"data: [DONE]\n\n"


@dataclass
class Collector:
    """A LangSmith server that keeps every byte it is sent."""

    url: str
    requests: list[Request] = field(default_factory=list)

    @property
    def bodies(self) -> list[bytes]:
        """What was traced; nothing is compressed, as /info says so."""
        assert all("zstd" not in r.headers.get("content-encoding", "") for r in self.requests)
        return [r.raw for r in self.requests if r.method != "GET"]

    def reply(self, request: Request) -> tuple[int, str, bytes]:
        """Status, content type and body of the answer to `request`."""
        limits = {"use_multipart_endpoint": True, "size_limit": 100, "size_limit_bytes": 20_000_000}
        limits |= {"scale_up_qsize_trigger": 1000, "scale_up_nthreads_limit": 4, "scale_down_nempty_trigger": 4}
        info = {"version": "0.12.0", "instance_flags": {"zstd_compression_enabled": False}}
        return 200, "application/json", json.dumps({**info, "batch_ingest_config": limits}).encode()


_Server = TypeVar("_Server", ChatServer, Collector)


@contextmanager
def chat_server(*script: Say) -> Iterator[ChatServer]:
    """An OpenAI-compatible server that says `script`; its url ends in /v1."""
    with _serving(ChatServer, "/v1") as server:
        server.script = list(script)
        yield server


@contextmanager
def collector() -> Iterator[Collector]:
    """A LangSmith server."""
    with _serving(Collector, "") as server:
        yield server


@contextmanager
def traced(server: Collector) -> Iterator[None]:
    """LangSmith tracing to a collector; when the block ends, all of it has been sent."""
    client = Client(api_url=server.url, api_key="lsv2-of-this-test")
    try:
        with tracing_context(enabled=True, client=client):
            yield
        client.flush(timeout=10)
    finally:
        client.cleanup(timeout=10)


@contextmanager
def _serving(kind: type[_Server], prefix: str) -> Iterator[_Server]:
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    httpd.daemon_threads = True
    server = kind(url=f"http://127.0.0.1:{httpd.server_address[1]}{prefix}")
    httpd.app = server  # type: ignore[attr-defined]
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        httpd.shutdown()
        httpd.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        app: ChatServer | Collector = self.server.app  # type: ignore[attr-defined]
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, self.path, headers, self._body(headers))
        app.requests.append(request)
        status, mime, body = app.reply(request)
        try:
            self.send_response(status)
            self.send_header("Content-Type", mime)
            self.send_header("Content-Length", str(len(body)))
            for name, value in getattr(app, "headers", {}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # the client gave up waiting

    do_GET = do_PATCH = do_POST

    def _body(self, headers: dict[str, str]) -> bytes:
        if headers.get("transfer-encoding") != "chunked":
            return self.rfile.read(int(headers.get("content-length", 0)))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def log_message(self, *args: object) -> None:
        """Say nothing: the requests are kept."""
