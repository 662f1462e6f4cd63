"""How alike a picture's caption is to what was asked: in words of a captioner, not in pixels."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from overpaint.evaluation.scorers import caption_measures as measures
from overpaint.evaluation.scorers.consulting import Consultant, cost, each
from overpaint.evaluation.scorers.scorer import Need, Scope, Scored, Value
from overpaint.graph.schemas import Description
from overpaint.prompts import load
from overpaint.tools.call_log import CallLog
from overpaint.tools.faults import BadInput


class CaptionScore:
    """The likeness of a picture's caption to the row's reference captions, or to its brief where it has none.

    Without a captioner, captions are those that the runs made, which presets without a captioner lack; with one, every
    picture is described by it, so that presets can be compared.

    Args:
        captioner: "provider:model", "shapes", or None for the runs' own captions.
        captioner_base_url: its server, where it is not the provider's own.
        captioner_api_key_env: the environment variable that holds its key.
        measure: spice, meteor or rouge_l; SPICE where it can run, else METEOR, when None. The detail has METEOR and
            ROUGE-L in any case.
        log: where its calls are noted.

    Raises:
        BadInput: a library is missing, the captioner cannot be opened, or there is no such measure.
    """

    name, unit = "caption_score", "likeness"
    span: tuple[float, float] | None = (0.0, 1.0)
    higher_is_better: bool | None = True
    scope: Scope = "pictures"
    references = True
    needs: frozenset[Need] = frozenset({"picture"})

    def __init__(
        self,
        captioner: str | None = None,
        captioner_base_url: str | None = None,
        captioner_api_key_env: str | None = None,
        measure: measures.Measure | None = None,
        log: CallLog | None = None,
    ) -> None:
        if measure not in (None, *measures.MEASURES):
            raise BadInput(f"there is no measure {measure!r}: use {', '.join(measures.MEASURES)}")
        if measure == "spice" and not measures.has_spice():
            raise BadInput("SPICE needs Java and pycocoevalcap: install both, or use --set measure=meteor")
        self._model = None
        if captioner is not None:
            self._model = Consultant("captioner", captioner, captioner_base_url, captioner_api_key_env, log)
        self._prompt = load("describe")
        self._measure: measures.Measure = measure or ("spice" if measures.has_spice() else "meteor")
        # SPICE starts a Java program for every batch.
        self.batch = 200 if self._measure == "spice" else 8
        self._called = measures.title_of(self._measure)
        said = captioner or "the runs' own"
        self.title = f"likeness of captions by {self._called}, higher is nearer (captions: {said})"
        asked = {**self._model.options, "prompt": self._prompt.label} if self._model else {}
        self.options: dict[str, Any] = {"measure": self._called, **asked}

    async def check(self, pictures: Sequence[Scored]) -> None:
        """Raise BadInput where there is nothing to read."""
        if self._model is None and not any(scored.shot and scored.shot["caption"] for scored in pictures):
            raise BadInput("no run made captions: name a model that does, --set captioner=provider:model")

    async def score(self, pictures: Sequence[Scored]) -> list[Value]:
        """Score a batch."""
        captioned = await each(self._caption, pictures)
        return await asyncio.to_thread(self._measured, pictures, captioned)

    async def _caption(self, scored: Scored) -> Value:
        """The caption, as `caption` of the detail."""
        if self._model is None:
            caption = scored.shot["caption"] if scored.shot else None
            return Value(None, None if caption else "the run made no caption of it", {"caption": caption})
        shown = [scored.picture] if scored.picture else []
        reply = await self._model.consult(self._prompt, Description, shown, {})
        caption = reply.value.description if reply.value else None
        return Value(None, reply.fault, {"caption": caption, **cost(reply)})

    def _measured(self, pictures: Sequence[Scored], captioned: Sequence[Value]) -> list[Value]:
        pairs = {
            place: (value.detail["caption"], scored.row["captions"] or [scored.row["brief"]])
            for place, (scored, value) in enumerate(zip(pictures, captioned, strict=True))
            if value.detail.get("caption")
        }
        spice = dict(zip(pairs, measures.spice(list(pairs.values())), strict=True)) if self._measure == "spice" else {}
        return [
            _value(pairs[place], value, self._measure, self._called, spice.get(place)) if place in pairs else value
            for place, value in enumerate(captioned)
        ]


def _value(pair: measures.Pair, said: Value, measure: measures.Measure, called: str, spice: float | None) -> Value:
    found: dict[measures.Measure, float | None] = {
        "spice": spice,
        "meteor": round(measures.meteor(*pair), 6),
        "rouge_l": round(measures.rouge_l(*pair), 6),
    }
    told: dict[str, Any] = {name: number for name, number in found.items() if number is not None}
    return Value(found[measure], detail={"measure": called, **told, **said.detail})
