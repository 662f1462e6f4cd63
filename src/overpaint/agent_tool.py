"""The tool `refine_image`: any LangChain agent can refine a picture, and a person can steer the run through the agent.

Each call is a run on a thread of its own in overpaint's database, whose id follows from the agent's task and the call.
So when LangGraph runs the agent's tool step again (after an answer, or a crash), the run is taken up where it stands,
and nothing is painted twice. The agent may be sync or async, with any checkpointer; without one it cannot pause.
Calls that LangGraph makes in one task (a ToolNode's) run one after the other; those of `create_agent` side by side.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncGenerator, Coroutine, Iterator, Mapping
from contextlib import aclosing, contextmanager
from contextvars import copy_context
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar

from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import var_child_runnable_config
from langchain_core.tools import BaseTool, InjectedToolCallId, StructuredTool, ToolException
from langgraph.errors import GraphDrained, GraphInterrupt
from langgraph.runtime import Runtime, get_runtime
from langgraph.types import interrupt
from pydantic import BaseModel, Field, ValidationError

from overpaint.continuing import stream_resumed
from overpaint.delivered import Delivered, delivered
from overpaint.events import Event
from overpaint.given import settings_of
from overpaint.graph.flow import build_graph
from overpaint.graph.kept import read_thread
from overpaint.graph.persistence import on_thread, open_checkpointer
from overpaint.queueing import in_turn
from overpaint.result import Run
from overpaint.run import stream, wait_for
from overpaint.tools.bad_call import bad_calls
from overpaint.tools.faults import BadInput, ProviderFault
from overpaint.tools.home import current_home, use_home
from overpaint.tools.images import ImageStore

T = TypeVar("T")

NAME = "refine_image"
DESCRIPTION = (
    "Paint a picture from a brief, look at it, and paint again until it shows what was asked. Returns Markdown that"
    " shows the picture (repeat it to show the picture to the user), what the picture still lacks, and what it cost. It"
    " takes seconds to minutes, so call it once per picture wanted. To change a picture, give its sha256 as `image` and"
    " describe in `brief` the whole picture as it shall be."
)

_THREADS = uuid.UUID("0c1f7a0e-3d0b-4a5f-8a39-7a4f0f3c2d66")
"""The name space of the threads (UUID version 5). Any other would do as well."""
_ANSWERS = "overpaint_answers"
"""In the metadata of a run's checkpoints: how many of the agent's answers it had been given by then."""


class Asked(BaseModel):
    """What an agent or an MCP client says."""

    brief: str = Field(description="What the picture shall show, in plain words, whole: all objects, places, colours.")
    image: str | None = Field(None, description="The sha256 of a picture made before, to start from.")
    max_images: int | None = Field(None, ge=1, description="The most pictures to paint; fewer if one passes.")


class _Arguments(Asked):
    tool_call_id: Annotated[str, InjectedToolCallId]


def as_tool(
    *, preset: str | None = None, settings: Mapping[str, object] | None = None, home: Path | None = None
) -> BaseTool:
    """Make the tool `refine_image` for an agent.

        agent = create_agent("openai:gpt-5-mini", tools=[overpaint.as_tool()], checkpointer=InMemorySaver())

    Its answer is a text; the message's `artifact` is a `Delivered`. Progress goes to the agent's stream (mode "custom")
    as the events of `overpaint.stream`, each with the `tool_call_id`. With `review` on, the agent pauses with a
    HITLRequest, and goes on by `Command(resume=…)`; that needs an agent with a checkpointer. What cannot be done is
    answered as an error that the model reads.

    Args:
        preset: a named set of settings, the default one when None.
        settings: settings that override the preset's, by name. An agent may ask for no more pictures than `max_images`.
        home: folder for pictures and checkpoints; OVERPAINT_HOME, or .overpaint in the current folder, when None.

    Raises:
        BadInput: a setting cannot be used.
    """
    refiner = _Refiner(preset, dict(settings or {}), settings_of(preset, settings or {}).max_images, home)
    return StructuredTool.from_function(
        func=refiner.refine,
        coroutine=refiner.arefine,
        name=NAME,
        description=DESCRIPTION,
        args_schema=_Arguments,
        response_format="content_and_artifact",
        handle_tool_error=True,
        handle_validation_error=_unfit,
    )


def _within(cap: int, wanted: int | None) -> dict[str, int]:
    """The setting for what a caller wants to be painted at most.

    Raises:
        BadInput: it is more than the cap.
    """
    if wanted is not None and wanted > cap:
        raise BadInput(f"max_images is {wanted} and may be at most {cap} here: ask for fewer, or leave it out")
    return {} if wanted is None else {"max_images": wanted}


@dataclass(frozen=True)
class _Refiner:
    preset: str | None
    settings: Mapping[str, object]
    cap: int
    home: Path | None

    def refine(self, **asked: Any) -> tuple[str, Delivered]:
        return wait_for(self.arefine(**asked))

    async def arefine(
        self, brief: str, tool_call_id: str, image: str | None = None, max_images: int | None = None
    ) -> tuple[str, Delivered]:
        call = _Call(_runtime(), tool_call_id)
        # LangGraph hands a task its answers in the order of its questions, which calls side by side would mix up.
        async with in_turn(call.task):
            with _told_to_the_agent(), use_home(self.home):
                settings = {**self.settings, **_within(self.cap, max_images)}
                run, taken = await call.apart(_standing(call.thread))
                _pass_over(taken)
                events = self._begun(call, brief, image, settings) if run is None else call.resumed(run)
                ended = await self._steered(call, await call.apart(call.listen(events), taken), taken)
                return await asyncio.to_thread(delivered, ended)

    async def _begun(
        self, call: _Call, brief: str, image: str | None, settings: dict[str, Any]
    ) -> AsyncGenerator[Event, None]:
        data = None if image is None else await ImageStore(await asyncio.to_thread(current_home) / "images").load(image)
        told = stream(
            brief, image=data, preset=self.preset, settings=settings, control=call.control, thread=call.thread
        )
        async with aclosing(told) as events:
            async for event in events:
                yield event

    async def _steered(self, call: _Call, run: Run, taken: int) -> Run:
        """Lead a run through its questions: each is the agent's to ask, and the answer is the run's."""
        while run.status == "waiting":
            if not call.can_wait:
                raise BadInput(
                    f"run {run.run} waits for a person, and this agent cannot pause: give it a checkpointer, or answer"
                    f" with overpaint resume {run.run} --answer approve"
                )
            answer = interrupt(_together(run.requests))
            taken += 1
            run = await call.apart(call.listen(call.resumed(run.run, answer)), taken)
        if run.status == "interrupted":
            raise GraphDrained(call.control.drain_reason or "shutdown" if call.control else "shutdown")
        return run


class _Call:
    """One call of the tool: the thread of its run, and the agent that waits for it."""

    def __init__(self, runtime: Runtime[Any] | None, tool_call_id: str) -> None:
        info = runtime.execution_info if runtime else None
        self.id = tool_call_id
        self.task = info.task_id if info else str(uuid.uuid4())
        # The task is the same when a step is run again; a call's id alone may come again in a later turn.
        self.thread = str(uuid.uuid5(_THREADS, f"{self.task} {tool_call_id}"))
        self.can_wait = info is not None and info.thread_id is not None
        self.control = runtime.control if runtime else None
        self.writer = runtime.stream_writer if runtime else None
        self.context = copy_context()  # where the writer finds the agent

    def resumed(self, run: str, answer: Any = None) -> AsyncGenerator[Event, None]:
        return stream_resumed(run, answer=answer, control=self.control)

    async def listen(self, events: AsyncGenerator[Event, None]) -> Run:
        """Tell the agent's stream what happens, and return the run."""
        async with aclosing(events) as source:
            async for event in source:
                if event["kind"] == "done":
                    run: Run = event["run"]
                elif self.writer is not None:
                    self.context.run(self.writer, {**event, "tool_call_id": self.id})
        return run

    async def apart(self, work: Coroutine[Any, Any, T], taken: int = 0) -> T:
        """Do what concerns the run outside the agent's own LangGraph context.

        Within it the run's graph would stream its model calls as the agent's. The number of answers goes into the run's
        checkpoints with whatever they lead to, so that no crash can part the two.
        """
        context = copy_context()
        context.run(var_child_runnable_config.set, RunnableConfig(metadata={_ANSWERS: taken}))
        return await asyncio.create_task(work, context=context)


