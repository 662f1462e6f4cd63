"""Every example in docs/examples runs, offline, and does what it says."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

EXAMPLES = Path(__file__).parent.parent / "docs" / "examples"

pytestmark = pytest.mark.slow


def ran(name: str) -> Any:
    """What an example's `main` returned."""
    return runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")["result"]


def test_every_example_has_a_test() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.py")} == {"agent", "chat", "embedding", "subgraph"}


def test_an_agent_paints_with_the_tool(capsys: pytest.CaptureFixture[str]) -> None:
    result = ran("agent")
    assert result["said"] == "There it is."
    assert result["artifact"]["verdict"]["passed"]
    printed = capsys.readouterr().out
    assert "Every picture is judged by this checklist" in printed
    assert "painted" in printed


def test_a_chat_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    first, second = ran("chat")
    assert first["champion"]["score"] == second["champion"]["score"] == 1.0
    assert first["champion"]["image"] != second["champion"]["image"]
    assert "a large blue circle" in second["messages"][-1].text
    assert second["messages"][-1].text in capsys.readouterr().out


def test_a_graph_holds_ours_as_a_node(capsys: pytest.CaptureFixture[str]) -> None:
    values = ran("subgraph")
    assert values["messages"][-1].text == "Dear Ada, that was 1 picture(s)."
    assert values["champion"]["score"] == 1.0
    assert set(values) == {"customer", "brief", "champion", "receipt", "messages"}
    assert "base64" not in repr(values)
    assert "('paint:" in capsys.readouterr().out


def test_a_fastapi_app_mounts_ours() -> None:
    result = ran("embedding")
    assert (result["status"], result["type"]) == ("passed", "image/png")
    assert result["models"]["object"] == "list"
