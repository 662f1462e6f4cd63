"""Where everything on the drawn contact sheet goes: words on lines, lines below pictures, rounds beside each other."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from overpaint.cards import Card, Words, squeezed
from overpaint.phrases import clean, counted

WIDTH, EDGE, GAP = 1440, 56, 24
"""Width of the sheet, its margin, and the space between two pictures, in pixels."""
COLUMNS = (4, 5)
"""Cards in a row; the number that leaves fewer places empty is taken."""
HEADING, PAD = 52, 14
"""Height of a round's heading, and the space between a card's rim and its text."""
TICK = 26
"""Room for one mark of a verdict, to each side."""
LONGEST = 200
"""No line holds more characters than this, so that no more of a long word is ever measured."""

Kind = Literal["id", "action", "score", "why", "same", "new", "gone", "aside", "made"]
Token = tuple[str, Kind]
Length = Callable[[str, int], float]
"""The width in pixels of a text in a size."""


@dataclass(frozen=True)
class Piece:
    """A stretch of one line of a caption; (x, y) is its top left corner from that of the caption, in pixels."""

    x: float
    y: float
    text: str
    size: int
    kind: Kind


@dataclass(frozen=True)
class Tick:
    """The place of one requirement's mark in a caption."""

    x: float
    y: float
    answer: str


@dataclass(frozen=True)
class Caption:
    """All that is written below a candidate's picture."""

    pieces: list[Piece]
    ticks: list[Tick]
    height: float


@dataclass(frozen=True)
class Spot:
    """The place of a card: a square picture of `side` pixels and the caption below it."""

    card: Card
    caption: Caption
    x: int
    y: int
    side: int
    height: int


@dataclass(frozen=True)
class Heading:
    """A round's name above its cards, and how far they reach."""

    number: int
    said: str
    x: int
    y: int
    width: int


@dataclass(frozen=True)
class Layout:
    """Every round of a run; `bottom` is where the last row ends."""

    headings: list[Heading]
    spots: list[Spot]
    bottom: int


@dataclass(frozen=True)
class _Stretch:
    """The cards of a round that stand in one row; `said` follows the round's name."""

    number: int
    said: str
    cards: list[Card]


def lay_out(rounds: list[tuple[int, list[Card]]], top: int, length: Length) -> Layout:
    """Put rounds beside each other where they fit a row whole, in reading order; a longer one goes on below."""
    columns = min(COLUMNS, key=lambda number: (number * len(_rows(rounds, number)), number))
    side = (WIDTH - 2 * EDGE - (columns - 1) * GAP) // columns
    headings: list[Heading] = []
    spots: list[Spot] = []
    for row in _rows(rounds, columns):
        captions = {card.record["id"]: caption_of(card, side, length) for part in row for card in part.cards}
        height = side + round(max(caption.height for caption in captions.values()))
        x = EDGE
        for part in row:
            reach = len(part.cards) * (side + GAP) - GAP
            headings.append(Heading(part.number, part.said, x, top, reach))
            for card in part.cards:
                spots.append(Spot(card, captions[card.record["id"]], x, top + HEADING, side, height))
                x += side + GAP
        top += HEADING + height + GAP + 16
    return Layout(headings, spots, top)


def _rows(rounds: list[tuple[int, list[Card]]], columns: int) -> list[list[_Stretch]]:
    rows: list[list[_Stretch]] = []
    free = 0
    for number, group in rounds:
        for start in range(0, len(group), columns):
            part = _Stretch(number, "continued" if start else counted(len(group), "candidate"), group[start:][:columns])
            if len(part.cards) > free or start:
                rows.append([])
                free = columns
            rows[-1].append(part)
            free -= len(part.cards)
    return rows


def caption_of(card: Card, side: int, length: Length) -> Caption:
    """Set what is known of a candidate below a picture `side` pixels wide."""
    width = side - 2 * PAD
    name = card.record["id"]
    pieces = [Piece(PAD, 12, name, 20, "id")]
    pieces.append(Piece(PAD + length(name, 20) + 12, 13, card.action, 18, "action"))
    pieces.append(Piece(side - PAD - length(card.score, 20), 12, card.score, 20, "score"))
    pieces.append(Piece(PAD, 40, cut(_made(card), 15, width, length), 15, "made"))
    y = 66.0 if pieces[-1].text else 46.0
    ticks, y = _ticks(card, width, y)
    for lines in (break_lines(_lacks(card), 15, width, length, 3), _prompt(card, width, length)):
        pieces += [piece for row, line in enumerate(lines) for piece in _set(line, y + 21 * row, length)]
        y += 21 * len(lines) + (8 if lines else 0)
    return Caption(pieces, ticks, y + 6)