def _runtime() -> Runtime[Any] | None:
    """That of the LangGraph node that calls the tool; None where none does."""
    try:
        return get_runtime()
    except (KeyError, RuntimeError):
        return None


async def _standing(thread: str) -> tuple[str | None, int]:
    """The run that an earlier try of this call left on its thread, and how many answers it has been given."""
    async with open_checkpointer() as saver:
        run = (await read_thread(build_graph(saver), thread)).values.get("run")
        given = [int(kept.metadata.get(_ANSWERS, 0)) async for kept in saver.alist(on_thread(thread))]  # type: ignore[call-overload]
    return run, max(given, default=0)


def _pass_over(taken: int) -> None:
    """Take the agent's answers that the run has been given already: LangGraph hands out all of them again, in order."""
    for _ in range(taken):
        try:
            interrupt(None)
        except GraphInterrupt:
            return  # a crash lost it to the agent, not to the run


def _together(requests: list[dict[str, Any]]) -> dict[str, Any]:
    """One HITLRequest for all that is asked side by side; one decision for each of its actions answers it."""
    configs = {c["action_name"]: c for request in requests for c in request["review_configs"]}
    actions = [action for request in requests for action in request["action_requests"]]
    return {"action_requests": actions, "review_configs": list(configs.values())}


@contextmanager
def _told_to_the_agent() -> Iterator[None]:
    """Raise what a model or a person can mend as what LangChain answers a tool call with."""
    try:
        with bad_calls():
            yield
    except ProviderFault as fault:
        raise ToolException(str(fault)) from fault


def _unfit(error: ValidationError | Any) -> str:
    first = error.errors()[0]
    return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}; see the tool's arguments"
