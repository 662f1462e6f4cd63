"""The contact sheet as one picture: the champion with its verdict on top, every candidate below. Drawn with Pillow."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from overpaint.cards import Card, Mark, cards_of, rounds_of
from overpaint.phrases import clean, counted, receipt_line
from overpaint.result import Run

if TYPE_CHECKING:
    from PIL import Image, ImageDraw

    Canvas = ImageDraw.ImageDraw

WIDTH, EDGE, GAP = 1440, 56, 24
"""Width of the sheet, its margin, and the space between two pictures, in pixels."""
PLATE = 440
"""Side of the champion's picture."""
COLUMNS = 5
THUMB = (WIDTH - 2 * EDGE - (COLUMNS - 1) * GAP) // COLUMNS
CAPTION = 76
"""Height of what is written below a picture."""
SHOWN = 120
"""At most so many candidates are drawn; the page shows them all."""

PAPER, CARD, INK, SOFT, RULE, PENCIL = "#f5f2ea", "#fffdf8", "#1e1b17", "#6a645a", "#e1dacb", "#cc2f26"
ANSWERS = {"yes": ("#dcefe2", "#26734a"), "no": ("#f9dfda", "#b3362b"), "unsure": ("#f6e8c8", "#8a5c0a")}
"""Background and foreground of each answer's mark."""
WIDER_FACES = ("NotoSansCJK-Regular.ttc", "DejaVuSans.ttf", "Arial Unicode.ttf", "arialuni.ttf")
"""Fonts tried, where the machine has them, for scripts that Pillow's own font lacks."""


@dataclass(frozen=True)
class Pen:
    """Where drawing goes: `draw` for lines and text, `sheet` to paste pictures on."""

    sheet: Image.Image
    draw: Canvas

    def write(self, x: float, y: float, text: str, size: int, colour: str = INK, bold: float = 0.0) -> None:
        """Write one line of text with its top left corner at (x, y)."""
        self.draw.text((x, y), text, colour, _face(size, text), stroke_width=bold, stroke_fill=colour)


def draw_sheet(run: Run) -> Image.Image:
    """Draw the contact sheet of a run; as tall as its candidates need."""
    from PIL import Image, ImageDraw

    cards = cards_of(run)
    champion = next((card for card in cards if card.champion), None)
    rounds = rounds_of(cards[:SHOWN])
    top = EDGE + max(PLATE if champion else 0, _side_height(run, champion)) + 52
    sheet = Image.new("RGB", (WIDTH, top + sum(_round_height(group) for _, group in rounds) + EDGE + 10), PAPER)
    pen = Pen(sheet, ImageDraw.Draw(sheet))
    _draw_top(pen, run, champion)
    for number, group in rounds:
        _draw_round(pen, number, group, top)
        top += _round_height(group)
    more = len(cards) - SHOWN
    left_out = f"{counted(more, 'more candidate')} on the page · " if more > 0 else ""
    pen.write(EDGE, top + 6, f"{left_out}overpaint", 17, SOFT)
    return sheet


def _brief_lines(run: Run, champion: Card | None) -> list[str]:
    return _wrap(f"“{clean(run.brief, 420)}”", 33, _side_width(champion))


def _why_lines(run: Run, champion: Card | None) -> list[str]:
    return _wrap(clean(run.why or run.error or "", 240), 20, _side_width(champion))[:2]


def _side_width(champion: Card | None) -> int:
    return WIDTH - 2 * EDGE - (PLATE + 48 if champion else 0)


def _side_height(run: Run, champion: Card | None) -> int:
    marks = min(len(champion.marks), 14) if champion else 0
    return 56 + 43 * len(_brief_lines(run, champion)) + 28 * len(_why_lines(run, champion)) + 34 * marks + 80


def _draw_top(pen: Pen, run: Run, champion: Card | None) -> None:
    x = EDGE
    if champion is not None:
        _paste(pen, champion, EDGE, EDGE, PLATE, boxes=False)
        x += PLATE + 48
    y = _draw_status(pen, run, champion, x)
    for line in _brief_lines(run, champion):
        pen.write(x, y, line, 33)
        y += 43
    y += 8
    for line in _why_lines(run, champion):
        pen.write(x, y, line, 20, SOFT)
        y += 28
    y = _draw_marks(pen, champion.marks if champion else [], x, y + 14, _side_width(champion))
    pen.draw.line((x, y + 12, WIDTH - EDGE, y + 12), RULE, 2)
    pen.write(x, y + 24, receipt_line(run.receipt), 19, SOFT)


def _draw_status(pen: Pen, run: Run, champion: Card | None, x: int) -> int:
    answer = {"passed": "yes", "failed": "no"}.get(run.status, "unsure")
    ground, colour = ANSWERS[answer]
    width = pen.draw.textlength(run.status, _face(21, run.status))
    pen.draw.rounded_rectangle((x, EDGE, x + width + 32, EDGE + 36), 18, ground)
    pen.write(x + 16, EDGE + 5, run.status, 21, colour, bold=0.4)
    score = f"  ·  score {champion.score}" if champion and champion.score else ""
    said = f"champion {champion.record['id']}{score}" if champion else "no picture was made"
    pen.write(x + width + 52, EDGE + 6, said, 20, SOFT)
    return EDGE + 56


def _draw_marks(pen: Pen, marks: list[Mark], x: int, y: int, width: int) -> int:
    for mark in marks[:14]:
        _tick(pen, mark.answer, x, y, 24)
        pen.write(x + 38, y - 1, _cut(clean(mark.text), 20, width - 40), 20)
        y += 34
    return y


