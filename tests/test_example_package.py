"""The example package adds a painter through its entry point, and a run paints with it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from PIL import Image, ImageColor

PACKAGE = Path(__file__).parent / "example_package"
BUILD = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the package installed in it: a wheel of pure Python is unpacked, and that is all."""
    source, folder = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("site")
    shutil.copytree(PACKAGE, source, dirs_exist_ok=True)
    built = subprocess.run([sys.executable, "-c", BUILD, str(source)], cwd=source, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    zipfile.ZipFile(next(source.glob("*.whl"))).extractall(folder)
    return folder


def overpaint(*arguments: str, site: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(site or "")}
    command = [sys.executable, "-m", "overpaint", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_a_run_paints_with_the_painter_of_another_package(site: Path) -> None:
    settings = ("--set", "painter=disc:whitesmoke", "--set", "size=128x96", "--json", "--quiet")
    done = overpaint("refine", "a red circle", *settings, site=site)
    assert done.returncode == 0, done.stderr
    run = json.loads(done.stdout)
    assert run["champion"]["passed"]
    with Image.open(run["champion"]["image"]) as image:
        assert image.size == (128, 96)
        assert image.getpixel((0, 0)) == ImageColor.getrgb("whitesmoke")
        assert image.getpixel((64, 48)) == ImageColor.getrgb("red")


def test_what_the_package_refuses_is_one_line(site: Path) -> None:
    refused = overpaint("refine", "a red circle", "--set", "painter=disc:nowhere", site=site)
    assert refused.returncode == 2
    assert "write disc:whitesmoke" in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1
    option = ("--set", "painter=disc:", "--set", "device=cuda")
    assert "does not honour device" in overpaint("refine", "a red circle", *option, site=site).stderr


def test_without_the_package_its_painter_is_not_there() -> None:
    refused = overpaint("refine", "a red circle", "--set", "painter=disc:whitesmoke")
    assert refused.returncode == 2
    assert "there is no painter 'disc'" in refused.stderr
