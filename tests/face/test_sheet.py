"""The drawn contact sheet: it says what the page says, all of it on its card, and rounds are read in order."""

from dataclasses import replace
from typing import Any

import pytest
from PIL import Image, ImageColor, ImageFont

from overpaint.cards import Card, Words, cards_of, rounds_of, squeezed
from overpaint.result import Run
from overpaint.sheet import NEW, draw_sheet
from overpaint.sheet_layout import COLUMNS, EDGE, WIDTH, Caption, break_lines, caption_of, lay_out

pytestmark = pytest.mark.slow

SIDE = 300
"""Side of the picture above a caption."""


def measure(text: str, size: int) -> float:
    return float(ImageFont.load_default(size).getlength(text))


def caption(card: Card) -> Caption:
    return caption_of(card, SIDE, measure)


def said(below: Caption, *kinds: str) -> str:
    return " ".join(piece.text for piece in below.pieces if not kinds or piece.kind in kinds)


def with_prompt(run: Run, prompt: str) -> Run:
    return replace(run, candidates=[{**record, "prompt": prompt} for record in run.candidates])


def pixels(image: Image.Image, colour: str) -> int:
    wanted = ImageColor.getrgb(colour)
    return sum(number for number, found in image.getcolors(1 << 20) or [] if found == wanted)


def test_a_card_of_the_png_says_what_the_page_says(told: Run) -> None:
    below = {card.record["id"]: caption(card) for card in cards_of(told)}
    assert "from 0.1 · seed 1234" in said(below["1.0"], "made")
    assert said(below["0.0"], "made") == "seed 1234"
    assert said(below["1.0"], "id", "action", "score") == "1.0 revise 83%"
    assert said(below["1.0"], "why") == "lacks: a yellow star in the right"
    assert said(below["0.2"], "why") == "failed: the painter ran out of memory; lower size or per_round"
    assert said(below["1.1"], "why") == "duplicate: the same picture as 1.0"
    assert [tick.answer for tick in below["1.0"].ticks] == ["yes", "yes", "yes", "no", "yes", "yes"]
    assert said(below["2.1"], "aside", "same") == "only in the box: a yellow star"


def test_a_card_says_where_a_person_edited_the_prompt(told: Run) -> None:
    changed = {**told.candidates[3], "suggested": "another prompt"}
    (card,) = cards_of(replace(told, candidates=[changed]))  # type: ignore[list-item]
    assert "from 0.1 · edited by a person · seed 1234" in said(caption(card), "made")


@pytest.mark.parametrize("prompt", ["", "red", "a red circle " * 90, "w" * 5000, "ends here.\nAnd\tgoes on " * 30])
def test_what_is_written_stays_on_its_card(told: Run, prompt: str) -> None:
    for card in cards_of(with_prompt(told, prompt)):
        below = caption(card)
        assert all(piece.x >= 0 and piece.x + measure(piece.text, piece.size) <= SIDE for piece in below.pieces)
        assert all(piece.y + piece.size < below.height for piece in below.pieces)
        assert all(tick.x + 21 <= SIDE and tick.y + 21 < below.height for tick in below.ticks)
        assert len({piece.y for piece in below.pieces if piece.kind in ("same", "new", "gone")}) <= 5


def test_many_requirements_take_several_rows_of_marks(told: Run) -> None:
    card = cards_of(told)[0]
    below = caption(replace(card, marks=card.marks * 6))
    assert len(below.ticks) == 36
    assert len({(tick.x, tick.y) for tick in below.ticks}) == 36
    assert max(tick.x + 21 for tick in below.ticks) <= SIDE


def test_changes_at_both_ends_of_a_long_prompt_are_both_shown(told: Run) -> None:
    start, end = "one two three four " * 30, "five six seven eight " * 30
    card = replace(cards_of(told)[0], words=[Words(start, "same"), Words("BIG", "new"), Words(end, "same"),
                                             Words("CROSS", "new")])  # fmt: skip
    below = caption(card)
    assert said(below, "new") == "BIG CROSS"
    assert said(below, "same").startswith("one two three four …")
    assert squeezed([Words(start, "same")]) == [Words(start, "same")]


@pytest.mark.parametrize(("most", "lines"), [(9, ["aa bb", "cc dd", "ee"]), (2, ["aa bb", "cc…"]), (1, ["aa…"])])
def test_words_are_broken_into_lines_with_an_ellipsis_where_some_are_left_out(most: int, lines: list[str]) -> None:
    broken = break_lines([("aa bb cc", "same"), ("dd ee", "new")], 1, 5, lambda text, _: len(text), most)
    assert [" ".join(word for word, _ in line) for line in broken] == lines


def test_changed_words_are_highlighted_in_the_png(told: Run) -> None:
    plain = with_prompt(told, told.brief)
    assert pixels(draw_sheet(plain), NEW) == 0
    assert pixels(draw_sheet(told), NEW) > 400


def test_the_sheet_grows_with_its_prompts_and_no_further_than_five_lines(told: Run) -> None:
    short, long, longer = (draw_sheet(with_prompt(told, "a red circle " * n)).height for n in (1, 40, 400))
    assert short < long == longer


@pytest.mark.parametrize("sizes", [[2] * 7, [3, 3, 2], [1], [11, 2], [4, 5, 1, 1, 1, 1]])
def test_rounds_stand_beside_each_other_in_reading_order(told: Run, sizes: list[int]) -> None:
    first = told.candidates[0]
    records: Any = [{**first, "id": f"{n}.{i}", "round": n} for n, size in enumerate(sizes) for i in range(size)]
    cards = cards_of(replace(told, candidates=records))
    layout = lay_out(rounds_of(cards), 100, measure)
    assert [spot.card for spot in sorted(layout.spots, key=lambda spot: (spot.y, spot.x))] == cards
    assert all(spot.x >= EDGE and spot.x + spot.side <= WIDTH - EDGE for spot in layout.spots)
    assert all(spot.y + spot.height < layout.bottom for spot in layout.spots)
    starts = [(spot.x, spot.card.record["round"]) for spot in layout.spots if spot.card.record["id"].endswith(".0")]
    assert [(h.x, h.number) for h in layout.headings if h.said != "continued"] == starts


def test_rounds_of_two_leave_no_half_of_the_sheet_empty(told: Run) -> None:
    records: Any = [{**told.candidates[0], "id": f"{n // 2}.{n % 2}", "round": n // 2} for n in range(14)]
    spots = lay_out(rounds_of(cards_of(replace(told, candidates=records))), 0, measure).spots
    rows = {spot.y for spot in spots}
    assert len(rows) == 4
    assert len({spot.x for spot in spots}) == COLUMNS[0]
