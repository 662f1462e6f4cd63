"""What each misbehaviour of a provider leads to, for every remote painter: the table behind docs/providers.md.

A row says what the provider does; per painter, how the call ends, what the ledger holds, how often was paid, and how the
same call made once more ends. Painters: `openai`, `keyed` (openai on a server that honours Idempotency-Key) and `fal`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from email.utils import formatdate
from pathlib import Path
from typing import Any

import aiohttp
import openai
import pytest
from PIL import Image

from overpaint.tools.backends import fal
from overpaint.tools.database import open_database
from overpaint.tools.faults import ProviderFault
from overpaint.tools.generate_image import make_generate_image
from overpaint.tools.images import ImageStore
from overpaint.tools.ledger import Ledger
from overpaint.tools.painters import Painter, get_painter
from tests.image_servers import ImageServer, Trouble, encoded, fal_queue, openai_images

pytestmark = pytest.mark.slow

SHORT, LONG = 0.4, 20.0
"""Seconds a painter may take: where the row is about time, and where it is not."""

assert aiohttp, openai  # imported here, so that no row waits for it


@dataclass(frozen=True)
class End:
    """How a call ends.

    Args:
        how: ok, error, blocked or unknown (a Painting); later, refused or fatal (a ProviderFault).
        ledger: stored; unknown; free (failed, nothing paid); doubt (claimed, cut off); job (to be collected).
        paid: how many requests the server has taken on.
        then: how the same call made again ends, and how many are paid by then; None where that is not asked.
        wait: seconds the fault says to wait.
    """

    how: str
    ledger: str
    paid: int
    then: tuple[str, int] | None
    wait: float | None = None


OK = End("ok", "stored", 1, ("ok", 1))
ERROR = End("error", "stored", 1, ("error", 1))
LATER = End("later", "free", 0, ("ok", 1))
REFUSED = End("refused", "free", 0, ("ok", 1))
FATAL = End("fatal", "free", 0, ("ok", 1))
UNPAID_UNKNOWN = End("unknown", "unknown", 0, ("unknown", 0))
UNKNOWN = End("unknown", "unknown", 1, ("unknown", 1))
DOUBT = End("later", "doubt", 1, ("ok", 1))
UNPAID_DOUBT = End("later", "doubt", 0, ("ok", 1))
JOB = End("later", "job", 1, ("ok", 1))


@dataclass(frozen=True)
class Row:
    """One misbehaviour; `openai` and `fal` set it up on a server."""

    openai: Callable[[ImageServer], None]
    fal: Callable[[ImageServer], None]
    ends: dict[str, End]
    seconds: float = LONG


def all_end(end: End) -> dict[str, End]:
    return {"openai": end, "keyed": end, "fal": end}


def does(at: Any, **trouble: Any) -> Callable[[ImageServer], None]:
    def set_up(server: ImageServer) -> None:
        server.answer_with = "url"
        server.troubles.append(Trouble(at, **trouble))

    return set_up


def painting(picture: bytes, end: End) -> Row:
    """A picture that is none, or none to be glad of."""

    def set_up(server: ImageServer) -> None:
        server.picture = lambda prompt, seed: picture

    return Row(set_up, set_up, all_end(end))


def both(at: Any = "paint", *, ends: dict[str, End], seconds: float = LONG, **trouble: Any) -> Row:
    return Row(does(at, **trouble), does(at, **trouble), ends, seconds)


def pointing(url: str) -> Row:
    """An answer whose picture lies at an address of the provider's choice."""
    openai = does("paint", body={"data": [{"url": url}]}, paid=True)
    # The next try of a server that honours the key gets the same answer again, here the right one.
    return Row(openai, does("result", body={"images": [{"url": url}]}), LOST)


def answering(body: dict[str, Any] | bytes) -> Row:
    """A 200 without a picture."""
    return Row(does("paint", body=body, paid=True), does("result", body=body), all_end(ERROR))


def slow(server: ImageServer) -> None:
    server.delay = SHORT + 1


def dead(server: ImageServer) -> None:
    server.url = "dead"


