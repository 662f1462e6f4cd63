"""What a scorer is: the protocol every score is given through, what it is given, what it says, and the registry."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Literal, Protocol

from overpaint.evaluation.nouns import Outcome, Row, Shot
from overpaint.graph.state import Requirement
from overpaint.tools.call_log import CallLog
from overpaint.tools.faults import BadInput

Scope = Literal["pictures", "runs", "delivered", "rows"]
"""What is scored: every picture of every round, each alone or all of a run at once; or only those that were delivered,
each alone or all of a row at once."""

Need = Literal["picture", "checklist"]
"""What a scorer needs beside what the outcomes tell: the files of the pictures, the checklists of the rows."""


@dataclass(frozen=True)
class Scored:
    """One picture to score, and what is known of it.

    Args:
        row: what was asked.
        name: the candidate's id; "reference" for a reference picture of the row, "reference.2" for its second.
        picture: its file; None where the scorer needs none.
        outcome: of the run that painted it; None for a reference.
        shot: the candidate; None for a reference.
        settings: the effective settings of that run's preset.
        checklist: what to ask about a picture of the row, the same for all presets; empty where there is none.
    """

    row: Row
    name: str
    picture: Path | None = None
    outcome: Outcome | None = None
    shot: Shot | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    checklist: Sequence[Requirement] = ()

    @property
    def preset(self) -> str:
        """Who painted it; empty for a reference."""
        return self.outcome["preset"] if self.outcome else ""


@dataclass(frozen=True)
class Value:
    """What a scorer says of a picture. Without a value, `fault` says why; `detail` is JSON.

    A scorer that asks models says what that took as `calls`, `tokens` and `usd` of the detail.
    """

    value: float | None
    fault: str | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)


class Scorer(Protocol):
    """A way to score pictures. Implementations inherit nothing, and load what is heavy in `check`.

    Attributes:
        name: what it is asked for by, and its file is called.
        title: what its values mean, for the head of a table: direction, model, measure. Kept with every score.
        unit: of the values, such as "share" or "cosine".
        span: the lowest and highest value; None where there is none.
        higher_is_better: None where a value is neither good nor bad.
        scope: what it scores.
        references: whether reference pictures are scored too.
        needs: what must be found for it.
        batch: how many pictures, or runs, or rows, it is given at once.
        options: what its values depend on, JSON; a picture scored under the same options is not scored again.
    """

    name: str
    title: str
    unit: str
    span: tuple[float, float] | None
    higher_is_better: bool | None
    scope: Scope
    references: bool
    needs: frozenset[Need]
    batch: int
    options: dict[str, Any]

    async def check(self, pictures: Sequence[Scored]) -> None:
        """Load what it needs, and see that it can score these at all; called once, before the first `score`.

        Raises:
            BadInput: it cannot: something is missing, and the message says how to get it.
        """
        ...

    async def score(self, pictures: Sequence[Scored]) -> list[Value]:
        """Score some pictures; returns a value for each, in their order.

        Raises:
            ProviderFault: a model that it asks failed, and would fail for the next picture too.
        """
        ...


BUILT_IN = {
    "truth": "overpaint.evaluation.scorers.recorded:Truth",
    "checklist": "overpaint.evaluation.scorers.recorded:Checklist",
    "clipscore": "overpaint.evaluation.scorers.clip_scores:ClipScore",
    "image_similarity": "overpaint.evaluation.scorers.clip_scores:ImageSimilarity",
    "caption_score": "overpaint.evaluation.scorers.caption_score:CaptionScore",
    "auditor": "overpaint.evaluation.scorers.auditor:Auditor",
    "pairwise": "overpaint.evaluation.scorers.pairwise:Pairwise",
    "llm_eval": "overpaint.evaluation.scorers.llm_eval:LlmEval",
}
"""A scorer's name -> dotted name of its factory, imported when first asked for.

A factory has a keyword for each option that it knows, and is given only what the user set. It loads nothing heavy and
raises BadInput for what it lacks. One that has a keyword `log` is given the log to note its model calls in.
"""
ENTRY_POINTS = "overpaint.scorers"
"""The entry point group in which other packages register factories, each under its scorer's name."""


def names() -> list[str]:
    """Every scorer there is, those of other packages last."""
    registered = {point.name for point in entry_points(group=ENTRY_POINTS)}
    return [*BUILT_IN, *sorted(registered - BUILT_IN.keys())]


def options_of(name: str) -> frozenset[str]:
    """The options that a scorer knows.

    Raises:
        BadInput: there is no such scorer.
    """
    return frozenset(inspect.signature(_factory(name)).parameters) - {"log"}


def get_scorer(name: str, *, log: CallLog | None = None, **options: Any) -> Scorer:
    """Open a scorer by name.

    Args:
        name: one of `names()`.
        log: where the calls of models that it asks are noted.
        options: what its factory has a keyword for; None leaves an option out.

    Raises:
        BadInput: no such scorer, an option it does not know, or it lacks something to run here.
    """
    factory, known = _factory(name), options_of(name)
    given = {option: value for option, value in options.items() if value is not None}
    if unknown := sorted(given.keys() - known):
        knows = f"it knows {', '.join(sorted(known))}" if known else "it has no options"
        raise BadInput(f"the scorer {name} has no option {unknown[0]!r}: {knows}")
    if "log" in inspect.signature(factory).parameters:
        given["log"] = log
    return factory(**given)


def _factory(name: str) -> Callable[..., Scorer]:
    if name in BUILT_IN:
        module, _, attribute = BUILT_IN[name].partition(":")
        factory: Callable[..., Scorer] = getattr(import_module(module), attribute)
        return factory
    registered = {point.name: point for point in entry_points(group=ENTRY_POINTS)}
    if name not in registered:
        raise BadInput(f"there is no scorer {name[:60]!r}: use some of {', '.join(names())}, or all")
    try:
        loaded: Callable[..., Scorer] = registered[name].load()
    except (ImportError, AttributeError) as error:
        raise BadInput(f"the scorer {name!r} of another package cannot be imported ({error}): mend it") from error
    return loaded
