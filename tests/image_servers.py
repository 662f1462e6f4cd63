"""Real image servers on loopback: OpenAI's images API and fal's queue, which count what was paid, and misbehave.

    with openai_images(idempotent=True) as server:
        os.environ["OPENAI_BASE_URL"] = server.url      # any process may use it
        ...
        assert [paid.prompt for paid in server.paid] == ["a red circle"]

A picture is a function of prompt and seed alone. `server.troubles` holds what goes wrong, in order, each once.
`server.hooks["accepted"] = stop` calls `stop(request)` in the server's thread at a moment: `asked` (before the work is
accepted), `accepted` (paid for, not answered yet), `status` (a job is asked for), `streaming` (another event of a stream
follows), `downloading` (half of a picture has left). A hook may wait, kill a process, or raise `Reset` to cut the line.
"""

from __future__ import annotations

import base64
import hashlib
import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import Any, Literal

from PIL import Image

from tests.servers import Request

Picture = Callable[[str, int | None], bytes]
Moment = Literal["asked", "accepted", "status", "streaming", "downloading"]
Place = Literal["paint", "status", "result", "picture"]


class Reset(Exception):
    """Cut the line, as a crashed server does."""


@dataclass(frozen=True)
class Trouble:
    """One thing that goes wrong.

    Args:
        at: with which kind of request.
        status, headers, body: answered in place of the right answer; a body given as a dict is sent as JSON.
        paid: True when the work is accepted all the same.
        cut: the line is cut: "unread" before the request's body was read, "read" after it (and after it was paid).
        endless: the body never ends: one byte now and then.
        slow: seconds to wait before anything is answered.
    """

    at: Place
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | dict[str, Any] = b"{}"
    paid: bool = False
    cut: Literal["", "unread", "read"] = ""
    endless: bool = False
    slow: float = 0.0


@dataclass
class Paid:
    """One piece of accepted work: what a provider would bill."""

    prompt: str
    seed: int | None
    key: str | None
    headers: dict[str, str]
    asked: dict[str, Any]
    job: str
    since: float


@dataclass(frozen=True)
class Raw:
    """An answer that is no JSON, with its headers."""

    data: bytes
    headers: dict[str, str]


def blocks(prompt: str, seed: int | None = None) -> bytes:
    """A PNG of 8x8 coloured blocks, 64 pixels wide and high, that no other prompt or seed gives."""
    digest = b"".join(hashlib.sha256(f"{prompt}|{seed}|{row}".encode()).digest()[:24] for row in range(8))
    return encoded(Image.frombytes("RGB", (8, 8), digest).resize((64, 64), Image.Resampling.NEAREST))


def encoded(image: Image.Image) -> bytes:
    """A picture as PNG."""
    buffer = BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def fields(request: Request) -> dict[str, Any]:
    """What a request asks for: its JSON, or its form, with texts as str and files as bytes."""
    kind = request.headers.get("content-type", "")
    if not kind.startswith("multipart/form-data"):
        return dict(request.json)
    form = BytesParser().parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + request.raw)
    return dict(map(_field, form.get_payload()))


def _field(part: Message) -> tuple[str, Any]:
    name = str(part.get_param("name", header="content-disposition"))
    data = part.get_payload(decode=True)
    assert isinstance(data, bytes)
    return name, data if part.get_filename() else data.decode()


