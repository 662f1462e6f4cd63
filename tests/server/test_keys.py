"""Keys: who a request comes from, and lists of keys that cannot be meant."""

from __future__ import annotations

import pytest

from overpaint.server.keys import (
    LOCAL,
    Caller,
    Unauthorised,
    caller_of,
    configured,
    first_owner,
    refuse_guessable,
)
from overpaint.tools.faults import BadInput

ALICE, BOB = Caller("alice", "alice"), Caller("bob", "bob")


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVERPAINT_API_KEYS", " alice:one , bob:two,, ")


@pytest.mark.parametrize("unset", [None, "", " , "])
def test_without_keys_everybody_is_local(unset: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    if unset is not None:
        monkeypatch.setenv("OVERPAINT_API_KEYS", unset)
    assert caller_of({"authorization": "Bearer anything"}) == LOCAL
    assert (dict(configured()), first_owner()) == ({}, "local")


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize(
    ("headers", "caller"),
    [
        ({"authorization": "Bearer one"}, ALICE),
        ({"authorization": "bearer  two "}, BOB),
        ({"x-api-key": "two"}, BOB),
        ({"x-api-key": "one", "authorization": "Basic b3BlcmF0b3I="}, ALICE),
    ],
)
def test_a_key_is_read_from_either_header(headers: dict[str, str], caller: Caller) -> None:
    assert caller_of(headers) == caller
    assert first_owner() == "alice"


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer "},
        {"authorization": "one"},
        {"authorization": "Bearer one two"},
        {"authorization": "Bearer alice:one"},
        {"authorization": "Bearer wrong", "x-api-key": "one"},
        {"x-api-key": ""},
        {"x-api-key": "onë\udcff"},
        {"x-auth-scheme": "langsmith", "x-api-key": "lsv2_pt_x"},
    ],
)
def test_anything_else_is_nobody(headers: dict[str, str]) -> None:
    with pytest.raises(Unauthorised, match="send it as `Authorization: Bearer KEY`"):
        caller_of(headers)


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ("alice:", 1),
        (":one", 1),
        ("alice:one,alice:two", 2),
        ("alice:one,bob:one", 2),
        ("alice:one,local:two", 2),
        ("al/ice:one", 1),
        ("alice:o ne", 1),
        ("alice:onë", 1),
        (f"{'a' * 65}:one", 1),
    ],
)
def test_a_list_that_cannot_be_meant_is_refused_without_its_secrets(
    given: str, place: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OVERPAINT_API_KEYS", given)
    with pytest.raises(BadInput, match=f"key {place} needs a name of its own") as caught:
        configured()
    assert "one" not in str(caught.value).replace("alice:SECRET", "")


def test_a_key_without_a_name_is_called_by_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVERPAINT_API_KEYS", "one,bob:two,three")
    assert [caller.name for caller in configured().values()] == ["key1", "bob", "key3"]


def test_short_secrets_are_refused_where_others_can_try_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVERPAINT_API_KEYS", f"alice:{'a' * 16},bob:{'b' * 15}")
    with pytest.raises(BadInput, match="the secret of key 2 has 15 characters and could be guessed"):
        refuse_guessable()
    monkeypatch.setenv("OVERPAINT_API_KEYS", f"alice:{'a' * 16}")
    refuse_guessable()