LOST = {"openai": UNKNOWN, "keyed": DOUBT, "fal": UNKNOWN}
"""Paid for, and the picture cannot be had."""

ON_THE_WAY = {"openai": UNKNOWN, "keyed": DOUBT, "fal": JOB}
"""Paid for, and the picture did not arrive for now."""


def dated(server: ImageServer) -> None:
    """Later, at a time that is told as a date; it is worked out now, since the table is made long before."""
    does("paint", status=429, headers={"Retry-After": formatdate(time.time() + 3600, usegmt=True)})(server)


TABLE = {
    "429 with Retry-After": both(status=429, headers={"Retry-After": "7"}, ends=all_end(replace(LATER, wait=7.0))),
    "429 with a date": Row(dated, dated, all_end(replace(LATER, wait=3600.0))),
    "500": both(status=500, ends=all_end(LATER)),
    "503": both(status=503, headers={"Retry-After": "2"}, ends=all_end(replace(LATER, wait=2.0))),
    "502 of a gateway, work done": both(status=502, paid=True, ends={"openai": UNKNOWN, "keyed": DOUBT, "fal": UNKNOWN}),
    "400": both(status=400, body={"error": {"message": "No."}}, ends=all_end(REFUSED)),
    "401": both(status=401, ends=all_end(FATAL)),
    "401 while a job of fal's is waited for": Row(
        does("paint", status=401), does("status", status=401), {**all_end(FATAL), "fal": End("fatal", "job", 1, ("ok", 1))}
    ),
    "402": both(status=402, ends=all_end(FATAL)),
    "422": both(status=422, body={"detail": "No."}, ends=all_end(REFUSED)),
    "garbage as picture": painting(b"<html>", ERROR),
    "half a picture": painting(b"\x89PNG\r\n\x1a\n half", ERROR),
    "a 1x1 picture": painting(encoded(Image.new("RGB", (1, 1), "red")), OK),
    "a black picture": painting(encoded(Image.new("RGB", (64, 64))), OK),
    "200 with an error": answering({"error": {"message": "Overloaded."}}),
    "200 with no picture": answering({"data": [], "images": []}),
    "200 with another shape": answering({"data": "soon", "images": "soon"}),
    "200 with a list": answering(b"[1]"),
    "200 with no JSON": Row(
        does("paint", body=b"<html>", paid=True), does("result", body=b"<html>"), {**all_end(ERROR), "fal": OK}
    ),
    "200 without an id": Row(
        does("paint", status=500), does("paint", body={"status": "IN_QUEUE"}, paid=True), {**all_end(LATER), "fal": UNKNOWN}
    ),
    "an address that has expired": both("picture", status=404, ends=LOST),
    "an address that answers 403": both("picture", status=403, ends=LOST),
    "an address of a machine inside": pointing("http://169.254.169.254/latest/meta-data"),
    "an address of a service of mine": pointing("http://localhost:5432/"),
    "an address of a file": pointing("file:///etc/passwd"),
    "a redirect inside": both("picture", status=302, headers={"Location": "http://10.0.0.1/"}, ends=LOST),
    "a download that is cut": both("picture", cut="read", ends=all_end(OK)),
    "a download that never ends": both("picture", endless=True, ends=ON_THE_WAY, seconds=SHORT),
    "an answer that never ends": Row(
        does("paint", endless=True, paid=True), does("result", endless=True), ON_THE_WAY, SHORT
    ),
    "an id that never ends": Row(does("paint", status=500), does("paint", endless=True, paid=True), {**all_end(LATER), "fal": UNKNOWN}, SHORT),
    "the line is cut before the request is read": both(
        cut="unread", ends={"openai": UNPAID_UNKNOWN, "keyed": UNPAID_DOUBT, "fal": UNPAID_UNKNOWN}
    ),
    "the line is cut after it was accepted": both(cut="read", ends={"openai": UNKNOWN, "keyed": DOUBT, "fal": UNKNOWN}),
    "nobody is there": Row(dead, dead, all_end(End("later", "free", 0, None))),
    "too slow": Row(slow, slow, ON_THE_WAY, SHORT),
    "blocked": Row(
        does("paint", status=400, body={"error": {"code": "moderation_blocked", "message": "No."}}),
        does("result", status=422, body={"detail": [{"type": "content_policy_violation", "msg": "No."}]}),
        {**all_end(End("blocked", "stored", 0, ("blocked", 0))), "fal": End("blocked", "stored", 1, ("blocked", 1))},
    ),
}  # fmt: skip


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, Row], tuple[Painter, ImageServer]]]:
    monkeypatch.setattr(fal, "POLL_SECONDS", (0.02, 0.05))
    monkeypatch.setattr("overpaint.tools.download.PAUSE", 0.01)
    # The graph waits as long as it is told to; here the second try comes at once.
    monkeypatch.setattr("overpaint.tools.paying.hold", lambda provider, seconds: None)
    with ExitStack() as running:

        def open_one(kind: str, row: Row) -> tuple[Painter, ImageServer]:
            serving = fal_queue() if kind == "fal" else openai_images(idempotent=kind == "keyed")
            server: ImageServer = running.enter_context(serving)
            (row.fal if kind == "fal" else row.openai)(server)
            provider = "FAL" if kind == "fal" else "OPENAI"
            monkeypatch.setenv("FAL_KEY" if kind == "fal" else "OPENAI_API_KEY", "of-this-test")
            monkeypatch.setenv(f"{provider}_BASE_URL", server.url if server.url != "dead" else "http://127.0.0.1:9")
            options = {"idempotent": True} if kind == "keyed" else {}
            return get_painter("fal:a/b" if kind == "fal" else "openai:m", timeout=row.seconds, **options), server

        yield open_one


