"""The contact sheet: a self-contained HTML page with every candidate, its PNG twin, and the files asked for."""

from __future__ import annotations

import base64
import io
import json
import tempfile
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from overpaint.cards import Card, anchor, cards_of, rounds_of
from overpaint.lineage import chart_of
from overpaint.phrases import clean, counted, money, seconds
from overpaint.result import Run, to_json
from overpaint.tools.faults import BadInput

THUMB = 512
"""Longest side of a picture on the page, in pixels; half of it on sheets of more than `MANY` candidates."""
MINI = 72
"""Longest side of a picture on the lineage chart."""
MANY = 48
CRISP = 160
"""Pictures up to this many pixels a side are shown with square pixels, not smoothed."""


@dataclass(frozen=True)
class Picture:
    """A picture as the page embeds it: a data: URL, and its own width and height in pixels."""

    url: str
    width: int
    height: int

    @property
    def crisp(self) -> bool:
        """Whether it is so small that its pixels should stay square."""
        return max(self.width, self.height) <= CRISP


def write_report(run: Run, folder: Path) -> Path:
    """Write `sheet.html` and `sheet.png` into a folder, made if missing. Blocks: call it off the event loop.

    Args:
        run: what to show.
        folder: where to write.

    Returns:
        The path of the page.

    Raises:
        BadInput: the folder cannot be written.
    """
    from overpaint.sheet import draw_sheet

    page = render_page(run).encode("utf-8", "replace")
    drawn = io.BytesIO()
    draw_sheet(run).save(drawn, "PNG", optimize=True)
    write_file(folder / "sheet.png", drawn.getvalue())
    return write_file(folder / "sheet.html", page)


def deliver_files(run: Run, out: Path) -> Path:
    """Put all a run came to into one folder: `champion.png`, `sheet.html`, `sheet.png`, `run.json`. Blocks.

    A champion in another format is converted to PNG; a PNG is copied byte for byte.

    Returns:
        The absolute path of the page.

    Raises:
        BadInput: the folder cannot be written.
    """
    out = out.absolute()
    sheet = write_report(run, out)
    champion = run.image_path(run.champion) if run.champion else None
    if champion is not None:
        write_file(out / "champion.png", as_png(champion))
    write_file(out / "run.json", (json.dumps(to_json(replace(run, report=sheet)), indent=2) + "\n").encode())
    return sheet


def check_folder(folder: Path) -> None:
    """Prove that a folder can be made and written, before anything is painted for it; leaves nothing behind. Blocks.

    Raises:
        BadInput: it cannot.
    """
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(bytes(4096))
    except OSError as error:
        raise _refusal(folder, error) from error
    finally:
        for path in missing:
            with suppress(OSError):
                path.rmdir()


def render_page(run: Run) -> str:
    """The contact sheet as one HTML page: no script, no request; every foreign text escaped."""
    return str(_environment().get_template("sheet.html.jinja").render(**_context(run)))


def notebook_html(run: Run) -> str:
    """A small piece of HTML for notebooks: the champion, the other candidates in miniature, the receipt."""
    return str(_environment().get_template("notebook.html.jinja").render(**_context(run, side=192)))


def _context(run: Run, side: int = 0) -> dict[str, Any]:
    cards = cards_of(run)
    side = side or (THUMB if len(cards) <= MANY else THUMB // 2)
    champion = next((card for card in cards if card.champion), None)
    return {
        "run": run,
        "title": clean(run.brief, 80) or "a picture",
        "cards": cards,
        "rounds": rounds_of(cards),
        "champion": champion,
        "pictures": {card.record["id"]: picture for card in cards if (picture := embed(card, side)) is not None},
        "minis": {card.record["id"]: picture for card in cards if (picture := embed(card, MINI)) is not None},
        "chart": chart_of(cards),
    }


def embed(card: Card, side: int = THUMB) -> Picture | None:
    """A candidate's picture for the page, scaled down to `side` pixels; None when it has none or its file is gone."""
    from PIL import Image

    if card.picture is None or not card.picture.is_file():
        return None
    try:
        with Image.open(card.picture) as image:
            width, height = image.size
            data, mime = (
                _shrunk(image, side)
                if max(image.size) > side
                else (card.picture.read_bytes(), image.get_format_mimetype())
            )
    except (OSError, ValueError, Image.DecompressionBombError):
        return None
    return Picture(f"data:{mime};base64,{base64.b64encode(data).decode()}", width, height)


def _shrunk(image: Any, side: int) -> tuple[bytes, str]:
    image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    image.thumbnail((side, side))
    data = io.BytesIO()
    image.save(data, "WEBP", quality=84)
    return data.getvalue(), "image/webp"


def as_png(path: Path) -> bytes:
    """A picture file as PNG: one in another format is converted, a PNG is read byte for byte. Blocks."""
    from PIL import Image

    if path.suffix == ".png":
        return path.read_bytes()
    data = io.BytesIO()
    with Image.open(path) as image:
        image.save(data, "PNG")
    return data.getvalue()


def _environment() -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    loader = PackageLoader("overpaint", "templates")
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"anchor": anchor, "money": money, "seconds": seconds, "clean": clean}
    environment.globals["counted"] = counted
    return environment


def write_file(path: Path, data: bytes) -> Path:
    """Write a whole file or none of it, in a folder that is made if missing. Blocks.

    Raises:
        BadInput: it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            try:
                file.write(data)
                file.flush()
                Path(file.name).chmod(0o644)
                Path(file.name).replace(path)
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise
    except OSError as error:
        raise _refusal(path, error) from error
    return path


def _refusal(path: Path, error: OSError) -> BadInput:
    return BadInput(f"cannot write {path}: {error.strerror or error}; name another folder, or free some space")
