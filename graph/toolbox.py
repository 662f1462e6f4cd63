"""What a node works with: stores, painter and chat models, opened from the settings in state and the home folder."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AnyMessage, HumanMessage, SystemMessage
from langchain_core.tools import BaseTool
from pydantic import BaseModel

from overpaint.graph.settings import Settings
from overpaint.graph.state import Receipt
from overpaint.prompts import Prompt, load
from overpaint.tools.asking import Reply, ask
from overpaint.tools.chat import get_chat
from overpaint.tools.home import current_home
from overpaint.tools.images import ImageStore
from overpaint.tools.ledger import Ledger
from overpaint.tools.painters import Painter, get_painter
from overpaint.tools.records import RecordStore
from overpaint.tools.references import picture

Role = Literal["writer", "critic", "judge", "captioner"]
T = TypeVar("T", bound=BaseModel)


@dataclass(frozen=True)
class Toolbox:
    """The stores of one home folder and the models one set of settings names. Opening it touches nothing."""

    settings: Settings
    images: ImageStore
    records: RecordStore
    ledger: Ledger

    async def painter(self) -> Painter:
        """The image model; opening it looks at files, so it is done in a thread.

        Raises:
            BadInput: there is no such painter, or it cannot run here.
        """
        wanted = {k: v for k, v in self.settings.picture.items() if k in ("device", "dtype", "offload")}
        return await asyncio.to_thread(get_painter, self.settings.painter, **wanted)

    def model_name(self, role: Role) -> str:
        """Which model does a job; the captioner is the judge unless set."""
        if role == "captioner":
            return self.settings.captioner or self.settings.judge
        return str(getattr(self.settings, role))

    async def chat(self, role: Role) -> BaseChatModel:
        """The chat model of a role; opening it imports its package, so it is done in a thread.

        Raises:
            BadInput: there is no such model, or its key or package is missing.
        """
        return await asyncio.to_thread(get_chat, self.model_name(role), self.images)

    async def consult(
        self, role: Role, prompt: Prompt, schema: type[T], *, shown: str | None = None, values: Mapping[str, Any]
    ) -> Reply[T]:
        """Ask a role one thing in the words of a prompt file, with a stored picture beside the text if `shown`.

        Raises:
            ProviderFault: the model could not be reached. An answer that cannot be read is a fault of the reply.
        """
        messages = to_messages(*prompt.render(**values), shown)
        return await ask(await self.chat(role), schema, messages, name=prompt.name, repair=ask_again)


async def open_toolbox(settings: Mapping[str, Any]) -> Toolbox:
    """The toolbox for the settings that a state holds; the current folder is asked for in a thread."""
    home = await asyncio.to_thread(current_home)
    return Toolbox(
        settings=Settings.model_validate(settings),
        images=ImageStore(home / "images"),
        records=RecordStore(home / "records"),
        ledger=Ledger(home / "overpaint.db"),
    )


def to_messages(system: str, human: str, shown: str | None = None) -> list[AnyMessage]:
    """A system and a human message; the picture is a reference, its bytes are added below the trace."""
    content: list[str | dict[str, Any]] = [{"type": "text", "text": human}]
    if shown is not None:
        content.append(picture(shown))
    return [SystemMessage(system), HumanMessage(content)]


def ask_again(answer: str, fault: str) -> str:
    """What a model is told when its answer could not be read."""
    return load("repair").render(answer=answer, fault=fault)[1]


async def use_tool(tool: BaseTool, **arguments: Any) -> Any:
    """Call a tool as an agent would, so that it shows as a tool run in a trace, and return its artifact."""
    call = {"name": tool.name, "args": arguments, "id": f"{tool.name}-node", "type": "tool_call"}
    message = await tool.ainvoke(call)
    return message.artifact


def spent_on(reply: Reply[Any]) -> Receipt:
    """The receipt of a model call."""
    return Receipt(images=0, calls=reply.calls, tokens=reply.tokens, seconds=reply.seconds, usd=reply.usd)
