"""The registry: every scorer says what it is, options are checked by name, and other packages add theirs."""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint, EntryPoints
from types import ModuleType
from typing import Any

import pytest

from overpaint.evaluation.scorers import scorer as registry
from overpaint.evaluation.scorers.scorer import BUILT_IN, Scorer, get_scorer, names, options_of
from overpaint.tools.faults import BadInput

OPTIONS: dict[str, dict[str, Any]] = {
    "auditor": {"auditor": "shapes"},
    "pairwise": {"auditor": "openai:m"},
    "llm_eval": {"auditor": "openai:m"},
}


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-this-test-alone")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name == "caption_score" else ()) for name in BUILT_IN]
)
def test_every_scorer_says_what_it_is(name: str) -> None:
    scorer: Scorer = get_scorer(name, **OPTIONS.get(name, {}))
    assert scorer.name == name
    assert scorer.title
    assert scorer.unit
    assert scorer.scope in ("pictures", "runs", "delivered", "rows")
    assert scorer.batch > 0
    assert scorer.span is None or scorer.span[0] < scorer.span[1]
    assert not {"log", "auditor_api_key_env"} & scorer.options.keys()


def test_no_scorer_of_that_name() -> None:
    with pytest.raises(BadInput, match=r"no scorer 'clip': use some of truth, checklist, clipscore, .*, or all"):
        get_scorer("clip")


def test_an_option_that_is_not_known_is_refused_by_name() -> None:
    with pytest.raises(BadInput, match="clipscore has no option 'auditor': it knows clip, device"):
        get_scorer("clipscore", auditor="shapes")
    with pytest.raises(BadInput, match="truth has no option 'clip': it has no options"):
        get_scorer("truth", clip="folder")
    assert options_of("auditor") == {"auditor", "auditor_base_url", "auditor_api_key_env"}


@pytest.mark.parametrize("name", ["auditor", "pairwise", "llm_eval"])
def test_a_model_must_be_named(name: str) -> None:
    with pytest.raises(BadInput, match="--set auditor=provider:model"):
        get_scorer(name)


@pytest.mark.parametrize("name", ["pairwise", "llm_eval"])
def test_the_built_in_model_compares_nothing(name: str) -> None:
    with pytest.raises(BadInput, match="compares no pictures"):
        get_scorer(name, auditor="shapes")


def test_a_scorer_of_another_package(monkeypatch: pytest.MonkeyPatch) -> None:
    class Sharpness:
        name = "sharpness"

        def __init__(self, power: float = 1.0) -> None:
            self.options = {"power": power}

    module = ModuleType("other_package")
    module.Sharpness = Sharpness  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "other_package", module)
    points = [
        EntryPoint("sharpness", "other_package:Sharpness", registry.ENTRY_POINTS),
        EntryPoint("broken", "other_package:Gone", registry.ENTRY_POINTS),
    ]
    monkeypatch.setattr(registry, "entry_points", lambda group: EntryPoints(points).select(group=group))
    assert names() == [*BUILT_IN, "broken", "sharpness"]
    assert get_scorer("sharpness", power=2.0).options == {"power": 2.0}
    with pytest.raises(BadInput, match="'broken' of another package cannot be imported"):
        get_scorer("broken")
