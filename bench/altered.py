"""The built-in chat model with its answers changed on the way out: what judges that err and critics that lack share."""

from __future__ import annotations

import json
from abc import abstractmethod
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.messages import BaseMessage
from langchain_core.outputs import ChatResult

from overpaint.shapes.chat import ShapesChat
from overpaint.shapes.wire import Request, last_request


class Altered(ShapesChat):
    """Answers as the built-in model, then as `alter` changes it."""

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        result = super()._generate(messages, stop, run_manager, **kwargs)
        message = result.generations[0].message
        reply = json.loads(str(message.content))
        self.alter(reply, last_request(messages))
        message.content = json.dumps(reply, ensure_ascii=False)
        return result

    @abstractmethod
    def alter(self, reply: dict[str, Any], request: Request) -> None:
        """Change a reply in place, given what was asked."""
