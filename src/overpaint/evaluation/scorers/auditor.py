"""A held-out judge: another chat model answers the checklist about each delivered picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from overpaint.evaluation.scorers.consulting import Consultant, each, patiently
from overpaint.evaluation.scorers.scorer import Need, Scope, Scored, Value
from overpaint.graph.beliefs import believe, letters, score
from overpaint.graph.checklists import fingerprint
from overpaint.graph.toolbox import ask_again, use_tool
from overpaint.prompts import load
from overpaint.tools.call_log import CallLog
from overpaint.tools.inspect_image import Look, make_inspect_image


class Auditor:
    """The share of the checklist, by weight, that a model sees which had no part in choosing the picture.

    A loop that paints until its judge is content also learns the judge's errors; a model held out of it shows by how
    much (peers: reward hacking, arXiv 2601.03468). Every row has one checklist for all presets, and one look is taken.

    Args:
        auditor: "provider:model", or "shapes".
        auditor_base_url: its server, where it is not the provider's own.
        auditor_api_key_env: the environment variable that holds its key.
        log: where its calls are noted.

    Raises:
        BadInput: no model is named, or it cannot be opened.
    """

    name, unit = "auditor", "share"
    span: tuple[float, float] | None = (0.0, 1.0)
    higher_is_better: bool | None = True
    scope: Scope = "delivered"
    references, batch = False, 8
    needs: frozenset[Need] = frozenset({"picture", "checklist"})

    def __init__(
        self,
        auditor: str | None = None,
        auditor_base_url: str | None = None,
        auditor_api_key_env: str | None = None,
        log: CallLog | None = None,
    ) -> None:
        self._model = Consultant("auditor", auditor, auditor_base_url, auditor_api_key_env, log)
        self._prompt = load("judge.checklist")
        self.options: dict[str, Any] = {**self._model.options, "prompt": self._prompt.label}
        who = "the built-in model, not held out" if auditor == "shapes" else self._model.name
        self.title = (
            f"checklist passed, by an auditor ({who}); the dataset's own checklist, else the longest that a run of the"
            " brief wrote for itself"
        )
        self._tool = make_inspect_image(
            self._model.chat,
            instructions=self._prompt.render(questions=[])[0],
            question_prompt=lambda questions: self._prompt.render(questions=questions)[1],
            repair=ask_again,
            log=log,
        )

    async def check(self, pictures: Sequence[Scored]) -> None:
        """Raise BadInput where the auditor is a run's own judge; the built-in model, which measures, may be both."""
        self._model.refuse_party(pictures)

    async def score(self, pictures: Sequence[Scored]) -> list[Value]:
        """Have a batch audited."""
        return await each(self._audit, pictures)

    async def _audit(self, scored: Scored) -> Value:
        if scored.picture is None or not scored.checklist:
            return Value(None, "there is no picture" if scored.picture is None else "the row has no checklist")
        checklist, image = scored.checklist, await self._model.files.name(scored.picture)
        questions = [requirement["question"] for requirement in checklist]
        look = cast(Look, await patiently(lambda: use_tool(self._tool, image=image, questions=questions)))
        spent = {"calls": look["calls"], "tokens": look["tokens"], "usd": look["usd"]}
        if look["inspection"] is None:
            return Value(None, look["fault"], spent)
        answers = look["inspection"]["answers"]
        beliefs = [believe(item, [answer]) for item, answer in zip(checklist, answers, strict=True)]
        detail = {
            "answers": letters(beliefs),
            "passed": all(belief["answer"] == "yes" for belief in beliefs),
            "checklist": fingerprint(checklist),
            **spent,
        }
        return Value(score(checklist, beliefs), detail=detail)
