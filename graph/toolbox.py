"""What a node works with: stores, painter and chat models, opened from the settings in state and the home folder."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AnyMessage, HumanMessage, SystemMessage
from langchain_core.tools import BaseTool
from langgraph.runtime import Runtime
from pydantic import BaseModel

from overpaint.graph.chat_settings import Role
from overpaint.graph.record import Record
from overpaint.graph.settings import Settings
from overpaint.graph.state import Candidate, Receipt, State, empty_receipt
from overpaint.graph.templates import text_of
from overpaint.graph.waiting import paced
from overpaint.prompts import Prompt, load
from overpaint.tools.asking import Reply, ask
from overpaint.tools.budget import NoRoom, Room
from overpaint.tools.call_log import CallLog
from overpaint.tools.chat import get_chat
from overpaint.tools.database import database_url, open_database
from overpaint.tools.home import current_home, known_home
from overpaint.tools.images import ImageStore
from overpaint.tools.ledger import Ledger
from overpaint.tools.painters import Painter, get_painter
from overpaint.tools.records import RecordStore
from overpaint.tools.references import picture

CAPPED_ANSWER = 8192
"""Longest answer, in tokens, of a run whose tokens or money are capped, thinking included: what a call costs at most
must be known before it is made."""

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
    room: Room | None = None

    async def painter(self) -> Painter:
        """The image model; opening it looks at files, so it is done in a thread.

        Raises:
            BadInput: there is no such painter, or it cannot run here.
        """
        return await asyncio.to_thread(get_painter, self.settings.painter, **self.settings.painter_options)

    async def chat(self, role: Role) -> BaseChatModel:
        """The chat model of a role; opening it imports its package, so it is done in a thread.

        Raises:
            BadInput: there is no such model, or its key or package is missing.
        """
        name, options = self.settings.model_of(role), self.settings.chat_options(role)
        capped = self.settings.max_tokens is not None or self.settings.max_usd is not None
        if capped and name != "shapes":
            options = {"max_tokens": CAPPED_ANSWER, **options}
        return await asyncio.to_thread(get_chat, name, self.images, **options)

    async def record(self, candidate: Candidate) -> Record:
        """All that is known of a candidate.

        Raises:
            BadInput: its record is missing or damaged.
        """
        return cast(Record, await self.records.read(candidate["record"]))

    async def walk(self, state: State) -> list[Record]:
        """The records of all candidates so far, in the order they were minted.

        Raises:
            BadInput: one is missing or damaged.
        """
        heads = [candidate["record"] for candidate in state["candidates"].values()]
        return [cast(Record, record) for record in await self.records.walk(heads)]

    def text(self, name: str) -> Prompt:
        """A prompt file, or what the settings replace it by."""
        return text_of(name, self.settings.templates)

    async def consult(
        self, role: Role, prompt: Prompt, schema: type[T], *, shown: str | None = None, values: Mapping[str, Any]
    ) -> Reply[T]:
        """Ask a role one thing in the words of a prompt file, with a stored picture beside the text if `shown`.

        Raises:
            ProviderFault: the model could not be reached. An answer that cannot be read, or that there was no room to
                ask for, is a fault of the reply.
        """
        messages = to_messages(*prompt.render(**values), shown)
        chat = await self.chat(role)
        try:
            async with self.paced():
                return await ask(
                    chat, schema, messages, name=prompt.name, repair=ask_again, log=self.calls, room=self.room
                )
        except NoRoom as full:
            if self.runtime is not None:
                self.runtime.stream_writer(
                    {"kind": "warning", "text": f"the {role} was not asked ({prompt.name}): {full}"}
                )
            return unanswered(full)

    def paced(self) -> AbstractAsyncContextManager[None]:
        """Around every request to a provider: waits as long as a rate limit asks for before the node tries again."""
        return nullcontext() if self.runtime is None else paced(self.runtime)

    async def spent(self) -> Receipt:
        """What this task's model calls came to, those of a try that crashed or failed included."""
        if self.calls is None:
            return empty_receipt()
        sums = await self.calls.spent()
        seconds = round(sums.seconds, 3)
        return Receipt(
            images=0,
            unknown=0,
            calls=sums.calls,
            tokens=sums.tokens,
            cached=sums.cached,
            seconds=seconds,
            usd=sums.usd,
        )


async def open_toolbox(
    settings: Mapping[str, Any],
    run: str | None = None,
    node: str = "",
    runtime: Runtime[Any] | None = None,
    room: Room | None = None,
) -> Toolbox:
    """The toolbox for the settings that a state holds; the current folder is asked for in a thread.

    Args:
        settings: the effective settings.
        run: the run whose model calls are logged; None when none will be made.
        node: who makes them; for a candidate its id as well.
        runtime: names the task, which is the same when a crashed or failed node is tried again.
        room: what this step may still spend on model calls; None: anything.
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
        room=room,
    )


def to_messages(system: str, human: str, shown: str | None = None) -> list[AnyMessage]:
    """A system and a human message; the picture is a reference, its bytes are added below the trace."""
    content: list[str | dict[str, Any]] = [{"type": "text", "text": human}]
    if shown is not None:
        content.append(picture(shown))
    return [SystemMessage(system), HumanMessage(content)]


def unanswered(full: NoRoom) -> Reply[Any]:
    """What a role is taken to have said where there was no room to ask it."""
    return Reply(value=None, fault=str(full), raw="", calls=0, tokens=0, cached=0, seconds=0.0, usd=0.0)


def ask_again(answer: str, fault: str) -> str:
    """What a model is told when its answer could not be read."""
    return load("repair").render(answer=answer, fault=fault)[1]


async def use_tool(tool: BaseTool, **arguments: Any) -> Any:
    """Call a tool as an agent would, so that it shows as a tool run in a trace, and return its artifact."""
    call = {"name": tool.name, "args": arguments, "id": f"{tool.name}-node", "type": "tool_call"}
    message = await tool.ainvoke(call)
    return message.artifact