def _draw_round(pen: Pen, number: int, group: list[Card], top: int) -> None:
    pen.write(EDGE, top, f"Round {number}", 26)
    for place, card in enumerate(group):
        row, column = divmod(place, COLUMNS)
        _draw_card(pen, card, EDGE + column * (THUMB + GAP), top + 50 + row * (THUMB + CAPTION + GAP))


def _round_height(group: list[Card]) -> int:
    rows = -(-len(group) // COLUMNS)
    return 50 + rows * (THUMB + CAPTION + GAP) + 18


def _draw_card(pen: Pen, card: Card, x: int, y: int) -> None:
    pen.draw.rounded_rectangle((x, y, x + THUMB, y + THUMB + CAPTION), 8, CARD)
    _paste(pen, card, x, y, THUMB, boxes=True)
    pen.write(x + 12, y + THUMB + 10, card.record["id"], 19, bold=0.4)
    pen.write(x + 62, y + THUMB + 11, card.action, 18, SOFT)
    if card.score:
        pen.draw.text((x + THUMB - 12, y + THUMB + 10), card.score, INK, _face(19), anchor="ra", stroke_width=0.4)
    if card.why:
        pen.write(x + 12, y + THUMB + 42, _cut(clean(card.why), 16, THUMB - 24), 16, ANSWERS["unsure"][1])
    for place, mark in enumerate(card.marks[: (THUMB - 20) // 26]):
        _tick(pen, mark.answer, x + 12 + 26 * place, y + THUMB + 42, 21)
    if card.champion:
        _circle_it(pen, x, y)


def _circle_it(pen: Pen, x: int, y: int) -> None:
    """Mark the chosen frame as one does on a photographer's contact sheet: by a grease pencil."""
    for spread, width in ((6, 4), (9, 2)):
        box = (x - spread, y - spread, x + THUMB + spread, y + THUMB + CAPTION + spread)
        pen.draw.rounded_rectangle(box, 16, outline=PENCIL, width=width)


def _tick(pen: Pen, answer: str, x: float, y: float, side: int) -> None:
    ground, colour = ANSWERS[answer]
    pen.draw.rounded_rectangle((x, y, x + side, y + side), 5, ground)
    a, b, c = x + side * 0.28, x + side * 0.5, x + side * 0.72
    if answer == "yes":
        points = [(a, y + side * 0.52), (x + side * 0.44, y + side * 0.69), (c, y + side * 0.32)]
        pen.draw.line(points, colour, 3, joint="curve")
    elif answer == "no":
        for start, end in ((a, c), (c, a)):
            pen.draw.line((start, y + side * 0.28, end, y + side * 0.72), colour, 3)
    else:
        pen.draw.text((b, y + side * 0.5), "?", colour, _face(side - 7), anchor="mm", stroke_width=0.4)


def _paste(pen: Pen, card: Card, x: int, y: int, side: int, *, boxes: bool) -> None:
    picture = _open(card.picture, side) if card.picture else None
    pen.draw.rectangle((x, y, x + side - 1, y + side - 1), RULE)
    if picture is None:
        pen.draw.text((x + side / 2, y + side / 2), "no picture", SOFT, _face(18), anchor="mm")
        return
    left, top = x + (side - picture.width) // 2, y + (side - picture.height) // 2
    pen.sheet.paste(picture, (left, top), picture if picture.mode == "RGBA" else None)
    pen.draw.rectangle((x, y, x + side - 1, y + side - 1), outline=RULE)
    for box in card.record["boxes"] if boxes else []:
        corners = [left + box[0] * picture.width, top + box[1] * picture.height]
        corners += [left + box[2] * picture.width, top + box[3] * picture.height]
        pen.draw.rectangle(corners, outline="#111111", width=4)
        pen.draw.rectangle(corners, outline="#ffffff", width=2)


def _open(path: Path, side: int) -> Image.Image | None:
    """A picture that fits a square: small ones enlarged pixel by pixel, large ones smoothly reduced."""
    from PIL import Image

    try:
        with Image.open(path) as opened:
            picture = opened.convert("RGBA" if opened.has_transparency_data else "RGB")
    except (OSError, ValueError, Image.DecompressionBombError):
        return None
    scale = side / max(picture.size)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    return picture.resize(size, Image.Resampling.NEAREST if scale > 1 else Image.Resampling.LANCZOS)


def _wrap(text: str, size: int, width: float) -> list[str]:
    """Break text into lines of at most `width` pixels; a word too long for a line is broken anywhere."""
    lines = [""]
    for word in text.split():
        joined = f"{lines[-1]} {word}".strip()
        if _length(joined, size) <= width:
            lines[-1] = joined
            continue
        lines += [word] if lines[-1] else []
        lines[-1] = lines[-1] or word
        while _length(lines[-1], size) > width:
            cut = max(1, int(len(lines[-1]) * width / _length(lines[-1], size)))
            lines[-1:] = [lines[-1][:cut], lines[-1][cut:]]
    return lines


def _cut(text: str, size: int, width: float) -> str:
    """As much of a text as fits one line, with an ellipsis where some is left out."""
    if _length(text, size) <= width:
        return text
    return _wrap(text, size, width - _length("…", size))[0] + "…"


def _length(text: str, size: int) -> float:
    return float(_face(size, text).getlength(text))


def _face(size: int, text: str = "") -> Any:
    return _wide_face(size) if any(character > "\u2122" for character in text) else _own_face(size)


@cache
def _own_face(size: int) -> Any:
    from PIL import ImageFont

    return ImageFont.load_default(size)


@cache
def _wide_face(size: int) -> Any:
    from PIL import ImageFont

    for name in WIDER_FACES:
        try:
            return ImageFont.truetype(name, size)
        except OSError:
            continue
    return _own_face(size)