@dataclass
class ImageServer:
    """What both kinds share.

    Args:
        url: to set as the provider's base URL.
        picture: makes the PNG of a prompt and a seed.
        idempotent: the header Idempotency-Key is honoured: one key is paid once, and always given the same answer.
        delay: seconds a picture takes.
        answer_with: how a picture is handed over: "b64_json" (OpenAI alone), "url" or "data" (a data: URI).
        paid, delivered, requests: what was accepted; sha256 of each picture that was handed to the line, whether or not
            the client lived to read it; all requests.
    """

    url: str = ""
    picture: Picture = blocks
    idempotent: bool = False
    delay: float = 0.0
    answer_with: Literal["b64_json", "url", "data"] = "url"
    troubles: list[Trouble] = field(default_factory=list)
    hooks: dict[Moment, Callable[[Request], None]] = field(default_factory=dict)
    paid: list[Paid] = field(default_factory=list)
    delivered: list[str] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def place(self, request: Request) -> Place | None:
        """What kind of request it is; None for one the protocol does not know."""
        raise NotImplementedError

    def reply(self, place: Place, request: Request) -> tuple[int, Any]:
        """Status and body of the right answer: JSON, or Raw; a list is a stream of events."""
        raise NotImplementedError

    def accept(self, request: Request) -> Paid:
        """Take the work on and bill it, or find the work that this key has paid for."""
        asked, key = fields(request), request.headers.get("idempotency-key")
        with self.lock:
            earlier = [paid for paid in self.paid if paid.key == key and key is not None]
            if self.idempotent and earlier:
                return earlier[0]
            job = f"{len(self.paid):04d}-{hashlib.sha256(request.raw).hexdigest()[:12]}"
            seed = None if asked.get("seed") is None else int(asked["seed"])
            work = Paid(asked["prompt"], seed, key, request.headers, asked, job, time.monotonic())
            self.paid.append(work)
        return work

    def at(self, moment: Moment, request: Request) -> None:
        """Call what a test has hooked in here."""
        hook = self.hooks.get(moment)
        if hook is not None:
            hook(request)

    def job(self, name: str) -> Paid | None:
        """The work with this id."""
        with self.lock:
            return next((paid for paid in self.paid if paid.job == name), None)

    def bytes_of(self, work: Paid) -> bytes:
        """The work's picture."""
        return self.picture(work.prompt, work.seed)

    def address(self, work: Paid) -> str:
        """Where the work's picture lies, or the picture itself as an address."""
        if self.answer_with == "data":
            return f"data:image/png;base64,{base64.b64encode(self.bytes_of(work)).decode()}"
        return f"{self.root}/pictures/{work.job}.png"

    @property
    def root(self) -> str:
        """Scheme, host and port."""
        return "/".join(self.url.split("/")[:3])

    def trouble(self, place: Place) -> Trouble | None:
        """What goes wrong with this request; taken from the list."""
        with self.lock:
            found = next((each for each in self.troubles if each.at == place), None)
            if found is not None:
                self.troubles.remove(found)
            return found


@dataclass
class OpenAIImages(ImageServer):
    """POST /v1/images/generations and /v1/images/edits, answered when the picture is done.

    Args:
        streams: a request for a stream is answered with one; False answers in one piece all the same.
        usage: the tokens it says it counted.
    """

    answer_with: Literal["b64_json", "url", "data"] = "b64_json"
    streams: bool = True
    usage: dict[str, Any] = field(
        default_factory=lambda: {
            "input_tokens": 9,
            "input_tokens_details": {"text_tokens": 9, "image_tokens": 0},
            "output_tokens": 40,
            "total_tokens": 49,
        }
    )

    def place(self, request: Request) -> Place | None:
        if request.method == "POST":
            return "paint" if request.path in ("/v1/images/generations", "/v1/images/edits") else None
        return "picture" if request.path.startswith("/pictures/") else None

    def reply(self, place: Place, request: Request) -> tuple[int, Any]:
        work = self.accept(request)
        self.at("accepted", request)
        time.sleep(max(0.0, work.since + self.delay - time.monotonic()))
        picture = self.bytes_of(work)
        if self.answer_with != "b64_json":
            image = {"url": self.address(work)}
        else:
            image = {"b64_json": base64.b64encode(picture).decode()}
            with self.lock:
                self.delivered.append(hashlib.sha256(picture).hexdigest())
        if self.streams and work.asked.get("stream") in (True, "true"):
            return 200, self.events(work, image)
        return 200, {"created": 1, "data": [image], "usage": self.usage}

    def events(self, work: Paid, image: dict[str, str]) -> list[dict[str, Any]]:
        """A stream: the pictures on their way that were asked for, and the last one (types/image_gen_stream_event.py)."""
        kind = "image_edit" if "image" in work.asked else "image_generation"
        partial = range(int(work.asked.get("partial_images", 0)))
        way = [{"type": f"{kind}.partial_image", "partial_image_index": each, **image} for each in partial]
        return [*way, {"type": f"{kind}.completed", "usage": self.usage, **image}]


@dataclass
class FalQueue(ImageServer):
    """POST /owner/app…; GET /owner/app/requests/ID/status; GET /owner/app/requests/ID."""

    def place(self, request: Request) -> Place | None:
        if request.method == "POST":
            return "paint"
        if request.path.startswith("/pictures/"):
            return "picture"
        parts = request.path.strip("/").split("/")
        if len(parts) < 4 or parts[2] != "requests":
            return None  # the app's whole name does not lead to its jobs
        return "status" if parts[4:] == ["status"] else "result"

    def reply(self, place: Place, request: Request) -> tuple[int, Any]:
        if place == "paint":
            work = self.accept(request)
            self.at("accepted", request)
            job = f"{self.root}/elsewhere/{work.job}"  # to be believed by nobody
            return 200, {
                "request_id": work.job,
                "status_url": f"{job}/status",
                "response_url": job,
                "status": "IN_QUEUE",
            }
        found = self.job(request.path.split("/")[4])
        if found is None:
            return 404, {"detail": "Request not found"}
        self.at("status", request)
        if time.monotonic() < found.since + self.delay:
            return 202, {"status": "IN_QUEUE", "queue_position": 0}
        if place == "status":
            return 200, {"status": "COMPLETED", "metrics": {"inference_time": self.delay}}
        image = {"url": self.address(found), "content_type": "image/png", "width": 64, "height": 64}
        return 200, {"images": [image], "seed": found.seed, "has_nsfw_concepts": [False], "prompt": found.prompt}


