"""Links to pictures: the secret is made once, a signature opens one picture for a time, and nothing else does."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overpaint.tools import links
from overpaint.tools.faults import BadInput
from overpaint.tools.home import open_home, use_home
from overpaint.tools.images import ImageRef
from overpaint.tools.links import check_signature, is_signed, picture_link, picture_path, secret, sign

REF: ImageRef = {"sha256": "ab" * 32, "mime": "image/png", "width": 8, "height": 8}


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVERPAINT_API_KEYS", "alice:one,bob:two")
    monkeypatch.setenv("OVERPAINT_SECRET", "0123456789abcdef")


def parts(link: str) -> tuple[str, str]:
    query = parse_qs(urlsplit(link).query)
    return query["expires"][0], query["signature"][0]


def test_the_secret_is_made_once_for_its_owner_alone_and_read_again(home: Path) -> None:
    made = secret()
    file = home / "secret"
    assert len(made) == 64
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_bytes() == made
    links._read.clear()
    assert secret() == made
    assert [path.name for path in home.iterdir()] == ["secret"]


def test_of_many_that_make_it_at_once_all_have_the_same(tmp_path: Path) -> None:
    def made(_: int) -> str:
        with use_home(tmp_path / "shared"):
            return links._kept(open_home() / "secret")

    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(made, range(40)))) == 1


def test_each_home_has_its_own(tmp_path: Path) -> None:
    with use_home(tmp_path / "one"):
        one = secret()
    with use_home(tmp_path / "two"):
        assert secret() != one


def test_the_environment_goes_first_and_nothing_is_made(home: Path, keys: None) -> None:
    assert secret() == b"0123456789abcdef"
    assert not home.exists()


def test_a_short_secret_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVERPAINT_SECRET", "short")
    with pytest.raises(BadInput, match="OVERPAINT_SECRET has 5 characters"):
        secret()
    monkeypatch.delenv("OVERPAINT_SECRET")
    home.mkdir()
    (home / "secret").write_text("")
    with pytest.raises(BadInput, match=r"the file .*secret has 0 characters"):
        secret()


def test_without_keys_a_path_is_plain(home: Path) -> None:
    assert picture_path(REF) == f"/images/{'ab' * 32}"
    assert picture_path(REF, width=320) == f"/images/{'ab' * 32}/thumb?w=320"
    assert not home.exists()


def test_a_name_that_is_no_sha256_gets_no_path() -> None:
    with pytest.raises(BadInput, match="not a sha256"):
        picture_path({**REF, "sha256": "../../etc/passwd"})


def test_a_signature_opens_picture_and_thumbnail_until_it_ends(keys: None, monkeypatch: pytest.MonkeyPatch) -> None:
    expires, signature = parts(picture_path(REF))
    assert parts(picture_path(REF, width=64)) == (expires, signature)
    assert check_signature(REF["sha256"], expires, signature)
    monkeypatch.setattr("overpaint.tools.links.time.time", lambda: int(expires) + 0.5)
    assert not check_signature(REF["sha256"], expires, signature)


def test_a_link_lasts_what_the_operator_says_or_a_little_longer(keys: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVERPAINT_LINK_SECONDS", "2400")
    monkeypatch.setattr("overpaint.tools.links.time.time", lambda: 1_000_001.0)
    assert parts(picture_path(REF))[0] == "1002500"
    monkeypatch.setattr("overpaint.tools.links.time.time", lambda: 1_000_099.0)
    assert parts(picture_path(REF))[0] == "1002500"


@pytest.mark.parametrize("given", ["0", "-1", "a week", "1.5", "²", "9" * 30])
def test_a_lifetime_that_is_none_is_refused(keys: None, monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("OVERPAINT_LINK_SECONDS", given)
    with pytest.raises(BadInput, match="OVERPAINT_LINK_SECONDS"):
        picture_path(REF)


@pytest.mark.usefixtures("keys")
def test_a_signature_is_none_for_another_picture_a_later_end_or_another_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    expires, signature = parts(picture_path(REF))
    assert not check_signature("cd" * 32, expires, signature)
    assert not check_signature(REF["sha256"], str(int(expires) + 1), signature)
    assert not check_signature(REF["sha256"], f"0{expires}", signature)
    monkeypatch.setenv("OVERPAINT_SECRET", "fedcba9876543210")
    assert not check_signature(REF["sha256"], expires, signature)


def test_one_purpose_is_not_another_and_texts_do_not_run_together(keys: None) -> None:
    assert is_signed(sign("grant", "alice", "x"), "grant", "alice", "x")
    assert not is_signed(sign("grant", "alice", "x"), "picture", "alice", "x")
    assert not is_signed(sign("grant", "ali", "cex"), "grant", "alice", "x")


@given(expires=st.none() | st.text(max_size=30), signature=st.none() | st.text(max_size=80))
def test_nothing_made_up_is_a_signature(expires: str | None, signature: str | None) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OVERPAINT_SECRET", "0123456789abcdef")
        assert not check_signature(REF["sha256"], expires, signature)


def test_a_link_leads_to_the_server_or_to_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert picture_link(REF, tmp_path) == (tmp_path / "ab" / f"{'ab' * 32}.png").as_uri()
    monkeypatch.setenv("OVERPAINT_URL", "https://pictures.example/")
    assert picture_link(REF, tmp_path) == f"https://pictures.example/images/{'ab' * 32}"
