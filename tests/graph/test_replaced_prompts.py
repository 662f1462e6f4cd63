"""Prompts replaced in the context of a run, as LangGraph Studio sends it: what models are told, and what is kept of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver

from overpaint.graph.flow import build_graph
from overpaint.graph.persistence import on_thread
from overpaint.graph.templates import text_of
from overpaint.graph.toolbox import open_toolbox
from overpaint.tools.faults import BadInput
from tests.graph.test_faults import Moody, moody
from tests.servers import ChatServer, Request, Say, chat_server

__all__ = ["moody"]

pytestmark = pytest.mark.slow

BRIEF = "a circle and a square"
BOX = [0.5, 0.5, 0.75, 0.75]


def speaking(request: Request) -> Say:
    """Writer, critic and judge; the judge finds the circle alone."""
    if request.json["model"] == "w":
        drafts = [{"text": t, "question": f"Is there {t}?", "kind": "object"} for t in ("a circle", "a square")]
        return Say(json.dumps({"requirements": [{**draft, "expected": "yes", "weight": 1} for draft in drafts]}))
    if request.json["model"] == "c":
        proposals = [{"prompt": "a square", "boxes": [BOX]}]
        return Say(json.dumps({"diagnosis": "No square.", "feedback": "Add it.", "proposals": proposals, "idea": None}))
    asked = [line for line in human(request).splitlines() if line[:1].isdigit()]
    seen = [
        {"number": i, "answer": "yes" if "circle" in line else "no", "evidence": "e", "box": None}
        for i, line in enumerate(asked, 1)
    ]
    return Say(json.dumps({"observations": "A circle.", "answers": seen, "flaws": [], "quality": 0.5}))


def human(request: Request) -> str:
    content = request.json["messages"][-1]["content"]
    return content if isinstance(content, str) else str(content[0]["text"])


def system(request: Request) -> str:
    return str(request.json["messages"][0]["content"])


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ChatServer]:
    with chat_server() as serving:
        serving.think = speaking
        monkeypatch.setenv("OPENAI_API_KEY", "sk-of-this-test")
        monkeypatch.setenv("OPENAI_BASE_URL", serving.url)
        yield serving


async def run(context: dict[str, Any], **options: Any) -> dict[str, Any]:
    """The state of a run whose settings come as the plain dict that a LangGraph server is sent."""
    roles = {"painter": "moody", "writer": "openai:w", "critic": "openai:c", "judge": "openai:j"}
    settings: Any = {**roles, "upsample": False, "max_images": 2, "seed": 1, **context}
    graph, config = build_graph(InMemorySaver()), on_thread("t")
    await graph.ainvoke({"brief": BRIEF}, config, context=settings, **options)
    return dict((await graph.aget_state(config)).values)


@pytest.mark.parametrize(
    ("critique", "action", "edit"),
    [
        ("critique.edit", "edit", "mask"),
        ("critique.instruct", "edit", "instruct"),
        ("critique.revise", "revise", None),
        ("critique.restart", "restart", None),
    ],
)
async def test_models_are_told_the_replaced_texts_and_records_name_them(
    critique: str, action: str, edit: Any, moody: Moody, server: ChatServer
) -> None:
    moody.abilities = replace(moody.abilities, edit=edit)
    replaced = ("specify", "judge.checklist", "judge.again", critique)
    own = {name: f"OWN words for {name}." for name in replaced}
    fields = {f"{name}_system_prompt".replace(".", "_"): text for name, text in own.items()}
    state = await run({**fields, "actions": (action,)})
    assert {system(request) for request in server.asked} == set(own.values())
    (_, second) = await (await open_toolbox(state["settings"])).walk(state)  # type: ignore[arg-type]
    assert second["action"] == action
    assert state["prompts"].keys() == {"specify", critique}
    templates = {f"{name}.system": text for name, text in own.items()}
    assert state["settings"]["templates"] == templates
    labels = {**state["prompts"], **second["prompts"]}
    assert {name: labels[name] for name in replaced} == {name: text_of(name, templates).label for name in replaced}
    assert all(labels[name] != text_of(name, None).label for name in replaced)


async def test_human_messages_are_filled_in(moody: Moody, server: ChatServer) -> None:
    asks = {
        "specify_human_prompt": "OWN list for {{ brief }}",
        "judge_checklist_human_prompt": "{% for q in questions %}{{ loop.index }}. OWN {{ q }}\n{% endfor %}",
        "critique_revise_human_prompt": "OWN {% for item in failed %}{{ item.text }}{% endfor %} not in {{ prompt }}",
    }
    await run({**asks, "actions": ("revise",), "looks": 1})
    assert [human(request) for request in server.asked] == [
        f"OWN list for {BRIEF}",
        "1. OWN Is there a circle?\n2. OWN Is there a square?",
        f"OWN a square not in {BRIEF}",
        "1. OWN Is there a circle?\n2. OWN Is there a square?",
    ]


async def test_the_question_that_stands_for_a_whole_brief_is_replaced(moody: Moody, server: ChatServer) -> None:
    server.think = lambda request: Say("Sure! Here you go.")
    own = {"specify_whole_human_prompt": "Is all of this there: {{ brief }}?"}
    state = await run(own, interrupt_before=["decide"])
    assert [item["question"] for item in state["checklist"]] == [f"Is all of this there: {BRIEF}?"]
    templates = {"specify.whole.human": own["specify_whole_human_prompt"]}
    assert state["prompts"]["specify.whole"] == text_of("specify.whole", templates).label
    assert state["prompts"]["specify"] == text_of("specify", None).label


@pytest.mark.parametrize(
    ("field", "text", "wrong"),
    [
        (
            "judge_checklist_human_prompt",
            "{{ prompt }}",
            r"judge\.checklist .*'prompt'.* is given: questions",
        ),
        ("critique_edit_system_prompt", "{{ failed[0].txt }}", r"critique\.edit .*txt"),
        ("specify_system_prompt", "", r"specify\.system has no text"),
    ],
)
async def test_a_text_that_cannot_be_used_is_named_before_anything_is_asked(
    field: str, text: str, wrong: str, moody: Moody, server: ChatServer, home: Path
) -> None:
    with pytest.raises(BadInput, match=wrong):
        await run({field: text})
    assert server.asked == []
    assert moody.asked == []
