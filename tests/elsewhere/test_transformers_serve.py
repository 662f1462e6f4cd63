"""A server that really looks at pictures, and neither knows schemas nor says anything of sense."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import HumanMessage
from pydantic import BaseModel

from overpaint import arefine
from overpaint.tools.asking import ask
from overpaint.tools.chat import get_chat, picture
from overpaint.tools.images import ImageStore
from tests.elsewhere.transformers_serve import ChatServer
from tests.image_servers import blocks

pytestmark = pytest.mark.slow

STEADY: dict[str, Any] = {"temperature": 0.0, "max_tokens": 24}
RAMBLING: dict[str, Any] = {"temperature": 1.0, "seed": 1, "max_tokens": 300}
CLIENTS = pytest.mark.parametrize("client", ["openai", "nvidia"])


class Seen(BaseModel):
    """What is in the picture."""

    shape: str


@pytest.fixture
def store(tmp_path: Path) -> ImageStore:
    return ImageStore(tmp_path / "images")


@CLIENTS
async def test_another_picture_has_another_answer(
    client: str, transformers_serve: ChatServer, store: ImageStore
) -> None:
    server = transformers_serve
    chat = get_chat(f"{client}:{server.model}", store, base_url=server.base_url, **STEADY)
    said = []
    for drawn in ("one", "one", "another"):
        shown = picture((await store.save(blocks(drawn)))["sha256"])
        answer = await chat.ainvoke([HumanMessage([{"type": "text", "text": "What is it?"}, shown])])
        assert answer.usage_metadata is not None
        assert 0 < answer.usage_metadata["output_tokens"] <= 24
        said.append(answer.text)
    assert said[0] == said[1] != said[2]


@CLIENTS
async def test_a_server_that_ignores_the_schema_is_asked_on_and_then_given_up(
    client: str, transformers_serve: ChatServer, store: ImageStore
) -> None:
    server = transformers_serve
    chat = get_chat(f"{client}:{server.model}", store, base_url=server.base_url, **RAMBLING)
    reply = await ask(chat, Seen, [HumanMessage("What is it?")], name="look", repair=lambda _, wrong: wrong)
    assert reply.value is None
    assert reply.fault
    assert reply.calls == 2, "the question, and one repair"
    assert reply.tokens > 0


async def test_a_run_whose_judge_says_nothing_of_sense_leaves_its_pictures_unjudged(
    transformers_serve: ChatServer,
) -> None:
    server = transformers_serve
    judge = {f"judge_{name}": value for name, value in {**RAMBLING, "base_url": server.base_url}.items()}
    judged = {"judge": f"openai:{server.model}", **judge}
    run = await arefine("a red circle", settings={**judged, "seed": 1, "max_images": 1})
    assert (run.status, run.stop_reason) == ("stopped", "max_images")
    assert run.champion is not None
    verdict = run.champion["verdict"]
    assert verdict is not None
    assert (verdict["passed"], verdict["score"]) == (None, None)
    assert verdict["fault"]
    assert run.receipt["tokens"] > 0
