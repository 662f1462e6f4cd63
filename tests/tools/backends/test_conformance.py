"""What every remote painter does alike, over stand-ins: one table, one row for each painter.

How each kind of failure ends for the ledger is test_misbehaviour's; what one painter alone does is in its own file.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import openai
import pytest

from overpaint.tools.backends import fal
from overpaint.tools.database import open_database
from overpaint.tools.faults import BadInput, ProviderFault
from overpaint.tools.generate_image import Painting, make_generate_image
from overpaint.tools.images import ImageStore
from overpaint.tools.ledger import Ledger
from overpaint.tools.painters import Painter, PaintRequest, get_painter
from tests.hf_server import hugging_face
from tests.image_servers import ImageServer, Trouble, blocks, fal_queue, openai_images
from tests.nvidia_server import nvidia_genai
from tests.stability_server import stability_images

KEY = "secret-of-this-test-0123456789"
WIDE = (1344, 768)
FIELDS = frozenset({"steps", "guidance", "negative_prompt", "strength"})

assert aiohttp, openai  # imported here, so that no test waits for it


@dataclass(frozen=True)
class Kind:
    """One painter and its stand-in.

    Args:
        name: of the painter.
        serve: its server.
        sized: what it is sent for WIDE.
        blocked: what goes wrong where the provider will not paint.
    """

    name: str
    serve: Callable[[], AbstractContextManager[ImageServer]]
    sized: dict[str, Any]
    blocked: Trouble


FILTERED = {"artifacts": [{"base64": "", "finishReason": "CONTENT_FILTERED", "seed": 7}]}
POLICY = {"detail": [{"type": "content_policy_violation", "msg": "No."}]}
KINDS = {
    "openai": Kind(
        "openai:m",
        openai_images,
        {"size": "1344x768"},
        Trouble("paint", 400, body={"error": {"code": "moderation_blocked", "message": "No."}}),
    ),
    "fal": Kind(
        "fal:a/b", fal_queue, {"image_size": {"width": 1344, "height": 768}}, Trouble("result", 422, body=POLICY)
    ),
    "nvidia": Kind("nvidia:acme/m", nvidia_genai, {"width": 1344, "height": 768}, Trouble("paint", body=FILTERED)),
    "stability": Kind(
        "stability:sd3.5-large",
        stability_images,
        {"aspect_ratio": "16:9"},
        Trouble("paint", 403, body={"id": "1", "name": "content_moderation", "errors": ["No."]}),
    ),
    "hf": Kind(
        "hf:hf-inference/m",
        hugging_face,
        {"parameters": {"width": 1344, "height": 768, "seed": 7}},
        Trouble("paint", 422, body=POLICY),
    ),
}


@dataclass
class Bench:
    """A painter on its stand-in, and what the tool `generate_image` makes of it."""

    kind: Kind
    painter: Painter
    server: ImageServer
    home: Path
    faults: list[str] = field(default_factory=list)

    @property
    def ledger(self) -> Ledger:
        return Ledger(open_database(f"sqlite:///{self.home}/overpaint.db"))

    async def paint(self, **args: Any) -> Painting:
        """Ask for a picture; what is raised is kept too."""
        tool = make_generate_image(self.painter, ImageStore(self.home / "images"), self.ledger)
        asked = {"prompt": "a red circle", "seed": 7, **args}
        try:
            message = await tool.ainvoke({"type": "tool_call", "id": "1", "name": tool.name, "args": asked})
        except (BadInput, ProviderFault) as error:
            self.faults.append(str(error))
            raise
        painting: Painting = message.artifact
        return painting

    async def fault(self) -> ProviderFault:
        with pytest.raises(ProviderFault) as caught:
            await self.paint()
        return caught.value


@pytest.fixture(params=KINDS)
def bench(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setattr(fal, "POLL_SECONDS", (0.02, 0.05))
    monkeypatch.setattr("overpaint.tools.download.PAUSE", 0.01)
    monkeypatch.setenv("KEY_OF_THIS_TEST", KEY)
    home.mkdir()
    kind = KINDS[request.param]
    with kind.serve() as server:
        painter = get_painter(kind.name, base_url=server.url, api_key_env="KEY_OF_THIS_TEST", timeout=20)
        yield Bench(kind, painter, server, home)


async def test_one_picture_is_paid_once_and_its_bytes_are_kept(bench: Bench) -> None:
    painting = await bench.paint(key="k")
    assert (painting["outcome"], painting["reason"], painting["notes"]) == ("ok", "", [])
    again = await bench.paint(key="k")
    assert (again["image"], again["painted"]) == (painting["image"], False)
    (work,) = bench.server.paid
    assert painting["image"] is not None
    kept = await ImageStore(bench.home / "images").load(painting["image"]["sha256"])
    assert kept == blocks("a red circle", work.seed)


async def test_a_size_is_asked_for_and_a_ratio_declared(bench: Bench) -> None:
    await bench.paint(width=WIDE[0], height=WIDE[1])
    asked = bench.server.paid[0].asked
    assert {name: asked[name] for name in bench.kind.sized} == bench.kind.sized
    assert (bench.painter.abilities.ratios is None) == ("aspect_ratio" not in asked)


async def test_a_seed_is_sent_and_told_where_the_painter_says_that_it_counts(bench: Bench) -> None:
    painting = await bench.paint()
    if bench.painter.abilities.seeds:
        assert (bench.server.paid[0].seed, painting["seed"]) == (7, 7)
    else:
        assert painting["seed"] is None


async def test_what_the_painter_does_not_honour_is_refused_before_it_is_paid(bench: Bench) -> None:
    given = {"steps": 4, "guidance": 2.0, "negative_prompt": "blue", "strength": 0.5}
    for setting in FIELDS - bench.painter.abilities.accepts:
        with pytest.raises(BadInput, match=setting):
            await bench.paint(**{setting: given[setting]})
    assert bench.server.requests == []


async def test_options_are_declared_and_unknown_ones_refused(bench: Bench) -> None:
    assert bench.painter.abilities.accepts >= {"size", "timeout", "base_url", "api_key_env", "extra_body"}
    with pytest.raises(BadInput, match="does not honour device='cuda'"):
        get_painter(bench.kind.name, device="cuda")
    with pytest.raises(BadInput, match="extra_body"):
        get_painter(bench.kind.name, extra_body={"prompt": "another"})


async def test_what_the_provider_will_not_paint_is_blocked(bench: Bench) -> None:
    bench.server.troubles = [bench.kind.blocked]
    painting = await bench.paint(key="k")
    assert (painting["outcome"], painting["image"]) == ("blocked", None)
    assert (await bench.ledger.claim("k")).state == "stored"


async def test_a_limit_is_told_with_its_wait(bench: Bench) -> None:
    bench.server.troubles = [Trouble("paint", 429, {"Retry-After": "7"})]
    fault = await bench.fault()
    assert (fault.retryable, fault.retry_after, fault.fatal, fault.unsure) == (True, 7.0, False, False)
    assert len(bench.server.requests) == 1


async def test_a_failure_of_the_server_is_not_tried_again_from_here(bench: Bench) -> None:
    bench.server.troubles = [Trouble("paint", 500)]
    fault = await bench.fault()
    assert (fault.retryable, fault.fatal, fault.unsure) == (True, False, False)
    assert len(bench.server.requests) == 1


async def test_a_refused_key_ends_the_run(bench: Bench) -> None:
    bench.server.troubles = [Trouble("paint", 401)]
    fault = await bench.fault()
    assert (fault.retryable, fault.fatal, fault.unsure) == (False, True, False)


async def test_a_redirect_never_takes_the_key_along(bench: Bench) -> None:
    with bench.kind.serve() as elsewhere:
        bench.server.troubles = [Trouble("paint", 307, {"Location": f"{elsewhere.url}/x"})]
        await bench.fault()
        # OpenAI's client follows, without the key.
        assert [KEY for request in elsewhere.requests if KEY in str(request.headers)] == []


async def test_garbage_in_place_of_a_picture_is_an_error_that_was_paid(bench: Bench) -> None:
    bench.server.picture = lambda prompt, seed: b"<html>"
    painting = await bench.paint()
    assert (painting["outcome"], painting["image"]) == ("error", None)
    assert "no usable picture" in painting["reason"]
    assert len(bench.server.paid) == 1


@pytest.mark.parametrize("trouble", [Trouble("paint", cut="read"), Trouble("paint", 502, paid=True)])
async def test_an_answer_that_is_lost_leaves_the_picture_unknown(trouble: Trouble, bench: Bench) -> None:
    bench.server.troubles = [trouble]
    for _ in range(2):
        assert (await bench.paint(key="k"))["outcome"] == "unknown"
    assert len(bench.server.paid) == 1


async def test_a_server_that_is_not_there_was_not_paid(bench: Bench) -> None:
    away = get_painter(bench.kind.name, base_url="http://127.0.0.1:9", api_key_env="KEY_OF_THIS_TEST")
    with pytest.raises(ProviderFault) as caught:
        await away.paint(PaintRequest("a red circle"))
    assert (caught.value.retryable, caught.value.unsure) == (True, False)


async def test_the_key_is_in_one_header_and_nowhere_else(bench: Bench) -> None:
    told = {"error": {"message": f"{KEY} is no key"}, "detail": f"{KEY} is no key", "errors": [f"{KEY} is no key"]}
    bench.server.troubles = [Trouble("paint", 400, body=told), Trouble("paint", 200, body=told, paid=True)]
    await bench.fault()
    paintings = [await bench.paint() for _ in range(2)]
    assert [painting["outcome"] for painting in paintings] in (["error", "ok"], ["unknown", "ok"])
    assert "is no key" in bench.faults[0]
    assert KEY not in repr(paintings) + repr(bench.faults)
    for request in bench.server.requests:
        assert KEY.encode() not in request.raw
        assert KEY not in request.path
        assert [name for name, value in request.headers.items() if KEY in value] in (["authorization"], [])
    assert KEY in bench.server.requests[0].headers["authorization"]


async def test_a_prompt_that_is_too_long_is_refused_before_it_is_paid(bench: Bench) -> None:
    longest = bench.painter.abilities.prompt_characters
    if longest is not None and longest < 20_000:
        with pytest.raises(BadInput, match="characters"):
            await bench.paint(prompt="a" * (longest + 1))
        assert bench.server.requests == []
    await bench.paint(prompt="a" * min(longest or 20_000, 20_000))
    assert len(bench.server.paid) == 1


async def test_a_cancelled_request_leaves_nothing_running(bench: Bench) -> None:
    bench.server.delay = 0.3
    before = asyncio.all_tasks()
    painting = asyncio.create_task(bench.painter.paint(PaintRequest("a red circle", key="k"), lambda step, of: None))
    async with asyncio.timeout(10):
        while not bench.server.paid:
            await asyncio.sleep(0.01)
    painting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await painting
    assert asyncio.all_tasks() == before
    assert len(bench.server.paid) == 1
