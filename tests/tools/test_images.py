"""The image store: nothing half-written, nothing lost, no path that climbs."""

from __future__ import annotations

import asyncio
import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from overpaint.tools.decoding import BadPicture
from overpaint.tools.faults import BadInput
from overpaint.tools.files import refresh, remove_if_old
from overpaint.tools.images import ImageRef, ImageStore

Draw = Callable[..., bytes]
DISC = (20, 20, 8, "red")


def files(root: Path) -> list[Path]:
    return sorted(path for path in root.rglob("*") if path.is_file())


@pytest.mark.parametrize(("encoding", "suffix"), [("PNG", "png"), ("JPEG", "jpg"), ("WEBP", "webp"), ("GIF", "gif")])
async def test_a_picture_is_kept_by_its_content(encoding: str, suffix: str, draw: Draw, tmp_path: Path) -> None:
    images, data = ImageStore(tmp_path / "images"), draw(DISC, encoding=encoding)
    ref = await images.save(data)
    sha256 = hashlib.sha256(data).hexdigest()
    assert images.path(ref) == tmp_path / "images" / sha256[:2] / f"{sha256}.{suffix}"
    assert files(tmp_path) == [images.path(ref)]
    assert await images.load(sha256) == data


async def test_saving_again_changes_nothing_but_the_time(draw: Draw, tmp_path: Path) -> None:
    images, data = ImageStore(tmp_path), draw(DISC)
    refs = await asyncio.gather(*(images.save(data) for _ in range(20)))
    path = images.path(refs[0])
    os.utime(path, (1, 1))
    before = path.stat()
    assert await images.save(data) == refs[0]
    assert path.stat().st_ino == before.st_ino
    assert time.time() - path.stat().st_mtime < 60
    assert len(files(tmp_path)) == 1


async def test_a_picture_saved_again_is_spared_by_whoever_removes_old_ones(draw: Draw, tmp_path: Path) -> None:
    images, data = ImageStore(tmp_path), draw(DISC)
    path = images.path(await images.save(data))
    os.utime(path, (1, 1))
    await images.save(data)
    assert not remove_if_old(path, time.time() - 60)
    assert await images.load(path.stem) == data
    os.utime(path, (1, 1))
    assert remove_if_old(path, time.time() - 60)
    assert not remove_if_old(path, time.time() - 60)
    assert files(tmp_path) == []


def test_a_file_that_is_refreshed_while_it_is_removed_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(b"x")
    os.utime(path, (1, 1))
    rename = Path.rename

    def refreshed_just_before(self: Path, target: Path) -> Path:
        assert refresh(self)
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refreshed_just_before)
    assert not remove_if_old(path, time.time() - 60)
    assert files(tmp_path) == [path]


async def test_saving_and_removing_at_once_never_loses_a_picture(draw: Draw, tmp_path: Path) -> None:
    images, data = ImageStore(tmp_path), draw(DISC)
    path = images.path(await images.save(data))

    for _ in range(100):
        os.utime(path, (1, 1))
        await asyncio.gather(asyncio.to_thread(remove_if_old, path, time.time() - 60), images.save(data))
        assert await images.load(path.stem) == data


async def test_half_a_file_is_noticed_and_healed_by_saving_again(draw: Draw, tmp_path: Path) -> None:
    images, data = ImageStore(tmp_path), draw(DISC)
    ref = await images.save(data)
    images.path(ref).write_bytes(data[: len(data) // 2])
    with pytest.raises(BadInput, match="damaged"):
        await images.load(ref["sha256"])
    await images.save(data)
    assert await images.load(ref["sha256"]) == data


async def test_what_is_no_picture_is_not_kept(tmp_path: Path) -> None:
    for data in (b"", b"junk", b"\x89PNG\r\n\x1a\n" + bytes(50)):
        with pytest.raises(BadPicture):
            await ImageStore(tmp_path).save(data)
    assert files(tmp_path) == []


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "", "a" * 63, "A" * 64, "a" * 64 + "\n", "/" + "a" * 63, "..", 7, None, b"a" * 64]
)
async def test_a_name_that_is_no_sha256_is_refused(name: str, tmp_path: Path) -> None:
    images = ImageStore(tmp_path)
    with pytest.raises(BadInput, match="not a sha256"):
        await images.load(name)
    with pytest.raises(BadInput, match="not a sha256"):
        images.path(ImageRef(sha256=name, mime="image/png", width=1, height=1))


def test_a_type_that_is_not_stored_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="image/bmp"):
        ImageStore(tmp_path).path(ImageRef(sha256="a" * 64, mime="image/bmp", width=1, height=1))


async def test_a_missing_picture_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=f"no picture {'a' * 64} in {tmp_path}"):
        await ImageStore(tmp_path).load("a" * 64)


async def test_a_full_disk_leaves_no_half_file(draw: Draw, tiny_disk: Path) -> None:
    images = ImageStore(tiny_disk)
    small = await images.save(draw(DISC))
    with pytest.raises(BadInput, match=r"disk is full.*OVERPAINT_HOME"):
        await images.save(draw(DISC, size=(200, 200), compress_level=0))
    assert files(tiny_disk) == [images.path(small)]


async def test_a_place_that_is_no_folder_is_refused(draw: Draw, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(BadInput, match="not a folder"):
        await ImageStore(tmp_path / "file" / "images").save(draw(DISC))


_LIMITED = """
import asyncio, resource, sys
from pathlib import Path
from overpaint.tools.faults import BadInput
from overpaint.tools.images import ImageStore
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
try:
    asyncio.run(ImageStore(Path(sys.argv[1])).save(Path(sys.argv[2]).read_bytes()))
except BadInput as fault:
    print(fault)
"""


def test_a_disk_that_stops_half_way_leaves_no_half_file(draw: Draw, tmp_path: Path) -> None:
    source = tmp_path / "source.png"
    source.write_bytes(draw(DISC, size=(200, 200), compress_level=0))
    root = tmp_path / "images"
    command = [sys.executable, "-W", "error", "-c", _LIMITED, str(root), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"cannot use {root}")
    assert "OVERPAINT_HOME" in done.stdout
    assert files(root) == []


_KILLED = """
import hashlib, os, sys
from pathlib import Path
from overpaint.tools import files
os.fsync = lambda handle: os.kill(os.getpid(), 9)
data = bytes(1000)
files.write_once(Path(sys.argv[1]) / f"{hashlib.sha256(data).hexdigest()}.bin", data)
"""


def test_a_process_killed_while_writing_leaves_no_file_of_that_name(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", _KILLED, str(tmp_path)], timeout=60)
    assert done.returncode == -9
    assert [path for path in files(tmp_path) if path.suffix == ".bin"] == []
