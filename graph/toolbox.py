"""What a node works with: stores, painter and chat models, opened from the settings in state and the home folder."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AnyMessage, HumanMessage, SystemMessage
from langchain_core.tools import BaseTool
from langgraph.runtime import Runtime
from pydantic import BaseModel

from overpaint.graph.settings import PAINTER_OPTIONS, Settings
from overpaint.graph.state import Receipt, empty_receipt
from overpaint.graph.waiting import paced
from overpaint.prompts import Prompt, load
from overpaint.tools.asking import Reply, ask
from overpaint.tools.call_log import CallLog
from overpaint.tools.chat import get_chat
from overpaint.tools.database import database_url, open_database
from overpaint.tools.home import current_home, known_home
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
    calls: CallLog | None = None
    runtime: Runtime[Any] | None = None

    async def painter(self) -> Painter:
        """The image model; opening it looks at files, so it is done in a thread.

        Raises:
            BadInput: there is no such painter, or it cannot run here.
        """
        wanted = {k: v for k, v in self.settings.picture.items() if k in PAINTER_OPTIONS}
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
        chat = await self.chat(role)
        async with self.paced():
            return await ask(chat, schema, messages, name=prompt.name, repair=ask_again, log=self.calls)

    def paced(self) -> AbstractAsyncContextManager[None]:
        """Around every request to a provider: waits as long as a rate limit asks for before the node tries again."""
        return nullcontext() if self.runtime is None else paced(self.runtime)

    async def spent(self) -> Receipt:
        """What this task's model calls came to, those of a try that crashed or failed included."""
        if self.calls is None:
            return empty_receipt()
        sums = await self.calls.spent()
        return Receipt(
            images=0, unknown=0, calls=sums.calls, tokens=sums.tokens, seconds=round(sums.seconds, 3), usd=sums.usd
        )


async def open_toolbox(
    settings: Mapping[str, Any], run: str | None = None, node: str = "", runtime: Runtime[Any] | None = None
) -> Toolbox:
    """The toolbox for the settings that a state holds; the current folder is asked for in a thread.

    Args:
        settings: the effective settings.
        run: the run whose model calls are logged; None when none will be made.
        node: who makes them; for a candidate its id as well.
        runtime: names the task, which is the same when a crashed or failed node is tried again.
    """
    home = known_home()
    if home is None:
        home = await asyncio.to_thread(current_home)
    database = open_database(database_url(home))
    info = runtime.execution_info if runtime else None
    task = info.task_id if info else ""
    return Toolbox(
        settings=Settings.model_validate(settings),
        images=ImageStore(home / "images"),
        records=RecordStore(home / "records"),
        ledger=Ledger(database),
        calls=CallLog(database, run=run, node=node, task=task) if run else None,
        runtime=runtime,
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
