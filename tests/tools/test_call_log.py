"""The call log: what is kept of a model call, what never is, and what a task spent."""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

from overpaint.tools.call_log import CallLog, Spent, _kept, read_calls
from overpaint.tools.database import Database, open_database
from overpaint.tools.faults import BadInput
from overpaint.tools.references import picture

BYTES = "iVBORw0KGgo" * 40


@pytest.fixture
def log(database: Database) -> CallLog:
    return CallLog(database, run="run", node="judge", task="1.0")


async def test_a_call_is_kept_as_it_was_sent_and_answered(log: CallLog, database: Database) -> None:
    messages = [
        SystemMessage("Judge."),
        HumanMessage([{"type": "text", "text": "Two?"}, picture("a" * 64, (0, 0, 0.5, 1))]),
    ]
    noted = await log.begin("openai:m", "inspect_image", messages, reserved_tokens=900, usd=0.5)
    (open_call,) = await read_calls(database, "run", 5)
    assert (open_call.seconds, open_call.reply, open_call.usd) == (None, None, 0.5)
    await log.end(
        noted,
        seconds=1.5,
        reply='{"n": 2}\0\ud83d',
        input_tokens=30,
        output_tokens=4,
        cached_tokens=20,
        usd=0.25,
    )
    (call,) = await read_calls(database, "run", 5)
    assert (call.id, call.run, call.node, call.task) == (noted, "run", "judge", "1.0")
    assert (call.model, call.name, call.seconds, call.usd) == ("openai:m", "inspect_image", 1.5, 0.25)
    assert (call.input_tokens, call.output_tokens, call.cached_tokens, call.error) == (30, 4, 20, None)
    assert call.reserved_tokens == 900
    assert call.reply == '{"n": 2}\ufffd?'
    assert abs(call.started - time.time()) < 5
    reference = f"sha256:{'a' * 64}#crop=0.0000,0.0000,0.5000,1.0000"
    assert call.messages == [
        {"role": "system", "content": "Judge."},
        {"role": "human", "content": [{"type": "text", "text": "Two?"}, {"type": "image", "url": reference}]},
    ]


@pytest.mark.parametrize(
    "content",
    [
        f"look: data:image/png;base64,{BYTES} there",
        f"look: {BYTES} there",
        [{"type": "image_url", "image_url": {"url": f"data:image/png;base64,{BYTES}"}}],
        [{"type": "image", "base64": "iVBORw0K", "mime_type": "image/png"}],
        [{"type": "input_audio", "input_audio": {"data": "iVBORw0K", "format": "wav"}}],
        [{"type": "image", "source": {"type": "base64", "data": BYTES}}],
        "data:image/png;base64,iVBORw0K",
        "my key is sk-proj-iVBORw0K and Bearer iVBORw0K",
        "postgresql://me:iVBORw0K@host/x",
        "of the environment: iVBORw0K-0815",
    ],
)
async def test_no_bytes_and_no_keys_are_kept(content: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'overpaint.db'}")
    log = CallLog(database, run="run", node="judge", task="1.0")
    monkeypatch.setenv("SOME_API_KEY", "iVBORw0K-0815")
    noted = await log.begin("m", "q", [HumanMessage(content), AIMessage(content if isinstance(content, str) else "")])
    text = content if isinstance(content, str) else "x"
    await log.end(noted, seconds=0.1, reply=text, error=text)
    (call,) = await read_calls(database, "run", 1)
    assert "iVBOR" not in f"{call.messages} {call.reply} {call.error}"
    assert call.messages[0]["role"] == "human"


@pytest.mark.slow
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text("ab c"),
        lambda x: st.lists(x) | st.dictionaries(st.text("xy"), x),
    )
)
def test_other_content_is_kept_as_it_is(content: Any) -> None:
    assert _kept(content) == content


async def test_the_last_calls_of_a_run_are_read_in_order(log: CallLog, database: Database) -> None:
    for number in range(4):
        await log.begin("m", f"q{number}", [])
    await CallLog(database, run="another", node="n", task="t").begin("m", "not this", [])
    assert [call.name for call in await read_calls(database, "run", 3)] == ["q1", "q2", "q3"]
    assert [call.name for call in await read_calls(database, "run", 99)] == ["q0", "q1", "q2", "q3"]
    assert await read_calls(database, "run", 0) == await read_calls(database, "run", -1) == []


async def test_a_task_is_told_what_all_its_tries_spent(log: CallLog, database: Database) -> None:
    nothing = Spent(calls=0, tokens=0, cached=0, seconds=0.0, usd=0.0)
    assert await log.spent() == nothing
    for usd in (0.0, 0.25):
        noted = await log.begin("m", "q", [], reserved_tokens=1000, usd=9.0)
        await log.end(noted, seconds=0.5, input_tokens=10, output_tokens=3, cached_tokens=4, usd=usd)
    assert await log.spent() == Spent(calls=2, tokens=26, cached=8, seconds=1.0, usd=0.25)
    again = CallLog(database, run="run", node="judge", task="1.0")
    await again.begin("m", "one whose process died", [], reserved_tokens=500, usd=0.5)
    assert await again.spent() == Spent(calls=3, tokens=526, cached=8, seconds=1.0, usd=0.75)
    uncounted = await again.begin("m", "one that nobody counted", [], reserved_tokens=100, usd=0.125)
    await again.end(uncounted, seconds=1.0, usd=0.125)
    assert await again.spent() == Spent(calls=4, tokens=626, cached=8, seconds=2.0, usd=0.875)
    await again.begin("m", "one without a price, of an older version", [])
    assert await log.spent() == Spent(calls=5, tokens=626, cached=8, seconds=2.0, usd=None)
    assert await CallLog(database, run="run", node="judge", task="1.1").spent() == nothing
    assert await CallLog(database, run="another", node="judge", task="1.0").spent() == nothing


async def test_a_call_that_cannot_be_noted_is_refused_but_its_answer_is_never_lost(
    caplog: pytest.LogCaptureFixture,
) -> None:
    log = CallLog(open_database("sqlite:////missing/overpaint.db"), run="r", node="n", task="t")
    with pytest.raises(BadInput, match="/missing/overpaint"):
        await log.begin("m", "q", [])
    with caplog.at_level(logging.INFO):
        await log.end(1, seconds=0.1, reply="paid for")
    assert "the end of call 1 was not noted" in caplog.text
