"""Critics that leave something out, for the ablation: what an edit is worth without its sub-prompt, or its boxes."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from altered import Altered

from overpaint.shapes.wire import Request
from overpaint.tools import chat

FULL_PROMPTS, NO_BOXES = "full-prompt-shapes", "boxless-shapes"
"""What the setting `critic` calls them."""


class _Lacking(Altered):
    """The built-in critic; what it proposes for an edit is changed by `lose`."""

    def alter(self, reply: dict[str, Any], request: Request) -> None:
        """Take something out of every proposal for an edit."""
        if "proposals" in reply and request.section("action") == "edit":
            for proposal in reply["proposals"]:
                self.lose(proposal, request)

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
