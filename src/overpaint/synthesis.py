"""Several pictures, each described, and different prompts painted from each description: `overpaint.synthesize`."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

from overpaint.batch import PRESET, Synthesis, open_batch
from overpaint.events import run_at_end
from overpaint.run import wait_for
from overpaint.tools.faults import BadInput, ProviderFault
from overpaint.tools.home import use_home


async def asynthesize(
    images: Sequence[Path | str] = (),
    *,
    brief: str | None = None,
    preset: str = PRESET,
    settings: Mapping[str, object] | None = None,
    home: Path | None = None,
    out: Path | None = None,
    grid: str | None = None,
) -> Synthesis:
    """Describe each picture, write different prompts from the description, and paint each prompt once.

    The folder receives `{input}_{i}.png`, `{input}_grid.png` and all_metadata.json. An input that fails stops no other:
    it is in `missing` of what is returned. The same call with the same folder goes on where an earlier one ended, and
    paints nothing again that is there.

    Args:
        images: files of pictures to describe.
        brief: a description, in the place of pictures.
        preset: a named set of settings.
        settings: settings that override the preset's, by name.
        home: folder for pictures and checkpoints; OVERPAINT_HOME, or .overpaint in the current folder, when None.
        out: the folder for the files; a new one in the home folder when None.
        grid: ROWSxCOLUMNS of the grid; the smallest that is about square when None.

    Raises:
        BadInput: something given cannot be used, or the folder cannot be written; nothing has been painted.
    """
    with use_home(home):
        batch = await open_batch(images, brief, preset=preset, settings=settings, out=out, grid=grid)
        for source in batch.sources:
            try:
                run = await run_at_end(batch.events(source))
                await asyncio.to_thread(batch.conclude, source, run)
            except (BadInput, ProviderFault) as fault:
                batch.refuse(source, fault)
        return batch.result


def synthesize(
    images: Sequence[Path | str] = (),
    *,
    brief: str | None = None,
    preset: str = PRESET,
    settings: Mapping[str, object] | None = None,
    home: Path | None = None,
    out: Path | None = None,
    grid: str | None = None,
) -> Synthesis:
    """The same without async; works inside a running event loop too (notebooks)."""
    return wait_for(asynthesize(images, brief=brief, preset=preset, settings=settings, home=home, out=out, grid=grid))
