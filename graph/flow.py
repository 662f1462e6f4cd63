"""The wiring and nothing else: the whole flow on one screen.

`graph` has no checkpointer, for servers that bring their own; `build_graph` makes one that keeps its own.
"""

from typing import Literal

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.store.base import BaseStore

from overpaint.graph.attempt import CandidateState, Carried, Judged
from overpaint.graph.interface import Input, Output
from overpaint.graph.lean import lean
from overpaint.graph.nodes.compare import compare
from overpaint.graph.nodes.critique import critique
from overpaint.graph.nodes.decide import decide
from overpaint.graph.nodes.deliver import deliver
from overpaint.graph.nodes.generate import generate
from overpaint.graph.nodes.intake import intake
from overpaint.graph.nodes.judge import judge
from overpaint.graph.nodes.reply import reply
from overpaint.graph.nodes.review import review
from overpaint.graph.nodes.review_checklist import review_checklist
from overpaint.graph.nodes.specify import specify
from overpaint.graph.nodes.upsample import upsample
from overpaint.graph.settings import Settings
from overpaint.graph.state import State
from overpaint.graph.waiting import RETRY


def build_graph(
    checkpointer: BaseCheckpointSaver[str] | None = None, store: BaseStore | None = None
) -> CompiledStateGraph[State, Settings, Input, Output]:
    """The compiled graph, which stores pictures that come inline before LangGraph writes anything down.

    Args:
        checkpointer: keeps every step, so that a run can be resumed, replayed and forked; None for servers.
        store: LangGraph's long-term store; unused by the flow itself.
    """
    return lean(_run().compile(checkpointer=checkpointer, store=store, name="agent"))


def _candidate() -> StateGraph[CandidateState, Settings, Carried, Judged]:
    flow = StateGraph(CandidateState, Settings, input_schema=Carried, output_schema=Judged)
    flow.add_node(generate, retry_policy=RETRY)
    flow.add_node(judge, retry_policy=RETRY)
    flow.add_edge(START, "generate")
    flow.add_edge("generate", "judge")
    flow.add_edge("judge", END)
    return flow


def _meant(state: State) -> Literal["reply"] | list[Literal["upsample", "specify"]]:
    """A message that only wants something told needs no writers."""
    return "reply" if state.get("question") else ["upsample", "specify"]


def _once_written(state: State) -> Literal["review_checklist", "decide"]:
    """Both writers are done in one superstep, so both lead to the same node, which then runs once."""
    settings = Settings.model_validate(state["settings"])
    asked = settings.review_checklist and settings.judge_method != "none"
    return "review_checklist" if asked else "decide"


def _run() -> StateGraph[State, Settings, Input, Output]:
    flow = StateGraph(State, Settings, input_schema=Input, output_schema=Output)
    flow.add_node(intake, retry_policy=RETRY)
    flow.add_node(upsample, retry_policy=RETRY)
    flow.add_node(specify, retry_policy=RETRY)
    flow.add_node(review_checklist)
    flow.add_node(decide)
    flow.add_node("candidate", _candidate().compile())
    flow.add_node(critique, retry_policy=RETRY)
    flow.add_node(review)
    flow.add_node(compare, retry_policy=RETRY)
    flow.add_node(deliver)
    flow.add_node(reply)
    flow.add_edge(START, "intake")
    flow.add_conditional_edges("intake", _meant, ["upsample", "specify", "reply"])
    # Two edges, since both ends fall into one superstep. A joined edge would keep a set in its channel, which the
    # dev server reads back as a list: Studio would show a run paused before decide with nothing to do next.
    flow.add_conditional_edges("upsample", _once_written)
    flow.add_conditional_edges("specify", _once_written)
    flow.add_edge("candidate", "decide")
    flow.add_edge("compare", "deliver")
    flow.add_edge("deliver", END)
    return flow


graph = build_graph()
