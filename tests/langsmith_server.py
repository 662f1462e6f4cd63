"""A LangSmith-shaped server on loopback: the endpoints that its client really uses, and what they were sent."""

from __future__ import annotations

import email.parser
import email.policy
import json
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

TENANT = str(uuid.UUID(int=7))
LIMITS = {
    "use_multipart_endpoint": True, "size_limit": 100, "size_limit_bytes": 20_000_000, "scale_up_qsize_trigger": 1000,
    "scale_up_nthreads_limit": 4, "scale_down_nempty_trigger": 4,
}  # fmt: skip
# Nothing is compressed, so that whoever looks through the payloads sees everything.
INFO = {"version": "0.12.0", "instance_flags": {"zstd_compression_enabled": False}, "batch_ingest_config": LIMITS}


class Refusal(Exception):
    """An answer other than 200."""


@dataclass
class LangSmith:
    """What a LangSmith server holds: the payloads as they came, and what they said.

    `status` is the answer to everything but /info where it is not 200.
    """

    url: str = ""
    status: int = 200
    payloads: list[bytes] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    runs: dict[str, dict[str, Any]] = field(default_factory=dict)
    feedback: list[dict[str, Any]] = field(default_factory=list)
    projects: dict[str, dict[str, Any]] = field(default_factory=dict)
    datasets: dict[str, dict[str, Any]] = field(default_factory=dict)
    examples: dict[str, dict[str, Any]] = field(default_factory=dict)

    def named(self, name: str) -> list[dict[str, Any]]:
        """The traced runs of that name."""
        return [run for run in self.runs.values() if run["name"] == name]

    @property
    def roots(self) -> list[dict[str, Any]]:
        """The outermost run of each trace."""
        return [run for run in self.runs.values() if not run.get("parent_run_id")]

    def answer(self, method: str, path: str, kind: str, body: bytes) -> Any:
        """What a request is answered with, as JSON."""
        self.asked.append(f"{method} {path}")
        self.payloads.append(path.encode() + b"\n" + body)
        place, query = urlsplit(path).path, {k: v[0] for k, v in parse_qs(urlsplit(path).query).items()}
        if place == "/info":
            return INFO
        if self.status != 200:
            raise Refusal(self.status)
        if place == "/runs/multipart":
            return self._ingest(kind, body)
        if method == "GET":
            return self._look_up(place, query)
        given = json.loads(body)
        if place == "/feedback":
            self.feedback.append(given)
            return given
        if place == "/examples/bulk":
            made = [{"id": str(uuid.uuid4()), **one, "created_at": _now(), "modified_at": _now()} for one in given]
            self.examples |= {one["id"]: one for one in made}
            return made
        if method == "PATCH":
            return self._changed(place.rpartition("/")[2], given)
        return self._made(self._kept(place), given, query)

    def _kept(self, place: str) -> dict[str, dict[str, Any]]:
        if place not in ("/sessions", "/datasets"):
            raise Refusal(404)
        return self.projects if place == "/sessions" else self.datasets

    def _look_up(self, place: str, query: dict[str, str]) -> Any:
        if place == "/examples":
            found = [e for e in self.examples.values() if e["dataset_id"] == query["dataset"]]
            start = int(query["offset"])
            return found[start : start + int(query["limit"])]
        kept = self._kept(place)
        return (
            [kept[query["name"]]] if query.get("name") in kept else list(kept.values()) if "name" not in query else []
        )

    def _made(self, kept: dict[str, dict[str, Any]], given: dict[str, Any], query: dict[str, str]) -> dict[str, Any]:
        if given["name"] in kept and "upsert" not in query:
            raise Refusal(409)
        made = {
            "tenant_id": TENANT,
            "reference_dataset_id": None,
            "created_at": _now(),
            "id": str(uuid.uuid4()),
            **given,
        }
        return kept.setdefault(given["name"], made)

    def _changed(self, project: str, given: dict[str, Any]) -> dict[str, Any]:
        found = next(p for p in self.projects.values() if p["id"] == project)
        found |= {name: value for name, value in given.items() if value is not None}
        return found

    def _ingest(self, kind: str, body: bytes) -> dict[str, Any]:
        for name, data in _parts(kind, body):
            what, identity, *field_ = name.split(".")
            value = json.loads(data)
            if what == "feedback":
                self.feedback.append(value)
                continue
            assert what in ("post", "patch"), name
            self.runs.setdefault(identity, {}).update({field_[0]: value} if field_ else value)
            self._project_of(self.runs[identity])
        return {}

    def _project_of(self, run: dict[str, Any]) -> None:
        if (name := run.get("session_name")) and name not in self.projects:
            self._made(self.projects, {"name": name}, {})


def _parts(kind: str, body: bytes) -> Iterator[tuple[str, bytes]]:
    head = f"Content-Type: {kind}\r\n\r\n".encode()
    message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + body)
    for part in message.iter_parts():
        data = part.get_payload(decode=True)
        assert isinstance(data, bytes)
        yield str(part.get_param("name", header="content-disposition")), data


def _now() -> str:
    return datetime.now(UTC).isoformat()


@contextmanager
def langsmith_server() -> Iterator[LangSmith]:
    """A server that takes traces, feedback, datasets and experiments."""
    server = LangSmith()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            try:
                status, answer = 200, server.answer(self.command, self.path, self.headers.get("content-type", ""), body)
            except Refusal as refused:
                status, answer = refused.args[0], {"detail": "refused"}
            data = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_PATCH = do_POST

        def log_message(self, *args: object) -> None:
            """Say nothing: the requests are kept."""

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    httpd.daemon_threads = True
    server.url = f"http://127.0.0.1:{httpd.server_address[1]}"
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        httpd.shutdown()
        httpd.server_close()
        thread.join()
