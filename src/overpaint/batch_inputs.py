"""What a batch is made of: pictures to describe, or a description."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from overpaint.batch_folder import safe_names
from overpaint.given import settings_of
from overpaint.graph.nodes.intake import check_brief
from overpaint.graph.settings import Settings
from overpaint.tools.faults import BadInput


@dataclass(frozen=True)
class Source:
    """One input: a picture to describe, or a description.

    `name` is what the names of its files begin with, `said` what the user called it.
    """

    name: str
    said: str
    image: Path | None = None
    brief: str | None = None

    def read(self) -> bytes | None:
        """The bytes of the picture; None where there is none. Blocks.

        Raises:
            BadInput: they cannot be had.
        """
        try:
            return None if self.image is None else self.image.read_bytes()
        except (OSError, ValueError) as fault:
            raise BadInput(f"it cannot be read: {getattr(fault, 'strerror', None) or fault}") from None


def is_batch(preset: str | None, given: Mapping[str, object]) -> bool:
    """Whether a preset and what is laid over it, a `grid` perhaps among it, ask for several prompts.

    Raises:
        BadInput: as `settings_of`.
    """
    return varies(settings_of(preset, {name: value for name, value in given.items() if name != "grid"}))


def varies(settings: Settings) -> bool:
    """Whether several prompts are written, each to be painted once."""
    return settings.upsample and settings.upsample_method == "variations"


def sources_of(images: Sequence[Path | str], brief: str | None) -> list[Source]:
    """The inputs of a batch, each with a name of its own: pictures, or one description.

    Raises:
        BadInput: neither is given, or both, or the description cannot be used.
    """
    if isinstance(images, (str, Path)):
        raise BadInput("images are given as a list of files")
    if images and brief is not None:
        raise BadInput(
            "give pictures, which are described, or a brief, which is the description, but not both;"
            " what is asked about a picture is the setting question"
        )
    if brief is not None:
        text = check_brief(brief)
        return [Source(safe_names([text])[0], "the brief", brief=text)]
    if not images:
        raise BadInput("there is nothing to describe: give --image FILE, or a brief")
    paths = [Path(image) for image in images]
    named = zip(safe_names([path.stem for path in paths]), paths, strict=True)
    return [Source(name, str(path), image=path) for name, path in named]


def asked_of(brief: str | None, data: bytes | None, settings: Settings) -> str:
    """What is asked of an input, as a hash."""
    given = json.dumps([brief, settings.kept], sort_keys=True).encode()
    return hashlib.sha256(hashlib.sha256(data or b"").digest() + given).hexdigest()
