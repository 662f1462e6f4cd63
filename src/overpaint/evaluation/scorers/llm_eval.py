"""A chat model looks at all that a run painted and names the best picture; beside it stands when the run stopped."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any, Literal

from pydantic import BaseModel, Field

from overpaint.evaluation.scorers.consulting import Consultant, cost, each
from overpaint.evaluation.scorers.scorer import Need, Scope, Scored, Value
from overpaint.prompts import load
from overpaint.tools.call_log import CallLog
from overpaint.tools.faults import BadInput


class Best(BaseModel):
    """Which of the pictures is the best."""

    reasoning: str = Field(description="What each picture shows of the brief and what it lacks, in short.")
    best: int = Field(strict=True, description="The number of the best picture, 1 for the first.")


class LlmEval:
    """Whether a picture is the one that a model finds best of all that its run painted: 1 or 0.

    Over delivered pictures the mean is how often a run delivered its best one; a run of one picture has no value. The
    index of the best picture, 0 for the first, and the round in which the run itself stopped are in the detail. The
    index is read strictly: one that is not that of a picture is a fault and no index.

    Args:
        auditor: "provider:model".
        auditor_base_url: its server, where it is not the provider's own.
        auditor_api_key_env: the environment variable that holds its key.
        shown: "pictures", or "captions" in their place, which only some methods write.
        log: where its calls are noted.

    Raises:
        BadInput: no model is named, it cannot be opened, or it cannot compare.
    """

    name, unit = "llm_eval", "share"
    span: tuple[float, float] | None = (0.0, 1.0)
    higher_is_better: bool | None = True
    scope: Scope = "runs"
    references, batch = False, 4
    needs: frozenset[Need] = frozenset({"picture"})

    def __init__(
        self,
        auditor: str | None = None,
        auditor_base_url: str | None = None,
        auditor_api_key_env: str | None = None,
        shown: Literal["pictures", "captions"] = "pictures",
        log: CallLog | None = None,
    ) -> None:
        if auditor == "shapes":
            raise BadInput("the built-in model compares no pictures: name another, --set auditor=provider:model")
        if shown not in ("pictures", "captions"):
            raise BadInput(f"shown={shown!r} is unknown: use pictures or captions")
        self._model = Consultant("auditor", auditor, auditor_base_url, auditor_api_key_env, log)
        self._prompt, self._shown = load("compare.best"), shown
        self.options: dict[str, Any] = {**self._model.options, "prompt": self._prompt.label, "shown": shown}
        self.title = f"the best picture of its run, by {self._model.name}"

    async def check(self, pictures: Sequence[Scored]) -> None:
        """Raise BadInput where the model is a run's own judge."""
        self._model.refuse_party(pictures)

    async def score(self, pictures: Sequence[Scored]) -> list[Value]:
        """Have the best picture of each run named."""
        runs = [list(run) for _, run in groupby(pictures, key=lambda scored: (scored.preset, scored.row["id"]))]
        named = await each(self._best, runs)
        return [value for run, best in zip(runs, named, strict=True) for value in _spread(run, best)]

    async def _best(self, run: Sequence[Scored]) -> Value:
        """The index of the best picture of a run."""
        if len(run) < _painted(run[0]):
            return Value(None, f"{_painted(run[0]) - len(run)} of the run's pictures are gone")
        if len(run) == 1:
            return Value(None, "the run painted one picture, so there is none to choose from")
        captions = self._captions(run)
        files = [] if captions else [scored.picture for scored in run if scored.picture]
        values = {"brief": run[0].row["brief"], "count": len(run), "captions": captions}
        reply = await self._model.consult(self._prompt, Best, files, values)
        detail = {"shown": self._shown, **cost(reply)}
        if reply.value is None:
            return Value(None, reply.fault, detail)
        if not 1 <= reply.value.best <= len(run):
            return Value(None, f"the model named picture {reply.value.best} of {len(run)}", detail)
        return Value(float(reply.value.best - 1), detail=detail)

    def _captions(self, run: Sequence[Scored]) -> list[str]:
        """What to show in place of the pictures; empty where they are shown themselves.

        Raises:
            BadInput: captions are wanted and some are missing.
        """
        if self._shown == "pictures":
            return []
        captions = [caption for scored in run if scored.shot and (caption := scored.shot["caption"])]
        if len(captions) < len(run):
            raise BadInput(f"{len(run) - len(captions)} of the run's {len(run)} pictures have no caption")
        return captions


def _painted(scored: Scored) -> int:
    """How many pictures its run painted."""
    shots = scored.outcome["shots"] if scored.outcome else []
    return sum(shot["outcome"] == "ok" and shot["picture"] is not None for shot in shots)


def _spread(run: Sequence[Scored], best: Value) -> list[Value]:
    """The value of each picture of a run; what asking took is told with the first."""
    spent = [best.detail, *({} for _ in run[1:])]
    if best.value is None:
        return [Value(None, best.fault, detail) for detail in spent]
    index = int(best.value)
    told = {"best": index, "rounds_to_stop": run[0].outcome["stop_round"] if run[0].outcome else None}
    return [Value(float(place == index), detail={**told, **detail}) for place, detail in enumerate(spent)]