async def call(painter: Painter, home: Path) -> tuple[str, ProviderFault | None]:
    """Ask for one picture: how it ends, and the fault if there is one."""
    ledger = Ledger(open_database(f"sqlite:///{home}/overpaint.db"))
    tool = make_generate_image(painter, ImageStore(home / "images"), ledger)
    args = {"prompt": "a red circle", "seed": 7, "key": "k"}
    try:
        message = await tool.ainvoke({"type": "tool_call", "id": "1", "name": tool.name, "args": args})
    except ProviderFault as fault:
        return "fatal" if fault.fatal else "later" if fault.retryable else "refused", fault
    painting = message.artifact
    assert (painting["image"] is not None) == (painting["outcome"] == "ok")
    assert (painting["reason"] == "") == (painting["outcome"] == "ok")
    return painting["outcome"], None


async def held(home: Path) -> str:
    """What the ledger holds of the request."""
    ledger = Ledger(open_database(f"sqlite:///{home}/overpaint.db"))
    claim = await ledger.claim("k")
    if not claim.mine:
        return claim.state
    if not claim.interrupted:
        await ledger.failed("k", "only looked")
        return "free"
    await ledger.release("k")
    return "job" if claim.job else "doubt"


@pytest.mark.parametrize("kind", ["openai", "keyed", "fal"])
@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.slow] if row.seconds == SHORT else []) for name, row in TABLE.items()],
)
async def test_a_misbehaviour_ends_as_documented(name: str, kind: str, opened: Any, home: Path) -> None:
    row, end = TABLE[name], TABLE[name].ends[kind]
    home.mkdir()
    painter, server = opened(kind, row)
    started = time.perf_counter()
    how, fault = await call(painter, home)
    assert time.perf_counter() - started < row.seconds + 2
    assert (how, await held(home), len(server.paid)) == (end.how, end.ledger, end.paid)
    if fault is not None:
        assert "\n" not in str(fault)
        assert len(str(fault)) < 500
        assert fault.unsure == (end.ledger in ("doubt", "job"))  # still to be had
        assert fault.retry_after == (None if end.wait is None else pytest.approx(end.wait, abs=120))
    if end.then is not None:
        server.delay = 0.0
        assert ((await call(painter, home))[0], len(server.paid)) == end.then


def test_every_row_is_documented() -> None:
    documented = (Path(__file__).parents[3] / "docs" / "providers.md").read_text("utf-8")
    assert [name for name in TABLE if name not in documented] == []
