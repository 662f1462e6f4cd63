"""What the README says is what there is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from overpaint.graph.flow import build_graph
from overpaint.graph.settings import Settings
from overpaint.providers import table

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")


def test_the_readme_shows_the_flow_as_it_is() -> None:
    shown = README.split("```mermaid\n", 1)[1].split("```", 1)[0]
    assert shown.strip() == build_graph().get_graph(xray=True).draw_mermaid().strip()


def test_the_readme_lists_every_file_and_no_other() -> None:
    tree = README.split("## The files", 1)[1].split("## Develop", 1)[0]
    listed = set(re.findall(r"[\w]+\.py\b", tree))
    folders = [
        ROOT / name
        for name in (
            "graph",
            "tools",
            "prompts",
            "bench",
            "src/overpaint/shapes",
            "src/overpaint/evaluation",
            "src/overpaint/server",
        )
    ]
    files = [p for folder in folders for p in folder.rglob("*.py")] + list((ROOT / "src" / "overpaint").glob("*.py"))
    assert listed == {p.name for p in files} - {"__init__.py", "__main__.py"}


def test_the_readme_shows_the_providers_as_they_are() -> None:
    assert "\n".join(table()) in README


def test_settings_named_in_the_readme_exist() -> None:
    named = set(re.findall(r"--set (\w+)=", README))
    assert named
    assert named - {"key"} <= set(Settings.model_fields)


def test_links_in_the_readme_lead_somewhere() -> None:
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", README):
        assert (ROOT / target).exists(), target


REFINES, AGENT = re.findall(r"```python\n(.*?)```", README, re.S)


@pytest.mark.parametrize("code", [pytest.param(REFINES, marks=pytest.mark.slow, id="refines"), AGENT])
def test_the_code_in_the_readme_runs(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-this-test")
    names: dict[str, Any] = {}
    exec(compile(code, "README.md", "exec"), names)
    assert names.get("run") is None or names["run"].champion
    assert names.get("agent") is None or set(names["agent"].get_graph().nodes) >= {"model", "tools"}
