"""What a run may cost at worst, settled before it begins; and caps that are too small for any."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from blockbuster import blockbuster_ctx

from overpaint.graph.costs import LOOK_SECONDS, facts_of, look_cost, refuse_small_caps
from overpaint.graph.settings import Settings
from overpaint.graph.state import PainterFacts
from overpaint.run import refine
from overpaint.tools.backends.remote import SECONDS
from overpaint.tools.faults import BadInput
from overpaint.tools.inspect_image import MOST_DETAILS
from overpaint.tools.painters import Abilities, get_painter

FACTS = PainterFacts(
    edit=None, token_limit=None, price_usd=0.04, seconds=5.0, look={"tokens": 1000, "seconds": 2.0, "usd": 0.01}
)


class Paid:
    """A painter behind a server, as far as its costs go."""

    name = "paid:painter"

    def __init__(self, price: float | None) -> None:
        self.abilities = Abilities(price_usd=price)


def facts(price: float | None = 0.04, **wanted: Any) -> PainterFacts:
    return facts_of(Paid(price), Settings(**wanted))  # type: ignore[arg-type]


def test_a_paid_picture_takes_its_time_limit_and_one_of_our_own_can_be_stopped() -> None:
    assert facts()["seconds"] == SECONDS
    assert facts(timeout=30.0)["seconds"] == 30.0
    assert facts_of(get_painter("shapes"), Settings())["seconds"] == 0.0


def test_a_picture_billed_by_its_size_is_reserved_at_the_size_that_is_set() -> None:
    painter = Paid(0.025)
    painter.abilities = Abilities(price_usd=0.025, megapixel_usd=0.025)
    sized = facts_of(painter, Settings(size="2048x2048"))  # type: ignore[arg-type]
    assert sized["price_usd"] == pytest.approx(0.125)


def test_caps_are_held_against_facts_that_were_settled_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OVERPAINT_HOME")  # its home, where prices may lie, is then a relative path
    monkeypatch.chdir(tmp_path)
    with blockbuster_ctx():
        asyncio.run(_held(FACTS, Settings(judge="openai:m", max_calls=9)))


async def _held(facts: PainterFacts, settings: Settings) -> None:
    refuse_small_caps(facts, settings, described=True)


def test_a_look_costs_what_its_price_and_its_longest_answer_come_to() -> None:
    short, long = (look_cost(Settings(judge="openai:gpt-5-mini", judge_max_tokens=n)) for n in (100, 1100))
    assert long["tokens"] - short["tokens"] == 1000
    assert long["usd"] is not None
    assert short["usd"] is not None
    assert long["usd"] - short["usd"] == pytest.approx(1000 * 2e-6)
    assert long["seconds"] == LOOK_SECONDS
    assert look_cost(Settings())["usd"] == 0.0
    assert look_cost(Settings(judge="nvidia:whatever"))["usd"] is None
    assert look_cost(Settings(judge_method="none")) == {"tokens": 0, "seconds": 0.0, "usd": 0.0}


def test_a_look_after_the_first_may_show_places_of_the_picture_to_a_judge_behind_http() -> None:
    made = facts(judge="openai:gpt-5-mini")
    assert made["again"]["tokens"] - made["look"]["tokens"] >= MOST_DETAILS * 1000
    local = facts()
    assert local["again"] == local["look"]


@pytest.mark.parametrize(
    ("price", "models", "told"),
    [
        (None, {}, "the painter shapes"),
        (0.04, {"critic": "nvidia:x"}, "the critic nvidia:x"),
        (0.04, {"captioner": "nvidia:y"}, "the captioner nvidia:y"),
        (
            0.04,
            {"judge": "openai:gpt-5-mini", "judge_base_url": "http://127.0.0.1:1/v1"},
            "the judge openai:gpt-5-mini",
        ),
    ],
)
def test_money_is_capped_only_where_every_price_is_known(
    price: float | None, models: dict[str, Any], told: str
) -> None:
    assert facts(price, **models)
    with pytest.raises(BadInput, match="max_usd") as fault:
        facts(price, max_usd=1.0, **models)
    assert told in str(fault.value)


def test_money_can_be_capped_with_priced_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "prices.yaml"
    own.write_text("chat: {nvidia:x: {input: 1, output: 2}}")
    monkeypatch.setenv("OVERPAINT_PRICES", str(own))
    assert facts(max_usd=1.0, writer="openai:gpt-5-mini", critic="nvidia:x")["price_usd"] == 0.04


@pytest.mark.parametrize(
    ("caps", "described", "told"),
    [
        (
            {"max_tokens": 999},
            False,
            "max_tokens=999 cannot pay for one picture and its first look: give at least 1000",
        ),
        ({"max_tokens": 1999}, True, "give at least 2000"),
        ({"max_calls": 1}, True, "give at least 2"),
        ({"max_seconds": 6.5}, False, "give at least 7"),
        ({"max_usd": 0.045}, False, "give at least 0.05"),
        ({"max_usd": 0.05}, True, "give at least 0.06"),
    ],
)
def test_caps_too_small_for_one_picture_are_refused(caps: dict[str, Any], described: bool, told: str) -> None:
    with pytest.raises(BadInput, match="cannot pay for one picture") as fault:
        refuse_small_caps(FACTS, Settings(**caps), described=described)
    assert told in str(fault.value)


@pytest.mark.parametrize("caps", [{"max_calls": 1}, {"max_tokens": 1000}, {"max_seconds": 7.0}, {"max_usd": 0.05}, {}])
def test_the_smallest_caps_that_would_do_are_taken(caps: dict[str, Any]) -> None:
    refuse_small_caps(FACTS, Settings(**caps))


@pytest.mark.slow
def test_a_run_with_one_model_call_paints_the_brief_itself_and_looks_once() -> None:
    run = refine("a red circle above a blue square", settings={"max_calls": 1, "seed": 1})
    assert run.receipt["calls"] == 1
    assert run.champion is not None
    assert run.champion["prompt"] == "a red circle above a blue square"
    assert [r["text"] for r in run.checklist] == ["a red circle above a blue square"]


@pytest.mark.slow
@pytest.mark.parametrize(("calls", "looks", "passed"), [(2, 3, False), (2, 1, True), (4, 3, True)])
def test_a_pass_that_no_cap_left_room_to_confirm_is_no_pass(calls: int, looks: int, passed: bool) -> None:
    run = refine("a red circle", settings={"max_calls": calls, "looks": looks, "upsample": False, "seed": 1})
    assert run.champion is not None
    assert run.champion["verdict"] is not None
    assert run.champion["verdict"]["passed"] is passed
    assert (run.status, run.stop_reason) == (("passed", "passed") if passed else ("stopped", "max_calls"))


@pytest.mark.slow
def test_too_small_a_cap_leaves_nothing_behind(home: Path) -> None:
    with pytest.raises(BadInput, match="max_tokens=10 "):
        refine("a red circle", settings={"max_tokens": 10})
    assert not (home / "images").exists()
