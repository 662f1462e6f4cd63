"""Hostile requests: a server with two keys, what belongs to the first, and an attacker who has the second or none."""

from __future__ import annotations

import asyncio
import base64
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import overpaint
from overpaint.server.owners import Owners
from overpaint.tools import links
from overpaint.tools.database import open_database
from overpaint.tools.images import ImageStore

ALICE, BOB = "alice-secret-0123456789", "bob-secret-0123456789"
KEYS = f"alice:{ALICE},bob:{BOB}"
BRIEF = "an orange cross in the bottom right"
"""What Alice asked for; no request of the attacker holds it, so no answer may."""

OUTSIDE = "this file lies outside of the store"
SETTINGS = {"max_images": 1, "seed": 1, "upsample": False}


@dataclass(frozen=True)
class Prey:
    """What the attacker is after.

    Args:
        own: a thread of the attacker's own.
        thread: Alice's, which the attacker may have heard of, as of the other ids here.
        run: its run.
        sha256: its picture.
        secrets: what no answer may hold.
        kept: reads all that must be the same at the end.
    """

    own: str
    thread: str
    run: str
    sha256: str
    secrets: tuple[bytes, ...]
    kept: Callable[[], dict[str, bytes]] = field(repr=False)


@dataclass(frozen=True)
class Asked:
    """A request as it goes over the wire: a path that nobody has made decent, with its query."""

    method: str
    target: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes = field(repr=False)


async def prey(home: Path) -> Prey:
    """Make a run of Alice's in a home that has a neighbour; the environment names both keys and the home."""
    outside = home.parent / "outside.txt"
    outside.write_text(OUTSIDE)
    own = await _painted("bob", "a red circle", home)
    run = await _painted("alice", BRIEF, home)
    champion: Any = run.champion
    image = champion["image"]
    data = await ImageStore(home / "images").load(image["sha256"])
    secrets = [BRIEF.encode(), OUTSIDE.encode(), data[40:80], base64.b64encode(data[42:102])[4:60]]
    secrets += [ALICE.encode(), b"SQLite format 3", await asyncio.to_thread(links.secret)]

    def kept() -> dict[str, bytes]:
        files = [
            outside,
            *sorted((home / "images").rglob(f"{image['sha256']}*")),
            *home.glob("secret"),
        ]
        return {str(file): file.read_bytes() for file in files} | {
            "": "\n".join(sorted(p.name for p in home.parent.iterdir())).encode()
        }

    return Prey(own.thread, run.thread, run.run, image["sha256"], tuple(secrets), kept)


async def _painted(owner: str, brief: str, home: Path) -> overpaint.Run:
    thread = str(uuid.uuid4())
    await Owners(open_database()).claim(thread, owner)
    done: Any = None
    async for event in overpaint.stream(brief, settings=SETTINGS, home=home, thread=thread):
        done = event
    run: overpaint.Run = done["run"]
    return run


def problems(asked: Asked, status: int, answer: bytes, hunted: Prey) -> list[str]:
    """What is wrong with an answer; nothing, as a rule."""
    found = [f"{status}"] if status >= 500 else []
    return found + [
        f"tells {secret[:30]!r}" for secret in hunted.secrets if secret in answer and secret not in asked.body
    ]


async def over_the_wire(port: int, asked: Asked, seconds: float = 5.0) -> tuple[int, bytes]:
    """Send a request as it is, and read what comes within some time: streams may have no end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    host = [] if any(name == b"host" for name, _ in asked.headers) else [(b"host", b"127.0.0.1:%d" % port)]
    lines = [
        b"%s: %s" % pair
        for pair in (*host, *asked.headers, (b"content-length", b"%d" % len(asked.body)), (b"connection", b"close"))
    ]
    writer.write(b"\r\n".join([b"%s %s HTTP/1.1" % (asked.method.encode(), asked.target), *lines, b"", asked.body]))
    answer = b""
    try:
        async with asyncio.timeout(seconds):
            while chunk := await reader.read(1 << 16):
                answer += chunk
    except (TimeoutError, ConnectionError):
        pass
    finally:
        writer.close()
    head = answer.split(b" ", 2)
    return (int(head[1]) if len(head) > 2 else 0), answer


async def in_process(app: Any, asked: Asked) -> tuple[int, bytes]:
    """Hand a request to an ASGI app as a server would that makes no path decent; what the app raises is raised."""
    path, _, query = asked.target.partition(b"?")
    sent: list[Any] = []
    waiting = [{"type": "http.request", "body": asked.body, "more_body": False}]

    async def receive() -> Any:
        return waiting.pop() if waiting else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    from urllib.parse import unquote

    host = [] if any(name == b"host" for name, _ in asked.headers) else [(b"host", b"127.0.0.1")]
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": asked.method, "scheme": "http",
        "path": unquote(path.decode("utf-8", "replace")), "raw_path": path, "query_string": query, "root_path": "",
        "headers": [*host, *asked.headers, (b"content-length", b"%d" % len(asked.body))],
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80), "state": {},
    }  # fmt: skip
    await app(scope, receive, send)
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])
