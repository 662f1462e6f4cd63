"""The contact sheet as one picture: the champion with its verdict on top, every candidate below. Drawn with Pillow."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from overpaint.cards import Card, Mark, cards_of, rounds_of
from overpaint.phrases import clean, counted, receipt_line
from overpaint.result import Run
from overpaint.sheet_layout import EDGE, WIDTH, Heading, Kind, Piece, Spot, cut, lay_out, wrap

if TYPE_CHECKING:
    from PIL import Image, ImageDraw

    Canvas = ImageDraw.ImageDraw

PLATE = 440
"""Side of the champion's picture."""
SHOWN = 120
"""At most so many candidates are drawn; the page shows them all."""

PAPER, CARD, INK, SOFT, RULE, PENCIL = "#f5f2ea", "#fffdf8", "#1e1b17", "#6a645a", "#e1dacb", "#cc2f26"
ANSWERS = {"yes": ("#dcefe2", "#26734a"), "no": ("#f9dfda", "#b3362b"), "unsure": ("#f6e8c8", "#8a5c0a")}
"""Background and foreground of each answer's mark."""
NEW = "#fbe6a2"
"""The highlighter that marks words which the parent's prompt did not have."""
INKS: dict[Kind, tuple[str, float]] = {
    "id": (INK, 0.4), "score": (INK, 0.4), "action": (SOFT, 0), "made": (SOFT, 0), "aside": (SOFT, 0),
    "why": (ANSWERS["unsure"][1], 0), "same": (INK, 0), "new": (INK, 0), "gone": (SOFT, 0),
}  # fmt: skip
"""Colour and added weight of each kind of writing on a card."""
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
    top = EDGE + max(PLATE if champion else 0, _side_height(run, champion)) + 52
    layout = lay_out(rounds_of(cards[:SHOWN]), top, _length)
    sheet = Image.new("RGB", (WIDTH, layout.bottom + EDGE + 10), PAPER)
    pen = Pen(sheet, ImageDraw.Draw(sheet))
    _draw_top(pen, run, champion)
    for heading in layout.headings:
        _draw_heading(pen, heading)
    for spot in layout.spots:
        _draw_card(pen, spot)
    more = len(cards) - SHOWN
    left_out = f"{counted(more, 'more candidate')} on the page · " if more > 0 else ""
    pen.write(EDGE, layout.bottom + 6, f"{left_out}overpaint", 17, SOFT)
    return sheet


def _brief_lines(run: Run, champion: Card | None) -> list[str]:
    return wrap(f"“{clean(run.brief, 420)}”", 33, _side_width(champion), _length)


def _why_lines(run: Run, champion: Card | None) -> list[str]:
    return wrap(clean(run.why or run.error or ""), 20, _side_width(champion), _length, most=2)


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
        pen.write(x + 38, y - 1, cut(clean(mark.text), 20, width - 40, _length), 20)
        y += 34
    return y


def _draw_heading(pen: Pen, heading: Heading) -> None:
    """Name a round above its first card, on a line as long as its cards reach."""
    name = f"Round {heading.number}"
    pen.write(heading.x, heading.y, name, 24)
    pen.write(heading.x + _length(name, 24) + 12, heading.y + 6, heading.said, 17, SOFT)
    pen.draw.line((heading.x, heading.y + 37, heading.x + heading.width, heading.y + 37), RULE, 2)


def _draw_card(pen: Pen, spot: Spot) -> None:
    x, y, card = spot.x, spot.y, spot.card
    pen.draw.rounded_rectangle((x, y, x + spot.side, y + spot.height), 8, CARD)
    _paste(pen, card, x, y, spot.side, boxes=True)
    for tick in spot.caption.ticks:
        _tick(pen, tick.answer, x + tick.x, y + spot.side + tick.y, 21)
    for piece in spot.caption.pieces:
        _draw_piece(pen, piece, x, y + spot.side)
    if card.champion:
        _circle_it(pen, spot)


def _draw_piece(pen: Pen, piece: Piece, left: float, top: float) -> None:
    x, y, width = left + piece.x, top + piece.y, _length(piece.text, piece.size)
    colour, bold = INKS[piece.kind]
    if piece.kind == "new":
        pen.draw.rounded_rectangle((x - 2, y, x + width + 2, y + piece.size + 4), 3, NEW)
    pen.write(x, y, piece.text, piece.size, colour, bold)
    if piece.kind == "gone":
        pen.draw.line((x, y + piece.size * 0.64, x + width, y + piece.size * 0.64), ANSWERS["no"][1], 1)


def _circle_it(pen: Pen, spot: Spot) -> None:
    """Mark the chosen frame as one does on a photographer's contact sheet: by a grease pencil."""
    for spread, width in ((6, 4), (9, 2)):
        box = (spot.x - spread, spot.y - spread, spot.x + spot.side + spread, spot.y + spot.height + spread)
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
