"""What the README says is what there is."""

from __future__ import annotations

import re
from pathlib import Path

from overpaint.graph.flow import build_graph
from overpaint.graph.settings import Settings

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")


def test_the_readme_shows_the_flow_as_it_is() -> None:
    shown = README.split("```mermaid\n", 1)[1].split("```", 1)[0]
    assert shown.strip() == build_graph().get_graph(xray=True).draw_mermaid().strip()


def test_the_readme_lists_every_file_and_no_other() -> None:
    tree = README.split("## The files", 1)[1].split("## Develop", 1)[0]
    listed = set(re.findall(r"[\w]+\.py\b", tree))
    folders = [ROOT / name for name in ("graph", "tools", "prompts", "bench", "src/overpaint/shapes")]
    files = [p for folder in folders for p in folder.rglob("*.py")] + list((ROOT / "src" / "overpaint").glob("*.py"))
    assert listed == {p.name for p in files} - {"__init__.py", "__main__.py"}


def test_settings_named_in_the_readme_exist() -> None:
    named = set(re.findall(r"--set (\w+)=", README))
    assert named
    assert named - {"key"} <= set(Settings.model_fields)


def test_links_in_the_readme_lead_somewhere() -> None:
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
