"""Pictures with several captions each: COCO's annotations, and Flickr30k's lists. A row is a picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from overpaint.evaluation.datasets.pictures import files_in
from overpaint.evaluation.datasets.rows import checked_brief, checked_id, checked_text
from overpaint.evaluation.datasets.tables import CAPTION_PAIRS, Table, Unusable
from overpaint.evaluation.nouns import BadRow, Row


@dataclass
class Captioned:
    """One picture, by its id and its file, and its captions in the order of the source."""

    where: str
    id: Any
    file: Any
    captions: list[str] = field(default_factory=list)


def captioned_in_table(table: Table) -> tuple[list[Captioned], list[BadRow]]:
    """The pictures of a table, each named by its id, and the lines that hold none.

    A line has one caption or, in JSON, a list of them.
    """
    image, caption = next(pair for pair in CAPTION_PAIRS if set(pair) <= set(table.columns))
    found: dict[str, Captioned] = {}
    bad: list[BadRow] = []
    for entry in table.entries:
        try:
            name, said = checked_id(entry.values.get(image)), entry.values.get(caption)
            texts = [checked_brief(text) for text in (said if isinstance(said, list) else [said])]
        except Unusable as fault:
            bad.append(BadRow(where=entry.where, reason=str(fault)))
            continue
        found.setdefault(name, Captioned(entry.where, name, name)).captions.extend(texts)
    return list(found.values()), bad


def captioned_in_coco(content: Mapping[str, Any]) -> tuple[list[Captioned], list[BadRow]]:
    """The pictures of a COCO annotations file (captions_val2017.json), and the entries that cannot be used.

    Raises:
        Unusable: its `images` or `annotations` are no list.
    """
    images, annotations = content["images"], content["annotations"]
    if not isinstance(images, list) or not isinstance(annotations, list):
        raise Unusable("its images or annotations are no list")
    pictures = [_picture(number, image) for number, image in enumerate(images, start=1)]
    by_id = {str(picture.id): picture for picture in reversed(pictures)}
    bad: list[BadRow] = []
    for number, annotation in enumerate(annotations, start=1):
        try:
            _caption(annotation, by_id)
        except Unusable as fault:
            bad.append(BadRow(where=f"annotation {number}", reason=str(fault)))
    return pictures, bad


def row_of_captioned(picture: Captioned, folder: Path | None) -> Row:
    """A picture as a row: its first caption is the brief.

    Args:
        picture: the picture.
        folder: where its file must be; None where the captions came alone.

    Raises:
        Unusable: it has no id, no caption, or no file in the folder.
    """
    name = checked_id(picture.id)
    if not picture.captions:
        raise Unusable("it has no caption")
    brief, *others = picture.captions
    files = files_in(folder, checked_text(picture.file, "file_name")) if folder else []
    if folder and not files:
        raise Unusable("its file_name is empty")
    return Row(id=name, brief=brief, category="", requirements=None, pictures=files, captions=others, truth=None)


def _picture(number: int, image: Any) -> Captioned:
    values = image if isinstance(image, dict) else {}
    return Captioned(f"image {number}", values.get("id"), values.get("file_name"))


def _caption(annotation: Any, pictures: Mapping[str, Captioned]) -> None:
    if not isinstance(annotation, dict):
        raise Unusable("it is no JSON object")
    picture = pictures.get(str(annotation.get("image_id")))
    if picture is None:
        raise Unusable("its image_id is that of no image")
    picture.captions.append(checked_brief(annotation.get("caption")))
