"""Which settings are in force: those a run began with, and only those that were named since."""

from __future__ import annotations

from typing import Any

import pytest

from overpaint.graph.effective import FIXED, effective, in_force, painter_facts, refuse_fixed, refuse_ignored
from overpaint.graph.settings import Settings, merge
from overpaint.graph.state import State
from overpaint.graph.toolbox import open_toolbox
from overpaint.tools.faults import BadInput
from overpaint.tools.painters import Abilities

BEGUN = {"seed": 5, "per_round": 3, "patience": None, "max_images": 7, "actions": ["reseed", "edit"]}


def begun() -> State:
    return {"settings": merge(BEGUN).kept}


@pytest.mark.parametrize(
    "context",
    [
        None,
        {},
        Settings(),
        Settings.model_validate(BEGUN),
        dict(BEGUN),
        {"actions": ("reseed", "edit")},
        {"steps": None},
    ],
    ids=str,
)
async def test_nothing_changes_without_something_named(context: Any) -> None:
    named = {"actions": list(context["actions"])} if isinstance(context, dict) and "actions" in context else context
    assert await in_force(begun(), named) == {}


async def test_what_the_painter_would_refuse_later_is_refused_before_anything_is_paid() -> None:
    asked = merge({"painter": "openai:gpt-image-1.5", "size": "1536x1536"})
    with pytest.raises(BadInput, match="cannot paint 1536x1536"):
        await painter_facts(await open_toolbox(asked.model_dump()))


class Redrawing:
    """A painter that takes a strength, and that the agent cannot ask for edits."""

    name = "redrawing"
    abilities = Abilities(accepts=frozenset({"strength"}))


def test_a_strength_that_no_edit_would_use_is_refused() -> None:
    with pytest.raises(BadInput, match=r"redrawing cannot edit, so strength=0\.5"):
        refuse_ignored(Redrawing(), Settings(strength=0.5))  # type: ignore[arg-type]
    refuse_ignored(Redrawing(), Settings())  # type: ignore[arg-type]


@pytest.mark.parametrize("context", [{"max_images": 9}, Settings(max_images=9)])
async def test_what_is_named_counts_and_the_rest_stays(context: Any) -> None:
    changed = await in_force(begun(), context)
    assert merge(changed["settings"]) == merge(BEGUN, {"max_images": 9})
    assert changed["painter"]["edit"] == "mask"


async def test_a_setting_can_be_unset_again() -> None:
    state: State = {"settings": merge({"max_calls": 5}).kept}
    changed = await in_force(state, {"max_calls": None})
    assert merge(changed["settings"]).max_calls is None
    changed = await in_force({"settings": merge({}).kept}, {"patience": None})
    assert merge(changed["settings"]).patience is None


async def test_actions_may_be_named_as_a_text_or_in_any_sequence() -> None:
    for actions in ("edit,revise", ["edit", "revise"], ("edit", "revise")):
        changed = await in_force(begun(), {"actions": actions})
        assert changed["settings"]["actions"] == ["edit", "revise"]


@pytest.mark.parametrize("name", sorted(FIXED))
async def test_what_is_fixed_stays_whatever_is_said(name: str) -> None:
    other: Any = {
        "seed": 6,
        "upsample": False,
        "judge_method": "none",
        "review_checklist": True,
        "upsample_method": "compare",
        "variations": 2,
        "upsample_words": "10-20",
        "attempts": 2,
        "question": "What is in it?",
        "raw_brief": False,
    }[name]
    assert await in_force(begun(), {name: other}) == {}
    with pytest.raises(BadInput, match=f"{name} is fixed"):
        refuse_fixed({name: other, "max_images": 3})


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"max_imagse": 1}, "max_images"),
        ({"max_images": 0}, "max_images"),
        ({"painter": "nobody"}, "nobody"),
        ({"judge_checklist_system_prompt": "{{ history }}"}, "'history' is undefined"),
    ],
)
async def test_what_cannot_be_used_is_refused(wrong: dict[str, Any], reason: str) -> None:
    with pytest.raises(BadInput, match=reason):
        await in_force(begun(), wrong)


def test_a_bare_invoke_has_the_defaults() -> None:
    assert effective(None) == effective({}) == Settings()
    assert effective({"per_round": 2}).per_round == 2
    assert effective(Settings(per_round=2)).per_round == 2
    with pytest.raises(BadInput, match="per_round"):
        effective({"per_round": 0})
    refuse_fixed({"max_images": 3})
