"""Checkpoints take less room, and those of before are still read."""

from __future__ import annotations

import pytest
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

from overpaint.graph.compressed import compressed

STATE = {"messages": ["the same words again and again"] * 50, "round": 3}


def test_what_is_kept_comes_back_and_is_smaller() -> None:
    kind, data = compressed().dumps_typed(STATE)
    assert compressed().loads_typed((kind, data)) == STATE
    assert 3 * len(data) < len(JsonPlusSerializer().dumps_typed(STATE)[1])


def test_what_was_kept_before_is_read_as_it_is() -> None:
    assert compressed().loads_typed(JsonPlusSerializer().dumps_typed(STATE)) == STATE


def test_what_another_program_encrypted_is_named() -> None:
    with pytest.raises(ValueError, match="'aes'"):
        compressed().loads_typed(("msgpack+aes", b""))
