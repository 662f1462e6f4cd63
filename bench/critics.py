"""Critics that leave something out, for the ablation: what an edit is worth without its sub-prompt, or its boxes."""

from __future__ import annotations

import json
from abc import abstractmethod
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.messages import BaseMessage
from langchain_core.outputs import ChatResult

from overpaint.shapes.chat import ShapesChat
from overpaint.shapes.wire import Request, last_request
from overpaint.tools import chat

FULL_PROMPTS, NO_BOXES = "full-prompt-shapes", "boxless-shapes"
"""What the setting `critic` calls them."""


class _Lacking(ShapesChat):
    """The built-in critic; what it proposes for an edit is changed by `lose`."""

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        result = super()._generate(messages, stop, run_manager, **kwargs)
        reply, request = json.loads(str(result.generations[0].message.content)), last_request(messages)
        if "proposals" in reply and request.section("action") == "edit":
            for proposal in reply["proposals"]:
                self.lose(proposal, request)
            result.generations[0].message.content = json.dumps(reply, ensure_ascii=False)
        return result

    @abstractmethod
    def lose(self, proposal: dict[str, Any], request: Request) -> None:
        """Take something out of a proposal."""


class FullPrompts(_Lacking):
    """Edits with the whole prompt in place of one that names only what is wrong."""

    def lose(self, proposal: dict[str, Any], request: Request) -> None:
        """Put the prompt of the whole picture in place of the sub-prompt."""
        proposal["prompt"] = request.section("prompt")


class Boxless(_Lacking):
    """Edits where the judge pointed, since the critic does not say where."""

    def lose(self, proposal: dict[str, Any], request: Request) -> None:
        """Take the boxes away."""
        proposal["boxes"] = []


def register() -> None:
    """Make them known by name, in this process."""
    chat.BUILT_IN[FULL_PROMPTS] = "critics:FullPrompts"
    chat.BUILT_IN[NO_BOXES] = "critics:Boxless"
