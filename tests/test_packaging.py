"""The wheel holds what the folders hold, and works where another project has folders of the same names."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PARTS = {"graph": "overpaint/graph", "tools": "overpaint/tools", "prompts": "overpaint/prompts"}
DATA = (".py", ".md", ".yaml", ".typed", ".json", ".safetensors", ".jinja", ".css", ".js", ".html", ".svg")


def ran(*command: str | Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    env = {**{k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "OVERPAINT"))}, **environment}
    return subprocess.run([str(c) for c in command], cwd=cwd, env=env, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the sdist, as a release would be."""
    out = tmp_path_factory.mktemp("dist")
    built = ran(sys.executable, "-m", "build", "--no-isolation", "--outdir", out, ROOT, cwd=out)
    assert built.returncode == 0, built.stdout + built.stderr
    return next(out.glob("*.whl"))


def expected() -> set[str]:
    files = set()
    for folder, package in PARTS.items():
        files |= {f"{package}/{p.relative_to(ROOT / folder)}" for p in (ROOT / folder).rglob("*") if p.suffix in DATA}
    source = ROOT / "src" / "overpaint"
    for path in source.rglob("*"):
        inside = path.relative_to(source)
        if path.suffix in DATA and inside.parts[0] not in PARTS:
            files.add(f"overpaint/{inside}")
    return {f for f in files if "__pycache__" not in f}


@pytest.mark.slow
def test_the_wheel_holds_every_file(wheel: Path) -> None:
    held = {n for n in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in n}
    assert held == expected()
    assert wheel.stat().st_size < 20_000_000


FOREIGN = 'raise RuntimeError("the wrong package was imported")\n'


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with its own graph, tools and prompts packages."""
    folder = tmp_path_factory.mktemp("foreign")
    for name in PARTS:
        (folder / name).mkdir()
        (folder / name / "__init__.py").write_text(FOREIGN)
    return folder


def installed(wheel: Path, folder: Path, *, hidden: tuple[str, ...] = ()) -> Path:
    """An empty venv with the wheel; its dependencies are those of this environment, less the `hidden` ones."""
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    unpacked = ran(python, "-m", "pip", "install", "--no-deps", "--no-index", wheel, cwd=folder)
    assert unpacked.returncode == 0, unpacked.stderr
    ours = next((folder / "lib").glob("python*/site-packages"))
    theirs = Path(next(p for p in sys.path if p.endswith("site-packages")))
    for entry in theirs.iterdir():
        if (
            not entry.name.startswith(("overpaint", "__editable__", "_virtualenv", *hidden))
            and not (ours / entry.name).exists()
        ):
            (ours / entry.name).symlink_to(entry)
    return folder / "bin" / "overpaint"


@pytest.mark.slow
def test_the_installed_wheel_refines_beside_foreign_packages(wheel: Path, foreign: Path, tmp_path: Path) -> None:
    script = installed(wheel, tmp_path / "venv")
    done = ran(script, "refine", "a red circle", "--set", "seed=1", "--quiet", cwd=foreign)
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()).is_file()


@pytest.mark.slow
@pytest.mark.long
def test_without_the_local_extra_refine_names_the_install_line(wheel: Path, foreign: Path, tmp_path: Path) -> None:
    hidden = ("torch", "diffusers", "transformers", "accelerate", "numpy")
    script = installed(wheel, tmp_path / "venv", hidden=hidden)
    done = ran(script, "refine", "a red circle", cwd=foreign, OVERPAINT_HOME=str(tmp_path / "home"))
    assert done.returncode == 2
    assert "pip install 'overpaint[local]'" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "home").exists()
    api = ran(
        script.parent / "python", "-c", "import overpaint.graph.flow, overpaint.run, overpaint.tools.chat", cwd=tmp_path
    )
    assert api.returncode == 0, api.stderr
