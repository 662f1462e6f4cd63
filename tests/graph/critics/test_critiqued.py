"""What critics come to: a prompt that follows an idea too."""

from __future__ import annotations

import pytest

from overpaint.graph.critics.critiqued import with_idea
from overpaint.graph.state import Proposal


@pytest.mark.parametrize(
    ("prompt", "whole"),
    [
        ("a lake", "a lake. soft light"),
        ("A lake. ", "A lake. soft light"),
        ("A sign that says: Where is it?", "A sign that says: Where is it? soft light"),
        ("Look! ", "Look! soft light"),
    ],
)
def test_an_idea_is_a_sentence_of_its_own(prompt: str, whole: str) -> None:
    assert with_idea(Proposal(prompt=prompt, boxes=[]), "soft light") == Proposal(prompt=whole, boxes=[])