def _ticks(card: Card, width: int, y: float) -> tuple[list[Tick], float]:
    across = width // TICK
    ticks = [
        Tick(PAD + TICK * (place % across), y + TICK * (place // across), mark.answer)
        for place, mark in enumerate(card.marks)
    ]
    return ticks, y + TICK * -(-len(ticks) // across) + (6 if ticks else 0)


def _made(card: Card) -> str:
    parent, seed = card.record["parent"], card.record["seed"]
    parts = [f"from {parent}"] * bool(parent) + ["edited by a person"] * ("suggested" in card.record)
    return clean(" · ".join(parts + [f"seed {seed}"] * (seed is not None)))


def _lacks(card: Card) -> list[Token]:
    """Why there is no verdict, or what it found missing; the marks alone do not say which requirement they are."""
    lacking = "; ".join(mark.text for mark in card.marks if mark.answer != "yes")
    said = card.why or (f"lacks: {lacking}" if lacking else "")
    return [(clean(said), "why")]


def _prompt(card: Card, width: int, length: Length) -> list[list[Token]]:
    """The prompt in at most five lines: whole if it fits, else what changed and the words around it."""
    whole = break_lines(_marked(card, card.words), 15, width, length, 6)
    return whole if len(whole) < 6 else break_lines(_marked(card, squeezed(card.words)), 15, width, length, 5)


def _marked(card: Card, words: list[Words]) -> Iterator[Token]:
    boxes = len(card.record["boxes"])
    if boxes:
        yield f"only in the {'box' if boxes == 1 else 'boxes'}:", "aside"
    for part in words:
        yield clean(part.text), part.change


def _set(line: list[Token], y: float, length: Length) -> Iterator[Piece]:
    """Join the words of a line that are marked alike, and place them one after the other."""
    x, start = float(PAD), 0
    for end in range(1, len(line) + 1):
        if end == len(line) or line[end][1] != line[start][1]:
            text = " ".join(word for word, _ in line[start:end])
            yield Piece(x, y, text, 15, line[start][1])
            x += length(text, 15) + length(" ", 15)
            start = end


def break_lines(tokens: Iterable[Token], size: int, width: float, length: Length, most: int) -> list[list[Token]]:
    """Break marked text into at most `most` lines of at most `width` pixels, with an ellipsis where some is left out.

    A word too long for a line is broken anywhere.
    """
    lines: list[list[Token]] = []
    room = 0.0
    for word, kind in _words(tokens, size, width, length):
        needed = length(word, size) + length(" ", size)
        if not lines or needed > room:
            if len(lines) == most:
                lines[-1] = _shortened(lines[-1], size, width, length)
                return lines
            lines.append([])
            room = width + length(" ", size)
        lines[-1].append((word, kind))
        room -= needed
    return lines


def _words(tokens: Iterable[Token], size: int, width: float, length: Length) -> Iterator[Token]:
    for text, kind in tokens:
        for word in text.split():
            rest = word
            while rest:
                keep = _fitting(rest, size, width, length)
                yield rest[:keep], kind
                rest = rest[keep:]


def _fitting(word: str, size: int, width: float, length: Length) -> int:
    """How many characters of a word fit a line: at least one."""
    if len(word) <= LONGEST and length(word, size) <= width:
        return len(word)
    return max(1, bisect_right(range(1, min(len(word), LONGEST) + 1), width, key=lambda n: length(word[:n], size)))


def _shortened(line: list[Token], size: int, width: float, length: Length) -> list[Token]:
    while len(line) > 1 and length(" ".join(word for word, _ in line) + "…", size) > width:
        line = line[:-1]
    *before, (last, kind) = line
    while last and length(" ".join([*(word for word, _ in before), f"{last}…"]), size) > width:
        last = last[:-1]
    return [*before, (f"{last}…", kind)]


def wrap(text: str, size: int, width: float, length: Length, most: int = 99) -> list[str]:
    """Break plain text into lines."""
    return [" ".join(word for word, _ in line) for line in break_lines([(text, "same")], size, width, length, most)]


def cut(text: str, size: int, width: float, length: Length) -> str:
    """As much of a text as fits one line, with an ellipsis where some is left out."""
    return "".join(wrap(text, size, width, length, most=1))
