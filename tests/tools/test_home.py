"""The home folder: where it is, that it is made, and what is said when a disk refuses."""

from __future__ import annotations

import asyncio
import errno
import re
import stat
from pathlib import Path

import pytest

from overpaint.tools.faults import BadInput
from overpaint.tools.home import current_home, disk_fault, open_home, use_home


def test_the_environment_names_the_home_and_nothing_is_made(home: Path) -> None:
    assert current_home() == home
    assert not home.exists()


@pytest.mark.parametrize("value", [None, ""])
def test_without_one_it_is_in_the_current_folder(
    value: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OVERPAINT_HOME") if value is None else monkeypatch.setenv("OVERPAINT_HOME", value)
    assert current_home() == tmp_path / ".overpaint"


async def test_use_home_wins_also_in_threads_and_ends_with_its_block(home: Path, tmp_path: Path) -> None:
    with use_home(tmp_path / "mine"):
        with use_home(None):
            assert await asyncio.to_thread(current_home) == tmp_path / "mine"
        with use_home(tmp_path / "inner"):
            assert current_home() == tmp_path / "inner"
        assert current_home() == tmp_path / "mine"
    assert current_home() == home


def test_concurrent_runs_have_homes_of_their_own(tmp_path: Path) -> None:
    async def one(name: str) -> Path:
        with use_home(tmp_path / name):
            await asyncio.sleep(0)
            return current_home()

    async def both() -> list[Path]:
        return [*await asyncio.gather(one("a"), one("b"))]

    assert asyncio.run(both()) == [tmp_path / "a", tmp_path / "b"]


def test_open_makes_it_private_and_leaves_nothing_in_it(home: Path) -> None:
    with use_home(home / "deep" / "er"):
        opened = open_home()
    assert stat.S_IMODE(opened.stat().st_mode) == 0o700
    assert list(opened.iterdir()) == []
    with use_home(opened):
        assert open_home() == opened


def refusal(path: str | Path) -> str:
    with use_home(path), pytest.raises(BadInput) as caught:
        open_home()
    message = str(caught.value)
    assert "\n" not in message
    assert "OVERPAINT_HOME" in message
    return message


def test_a_file_is_no_home(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    assert re.search(rf"{file}: it is not a folder", refusal(file))
    assert re.search("part of the path is not a folder", refusal(file / "below"))


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a folder that not even root can write")
def test_an_unwritable_folder_is_refused() -> None:
    assert "/proc/overpaint" in refusal("/proc/overpaint")
    assert "/proc" in refusal("/proc")


@pytest.mark.parametrize("path", ["~no-such-user-here/x", "nul\0byte", "x" * 5000])
def test_an_impossible_path_is_refused(path: str) -> None:
    refusal(path)


def test_a_loop_of_links_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    refusal(tmp_path / "a")


def test_a_full_disk_is_refused(tiny_disk: Path) -> None:
    (tiny_disk / "filler").write_bytes(bytes(63 * 1024))
    assert "disk is full" in refusal(tiny_disk)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EDQUOT, errno.EIO])
def test_every_disk_fault_names_path_and_remedy(number: int) -> None:
    message = str(disk_fault(OSError(number, "reason"), Path("/some/where")))
    assert "/some/where" in message
    assert "OVERPAINT_HOME" in message
