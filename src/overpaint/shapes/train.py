"""Trains the built-in painter from nothing and writes it as a stock diffusers folder.

    python -m overpaint.shapes.train FOLDER

About an hour on two CPU cores. Ctrl-C loses two minutes at most, or the pool of scenes while that is made: the same
command goes on where it stopped, from the states kept in FOLDER/training. The same seed gives the same data, the same
order and the same start.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

GATE = 0.97
"""The share of scenes that must come through the autoencoder exactly before anything is built on it."""


@dataclass(frozen=True)
class Lengths:
    """Steps of each stage, scenes in the pool, and how many pictures of each number of things are scored at the end.

    Twenty-five times as many go through the autoencoder at its gate.
    """

    autoencoder: int = 4000
    pool: int = 60_000
    text: int = 2000
    denoiser: int = 6000
    scored: int = 40

    def scaled(self, share: float) -> Lengths:
        """The same course, shorter or longer."""
        return Lengths(**{name: max(2, round(steps * share)) for name, steps in asdict(self).items()})


def train(folder: Path, lengths: Lengths, seed: int, gate: float = GATE) -> dict[str, Any]:
    """Train every part and write the pipeline; goes on from what an earlier call left in `folder`/training.

    Args:
        folder: receives the pipeline, and `training` with the states of all stages and `report.json`.
        lengths: of the stages.
        seed: of the data, the order and the first weights.
        gate: the share of scenes that must come through the autoencoder exactly, 0 to 1.

    Returns:
        The report: seed, lengths, seconds of each stage, and shares of pictures that are right.

    Raises:
        SystemExit: the autoencoder misses the gate; nothing is trained on it.
    """
    import torch

    from overpaint.shapes.training import autoencoder, denoiser, export, measure, pool, text, words

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    work = folder / "training"
    _make(work)
    seconds = {}
    vae = _new(autoencoder.new_autoencoder, seed).to(device)
    seconds["autoencoder"] = autoencoder.teach(vae, lengths.autoencoder, seed, device, work, _say)
    exact = measure.round_trip(vae, 25 * lengths.scored, seed, device)
    _say(f"round trip {exact:.1%} exact")
    if exact < gate:
        raise SystemExit(
            f"{exact:.1%} of scenes come through the autoencoder, {gate:.0%} must: "
            "train for longer, with --share 2 into a new folder"
        )
    tokenizer = words.new_tokenizer()
    scenes = pool.fill(work / "pool.pt", vae, tokenizer, lengths.pool, seed, device, _say)
    reader = _new(partial(text.new_text_encoder, tokenizer), seed).to(device)
    seconds["text"] = text.teach(reader, scenes, lengths.text, seed, device, work, _say)
    unet = _new(denoiser.new_denoiser, seed).to(device)
    seconds["denoiser"] = denoiser.teach(unet, reader, scenes, lengths.denoiser, seed, device, work, _say)
    pipe = export.write_pipeline(folder, vae, reader, tokenizer, unet, scenes.scale)
    report = {"seed": seed, "lengths": asdict(lengths), "seconds": seconds, "device": device.type}
    report |= {"round_trip": exact, "right": measure.by_number(pipe, lengths.scored, seed)}
    (work / "report.json").write_text(json.dumps(report, indent=2), "utf-8")
    return report


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise SystemExit(f"{folder} cannot be made: {fault.strerror}; name another folder") from None


def _new(make: Callable[[], Any], seed: int) -> Any:
    """A model whose first weights depend on the seed alone, whatever was trained or loaded before it."""
    import torch

    torch.manual_seed(seed)
    return make()


def main(argv: Sequence[str] | None = None) -> None:
    """Train from the command line."""
    parser = argparse.ArgumentParser(prog="python -m overpaint.shapes.train", description=__doc__)
    parser.add_argument("folder", type=Path, help="receives the pipeline")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--share", type=float, default=1.0, help="of the full length of every stage")
    asked = parser.parse_args(argv)
    if not 0 < asked.share <= 100:
        parser.error("--share must be above 0, and 100 at most")
    print(json.dumps(train(asked.folder, Lengths().scaled(asked.share), asked.seed)))  # noqa: T201


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
