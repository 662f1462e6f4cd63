"""Changed words and the lineage chart: pure, so tried on anything."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from overpaint.cards import cards_of, changed_words, marks_of
from overpaint.lineage import chart_of
from overpaint.phrases import clean, percent, receipt_line, seconds
from overpaint.result import Run

words = st.lists(st.sampled_from(["a", "red", "blue", "circle,", "square", "above", "the", "left."]), max_size=12).map(
    " ".join
)


@given(words, words)
def test_what_is_not_gone_is_the_new_prompt_and_what_is_not_new_was_in_the_old(before: str, after: str) -> None:
    parts = changed_words(before, after)
    assert " ".join(part.text for part in parts if part.change != "gone") == after
    old = [word.rstrip(".,").casefold() for word in before.split()]
    same = [w.rstrip(".,").casefold() for part in parts if part.change == "same" for w in part.text.split()]
    rest = iter(old)
    assert all(word in rest for word in same)


def test_only_what_changed_is_marked() -> None:
    parts = [(part.text, part.change) for part in changed_words("a red circle", "a big blue circle")]
    assert parts == [("a", "same"), ("red", "gone"), ("big blue", "new"), ("circle", "same")]


def test_a_prompt_without_a_parent_or_of_great_length_is_not_marked() -> None:
    assert [part.change for part in changed_words(None, "a red circle")] == ["same"]
    assert [part.change for part in changed_words("x " * 3000, "y " * 3000)] == ["same"]


def test_marks_carry_text_evidence_and_disputes(told: Run) -> None:
    marks = marks_of(told.checklist, told.candidates[1])
    assert [mark.symbol for mark in marks] == list("✓✗✓?✓✓")
    assert marks[1].text == "a blue square in the top right"
    assert marks[1].looks == "yes, then no, then no"


def test_the_chart_stands_better_candidates_higher_and_leads_to_the_champion(told: Run) -> None:
    chart = chart_of(cards_of(told))
    y = {node.card.record["id"]: node.y for node in chart.nodes}
    assert y["2.1"] < y["1.0"] < y["0.1"] < y["0.0"] < chart.floor < y["0.2"]
    assert [edge.winning for edge in chart.edges].count(True) == 2
    assert all(0 < node.x < chart.width and 0 < node.y < chart.height for node in chart.nodes)
    assert [band.number for band in chart.bands] == [0, 1, 2]


@given(st.text())
def test_cleaned_text_has_no_control_characters_and_one_line(text: str) -> None:
    said = clean(text, 40)
    assert len(said) <= 40
    assert not any(ord(c) < 32 or 0x7F <= ord(c) < 0xA0 or 0x202A <= ord(c) <= 0x202E for c in said)


def test_scores_times_and_money_are_said_without_flattery(told: Run) -> None:
    assert [percent(score) for score in (None, 0, 0.5, 0.996, 1)] == ["-", "0%", "50%", "99%", "100%"]
    assert [seconds(value) for value in (0.04, 59.9, 125)] == ["0.0 s", "59.9 s", "2 min 05 s"]
    assert receipt_line({**told.receipt, "images": 1, "usd": None}).startswith("1 image · 19 calls · 2,840 tokens")
    assert receipt_line({**told.receipt, "usd": 0.0412}).endswith("$0.0412")


def test_a_picture_judged_by_another_checklist_keeps_its_own_words(told: Run) -> None:
    record = told.candidates[0]
    assert record["verdict"] is not None
    beliefs = [{**b, "text": f"what {b['requirement']} asked before"} for b in record["verdict"]["beliefs"]]
    before: Any = {**record, "verdict": {**record["verdict"], "beliefs": beliefs}}
    assert [m.text for m in marks_of(told.checklist, before)] == [b["text"] for b in beliefs]
    assert [m.text for m in marks_of(told.checklist, record)] == [r["text"] for r in told.checklist]
