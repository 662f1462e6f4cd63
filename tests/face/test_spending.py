"""A run that stands still half-way says what it has spent, also on steps whose checkpoint was never written."""

from __future__ import annotations

from pathlib import Path

import pytest

from overpaint.continuing import aresume
from overpaint.run import arefine
from overpaint.runs import load_run
from tests.graph.test_faults import Moody, moody
from tests.servers import ChatServer, Say, chat_server

__all__ = ["moody"]

pytestmark = pytest.mark.slow

PRICES = "chat:\n  openai:j: {input: 1.0, cached: 1.0, output: 1.0}\n"


def refusing(server: ChatServer) -> None:
    server.script = [Say("out of order", status=401)]


async def test_what_was_paid_before_a_judge_failed_is_on_the_bill(
    moody: Moody, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "prices.yaml").write_text(PRICES)
    monkeypatch.setenv("OVERPAINT_PRICES", str(tmp_path / "prices.yaml"))
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-this-test")
    settings = {"painter": "moody", "judge": "openai:j", "per_round": 2, "max_images": 2, "seed": 1}
    with chat_server() as server:
        refusing(server)
        run = await arefine("a red circle", settings={**settings, "judge_base_url": server.url})
        assert run.status == "failed"
        assert run.receipt["images"] == 2
        assert run.receipt["usd"] == pytest.approx(0.08)
        assert run.receipt["calls"] == 2 + len(server.asked)
        assert (await load_run(run.run)).receipt == run.receipt
        resumed = await aresume(settings={"judge": "shapes", "judge_base_url": None})
    assert resumed.receipt["images"] == len(moody.asked) == 2
    assert resumed.receipt["usd"] == pytest.approx(0.08)