@contextmanager
def openai_images(**options: Any) -> Iterator[OpenAIImages]:
    """Serve OpenAI's images API; `options` are those of ImageServer."""
    with serving(OpenAIImages(**options), "/v1") as server:
        assert isinstance(server, OpenAIImages)
        yield server


@contextmanager
def fal_queue(**options: Any) -> Iterator[FalQueue]:
    """Serve fal's queue; `options` are those of ImageServer."""
    with serving(FalQueue(**options), "") as server:
        assert isinstance(server, FalQueue)
        yield server


@contextmanager
def serving(server: ImageServer, prefix: str = "") -> Iterator[ImageServer]:
    """Serve on a port of loopback that is free, and put the address into `server.url`."""
    httpd = _Http(("127.0.0.1", 0), _Handler)
    httpd.app = server
    server.url = f"http://127.0.0.1:{httpd.server_address[1]}{prefix}"
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        httpd.closing.set()
        httpd.shutdown()
        httpd.server_close()
        thread.join()


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.app = ImageServer()
        self.closing = threading.Event()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients that die are what these servers are for."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Http

    def do_POST(self) -> None:
        app, headers = self.server.app, {name.lower(): value for name, value in self.headers.items()}
        place = app.place(Request(self.command, self.path, headers, b""))
        trouble = app.trouble(place) if place else None
        if trouble is not None and trouble.cut == "unread":
            return self._cut()
        request = Request(self.command, self.path, headers, self.rfile.read(int(headers.get("content-length", 0))))
        app.requests.append(request)
        try:
            if place is None:
                self._send(405, b'{"detail": "Method Not Allowed"}')
            elif trouble is not None:
                self._misbehave(place, trouble, request)
            else:
                self._behave(place, request)
        except Reset:
            self._cut()
        except OSError:
            self.close_connection = True  # the client gave up waiting

    do_GET = do_PUT = do_POST

    def _behave(self, place: Place, request: Request) -> None:
        app = self.server.app
        if place == "paint":
            app.at("asked", request)
        if place == "picture":
            return self._hand_over(request)
        status, body = app.reply(place, request)
        if isinstance(body, list):
            return self._stream(body, request)
        if isinstance(body, Raw):
            return self._send(status, body.data, body.headers)
        return self._send(status, json.dumps(body).encode())

    def _stream(self, events: list[dict[str, Any]], request: Request) -> None:
        lines = [f"event: {each['type']}\r\ndata: {json.dumps(each)}\r\n\r\n".encode() for each in events]
        self._head(200, sum(map(len, lines)), {"Content-Type": "text/event-stream; charset=utf-8"})
        for number, line in enumerate(lines):
            if number:
                self.server.app.at("streaming", request)
            self.wfile.write(line)
            self.wfile.flush()

    def _hand_over(self, request: Request) -> None:
        app = self.server.app
        work = app.job(request.path.removeprefix("/pictures/").removesuffix(".png"))
        if work is None:
            return self._send(404, b"")
        data = app.bytes_of(work)
        self._head(200, len(data), {"Content-Type": "image/png"})
        self.wfile.write(data[: len(data) // 2])
        self.wfile.flush()
        app.at("downloading", request)
        self.wfile.write(data[len(data) // 2 :])
        with app.lock:
            app.delivered.append(hashlib.sha256(data).hexdigest())
        return None

    def _misbehave(self, place: Place, trouble: Trouble, request: Request) -> None:
        app = self.server.app
        if place == "paint" and (trouble.paid or trouble.cut == "read"):
            app.accept(request)
        if trouble.cut:
            return self._cut()
        self.server.closing.wait(trouble.slow)
        if trouble.endless:
            return self._never_end(trouble)
        body = trouble.body if isinstance(trouble.body, bytes) else json.dumps(trouble.body).encode()
        return self._send(trouble.status, body, trouble.headers)

    def _never_end(self, trouble: Trouble) -> None:
        self._head(trouble.status, 10_000_000, {"Content-Type": "application/json"})
        while not self.server.closing.wait(0.05):
            self.wfile.write(b" ")
            self.wfile.flush()

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self._head(status, len(body), {"Content-Type": "application/json", **(headers or {})})
        self.wfile.write(body)

    def _head(self, status: int, length: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"x-request-id": "req_1", **headers, "Content-Length": str(length)}.items():
            self.send_header(name, value)
        self.end_headers()

    def _cut(self) -> None:
        """Close with a reset, not politely."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def log_message(self, *args: object) -> None:
        """Say nothing: the requests are kept."""
