"""Imports go one way, files stay small, and importing the flow has no effects."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LAYERS = {"graph": ROOT / "graph", "tools": ROOT / "tools", "prompts": ROOT / "prompts", "": ROOT / "src" / "overpaint"}
ALLOWED = {
    "prompts": {"prompts"},
    "tools": {"tools"},
    "graph": {"graph", "tools", "prompts"},
    "shapes": {"shapes", "tools"},
}
HEAVY = (
    "torch",
    "diffusers",
    "transformers",
    "accelerate",
    "numpy",
    "openai",
    "langchain_openai",
    "langchain_nvidia_ai_endpoints",
    "aiohttp",
    "psycopg",
    "psycopg_pool",
)


def sources() -> list[tuple[str, Path]]:
    found = []
    for layer, folder in LAYERS.items():
        for path in sorted(folder.rglob("*.py")):
            inside = path.relative_to(folder).parts
            if layer or inside[0] not in ("graph", "tools", "prompts"):
                found.append((layer or (inside[0] if inside[0] == "shapes" else "app"), path))
    return found


SOURCES = sources()


def imported(path: Path) -> list[tuple[str, bool]]:
    """Every module a file names in an import, and whether that happens as soon as the file is imported."""
    tree = ast.parse(path.read_text("utf-8"))
    at_once = {id(n) for n in tree.body}
    names = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [(alias.name, id(node) in at_once) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names.append((node.module or "", id(node) in at_once))
    return names


@pytest.mark.parametrize(("layer", "path"), SOURCES, ids=[str(p.relative_to(ROOT)) for _, p in SOURCES])
def test_layers_go_one_way(layer: str, path: Path) -> None:
    for name, at_once in imported(path):
        if name.startswith("overpaint.") and layer in ALLOWED:
            assert name.split(".")[1] in ALLOWED[layer], f"{layer} imports {name}"
        if at_once:
            assert name.split(".")[0] not in HEAVY, f"{name} must be imported where it is used"


@pytest.mark.parametrize(("layer", "path"), SOURCES, ids=[str(p.relative_to(ROOT)) for _, p in SOURCES])
def test_files_stay_small(layer: str, path: Path) -> None:
    text = path.read_text("utf-8")
    assert len(text.splitlines()) <= 250 or "lines because" in (ast.get_docstring(ast.parse(text)) or "")


EFFECTS = """
import sys
allowed = tuple(sys.argv[1].split("|"))
def watch(event, args):
    if event == "open" and isinstance(args[0], str):
        writes = isinstance(args[1], str) and any(m in args[1] for m in "wax+")
        assert not writes, f"writes {args[0]}"
        assert args[0].startswith(allowed), f"reads {args[0]}"
    assert event not in ("os.mkdir", "os.rename", "sqlite3.connect", "socket.connect"), event
import langgraph.graph, langgraph.checkpoint.base, langchain_core.tools, langchain.chat_models, yaml, jinja2.sandbox
import langgraph.runtime, langgraph.types, langgraph.errors
sys.addaudithook(watch)
import overpaint.graph.flow
heavy = sorted(m for m in sys.argv[2].split("|") if m in sys.modules)
assert not heavy, heavy
"""


@pytest.mark.slow
def test_importing_the_flow_loads_nothing_heavy_and_touches_nothing(tmp_path: Path) -> None:
    allowed = "|".join([str(ROOT), sys.prefix, sys.base_prefix, "/etc", "/usr", "/proc"])
    ran = subprocess.run(
        [sys.executable, "-B", "-c", EFFECTS, allowed, "|".join(HEAVY)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert not list(tmp_path.iterdir())
