from __future__ import annotations

import os
from pathlib import Path

import pytest

from overpaint.tools.faults import BadInput
from overpaint.tools.keys import find_key, needed_key
from overpaint.tools.provider_errors import redacted


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FIRST", "SECOND"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(f"{name}_FILE", raising=False)


def test_the_environment_comes_before_the_file_and_the_first_name_before_the_second(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert find_key("FIRST", "SECOND") is None
    monkeypatch.setenv("SECOND", " second-value \n")
    assert find_key("FIRST", "SECOND") == "second-value"
    (tmp_path / "key").write_text("from-file\n")
    monkeypatch.setenv("FIRST_FILE", str(tmp_path / "key"))
    assert find_key("FIRST", "SECOND") == "from-file"
    monkeypatch.setenv("FIRST", "from-environment")
    assert find_key("FIRST", "SECOND") == "from-environment"


def test_a_missing_key_says_how_to_give_it() -> None:
    with pytest.raises(BadInput, match=r"openai:x needs a key: set FIRST or FIRST_FILE"):
        needed_key("FIRST", "SECOND", name="openai:x")


@pytest.mark.parametrize("content", [None, b"", b"\n", b"\xff\xfe", b"one\ntwo", "schlüssel".encode(), b"two" * 5000])
def test_a_file_that_holds_no_key_is_named_and_never_quoted(
    content: bytes | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "key"
    if content is not None:
        file.write_bytes(content)
    monkeypatch.setenv("FIRST_FILE", str(file))
    with pytest.raises(BadInput, match="FIRST") as caught:
        find_key("FIRST")
    assert "two" not in str(caught.value)
    assert "schl" not in str(caught.value)


def test_a_pipe_is_no_file_and_is_not_waited_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "key")
    monkeypatch.setenv("FIRST_FILE", str(tmp_path / "key"))
    with pytest.raises(BadInput, match=r"FIRST_FILE names .* no file"):
        find_key("FIRST")


def test_a_mark_of_the_byte_order_is_no_part_of_a_key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("the-key\n", encoding="utf-8-sig")
    monkeypatch.setenv("FIRST_FILE", str(tmp_path / "key"))
    assert find_key("FIRST") == "the-key"


def test_what_was_handed_out_is_scrubbed_whatever_its_variable_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRST", "plain-looking-value-1")
    assert redacted("it says plain-looking-value-1") == "it says plain-looking-value-1"
    find_key("FIRST")
    monkeypatch.delenv("FIRST")
    assert redacted("it says plain-looking-value-1") == "it says [key]"
