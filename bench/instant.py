"""Models that answer at once, so that a bench times what is around them: a painter of ready pictures, a canned chat."""

from __future__ import annotations

import io
import json
from itertools import count
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.base import LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from PIL import Image

from overpaint.tools import chat, painters
from overpaint.tools.painters import Abilities, PaintRequest, PaintResult, Progress

NAME = "instant"
ITEMS = 6
"""Requirements of the canned checklist."""


class InstantPainter:
    """Gives noise pictures that were made before the clock started; no two alike."""

    name = NAME
    abilities = Abilities(seeds=True, free=True, price_usd=0.0)

    def __init__(self, pictures: int, side: int) -> None:
        self._ready = [_noise(side) for _ in range(pictures)]
        self._turn = count()

    async def check(self) -> None:
        """Nothing is needed."""

    async def paint(self, request: PaintRequest, progress: Progress | None = None) -> PaintResult:
        """The next picture."""
        return PaintResult("ok", self._ready[next(self._turn) % len(self._ready)], seed=request.seed)


class InstantChat(BaseChatModel):
    """Answers every schema of the flow with the same words; one requirement always fails, so runs go to their cap."""

    @property
    def _llm_type(self) -> str:
        return NAME

    def with_structured_output(self, schema: Any, **kwargs: Any) -> Runnable[LanguageModelInput, Any]:
        """The model told what to answer."""
        return self.bind(wanted=schema.__name__)

    def _generate(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> ChatResult:
        said = json.dumps(_said(kwargs.get("wanted", ""), str(messages[-1].content)))
        return ChatResult(generations=[ChatGeneration(message=AIMessage(said))])


def register(pictures: int, side: int = 512) -> None:
    """Make `instant` a painter and a chat model that settings can name, in this process.

    Args:
        pictures: how many different ones there are.
        side: their width and height in pixels.
    """
    painter = InstantPainter(pictures, side)
    globals()["open_painter"] = lambda model: painter
    painters.open_cached.cache_clear()
    painters.BUILT_IN[NAME] = "instant:open_painter"
    chat.BUILT_IN[NAME] = "instant:InstantChat"


def _noise(side: int) -> bytes:
    data = io.BytesIO()
    Image.effect_noise((side // 4, side // 4), 90).resize((side, side)).save(data, "PNG")
    return data.getvalue()


def _said(schema: str, asked: str) -> dict[str, Any]:
    words = "a small red circle in the top left and a large blue square at the bottom"
    item = {"text": words, "question": f"Is there {words}?", "kind": "relation"}
    if schema == "ChecklistDraft":
        return {"requirements": [item] * ITEMS}
    if schema == "Proposals":
        return {"diagnosis": words, "feedback": words, "proposals": [{"prompt": words}]}
    if schema == "Upsampled":
        return {"reasoning": words, "prompt": words}
    answers = [{"number": n, "evidence": words, "answer": "no"} for n in range(1, asked.count("Is there") + 1)]
    return {"observations": words, "answers": answers, "flaws": [], "quality": 0.5}
