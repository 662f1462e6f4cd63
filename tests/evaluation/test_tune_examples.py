"""Splitting briefs, drawing examples, and writing them into a prompt: the same every time, and only as data."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overpaint.evaluation.harvest_file import Taught
from overpaint.evaluation.tune_examples import (
    Split,
    candidate_sets,
    literal,
    room_for_examples,
    split,
    with_examples,
    without_examples,
)
from overpaint.evaluation.tune_versions import written
from overpaint.graph.templates import text_of
from overpaint.prompts import load, parse
from overpaint.tools.faults import BadInput

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0")) | st.sampled_from(
    [
        "{{ brief }}",
        "{%",
        "{% raw %}",
        "{% endraw %}",
        "{#",
        "<!-- human -->",
        "{<!--",
        "</brief>",
        "---\n",
        "{{{",
        "\\{",
    ]
)
HOSTILE = st.lists(TEXTS, min_size=1, max_size=5).map("".join)


def taught(number: int, **more: Any) -> Taught:
    plain: dict[str, Any] = {
        "run": f"run-{number}", "brief": f"brief {number}", "prompt": f"prompt {number}", "category": "", "edits": 0,
        "success": True, "requirements": None, "truth": None, "painter": "",
    }  # fmt: skip
    return Taught(**{**plain, **more})


def briefs(part: Split) -> list[set[str]]:
    return [{group.row["brief"] for group in groups} for groups in (part.examples, part.validation, part.unseen)]


def test_every_brief_is_in_one_part_and_stays_there_when_the_harvest_grows() -> None:
    small, large = (briefs(split([taught(n) for n in range(count)], 0.6)) for count in (60, 200))
    assert [len(part) for part in large] == [81, 59, 60]
    assert not any(one & other for one, other in combinations(large, 2))
    assert set.union(*large) == {f"brief {n}" for n in range(200)}
    assert all(before <= after for before, after in zip(small, large, strict=True))
    assert briefs(split([taught(n) for n in reversed(range(200))], 0.6)) == large


def test_wordings_that_differ_in_case_and_spaces_alone_are_one_brief() -> None:
    lines = [taught(n) for n in range(40)] + [taught(100 + n, brief=f" BRIEF   {n}") for n in range(40)]
    parts = split(lines, 0.6)
    groups = [*parts.examples, *parts.validation, *parts.unseen]
    assert sorted(len(group.taught) for group in groups) == [2] * 40
    assert len({group.id for group in groups}) == 40


def test_a_limit_takes_briefs_from_all_parts_and_a_smaller_one_fewer_of_the_same() -> None:
    lines = [taught(n) for n in range(200)]
    less, more = (briefs(split(lines, 0.6, limit)) for limit in (50, 100))
    assert sum(map(len, less)) == 50
    assert all(less)
    assert all(one <= other for one, other in zip(less, more, strict=True))


def test_what_is_known_of_a_brief_comes_from_the_line_that_knows_it() -> None:
    truth: Any = {"groups": [], "links": []}
    lines = [taught(n) for n in range(40)]
    lines += [taught(100 + n, brief=f"brief {n}", truth=truth, requirements=[{"text": "x"}]) for n in range(40)]
    row = split(lines, 0.6).unseen[0].row
    assert (row["truth"], row["requirements"]) == (truth, [{"text": "x"}])


def test_too_few_briefs_to_tell_anything_are_refused() -> None:
    with pytest.raises(BadInput, match=r"too few briefs to measure: of 9, .* it takes 6 unseen ones"):
        split([taught(n) for n in range(9)], 0.6)


def test_sets_are_different_and_hold_only_what_came_out_right_as_painted() -> None:
    wrong: list[dict[str, Any]] = [{"success": False}, {"success": None}, {"edits": 1}, {"prompt": "x" * 4000}]
    groups = split([taught(n, **(wrong[n % 8] if n % 8 < 4 else {})) for n in range(200)], 0.6).examples
    sets = candidate_sets(groups, 3, 20, 6000)
    assert len({frozenset(one.run for one in some) for some in sets}) == 20
    assert all(len(some) == 3 and all(int(one.run[4:]) % 8 >= 4 for one in some) for some in sets)
    assert candidate_sets(groups, 3, 20, 6000) == sets
    assert len(candidate_sets(groups[:4], 1, 50, 6000)) < 5


def test_too_few_successes_are_refused() -> None:
    groups = split([taught(n, success=False) for n in range(60)], 0.6).examples
    with pytest.raises(BadInput, match=f"too few successes to learn from: 0 of the {len(groups)} briefs"):
        candidate_sets(groups, 3, 8, 6000)


@settings(max_examples=60)
@given(HOSTILE, HOSTILE)
def test_examples_are_shown_as_they_are_and_can_neither_close_a_tag_nor_be_a_template(brief: str, prompt: str) -> None:
    base = load("upsample")
    example = taught(1, brief=brief.strip(), prompt=prompt.strip())
    tuned = text_of("upsample", {"upsample.system": with_examples(base.system, [example])})
    read = parse("upsample", 2, written(tuned, "Of this test."))
    assert (read.system, read.human) == (tuned.system, tuned.human)
    system, human = read.render(brief="a star", token_limit=77)
    assert human == base.render(brief="a star", token_limit=77)[1]
    shown = [
        text.replace("\r\n", "\n").replace("\r", "\n").replace("</", "<\\/") for text in (example.brief, example.prompt)
    ]
    assert system.startswith(base.render(brief="a star", token_limit=77)[0])
    assert system.endswith("<example>\n<brief>\n{}\n</brief>\n<prompt>\n{}\n</prompt>\n</example>".format(*shown))
    assert system.count("</brief>") == 1


def test_examples_take_the_place_of_those_before() -> None:
    base = load("upsample").system
    once = with_examples(base, [taught(1, brief=literal("{# examples #}"))])
    assert with_examples(once, [taught(2)]) == with_examples(base, [taught(2)])
    assert without_examples(once) == base
    assert room_for_examples(once) == room_for_examples(base) > 4000
