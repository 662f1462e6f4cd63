"""The dry run: what would be done and what it costs at most, with nobody asked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from overpaint.cli import main
from overpaint.graph.costs import QUESTIONS, call_cost
from overpaint.graph.settings import Settings
from overpaint.tools.inspect_image import MOST_DETAILS

BRIEF = "a red circle above a blue square"


def planned(capsys: pytest.CaptureFixture[str], *sets: str, code: int = 0) -> str:
    pairs = [word for pair in sets for word in ("--set", pair)]
    assert main(["refine", BRIEF, "--dry-run", *pairs]) == code
    out, err = capsys.readouterr()
    return out if code == 0 else err


def test_nothing_is_made_or_asked(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    told = planned(capsys)
    assert BRIEF in told
    assert "painter: shapes at this machine" in told
    assert "cost free" in told
    assert not home.exists()


def test_models_behind_servers_are_named_without_a_key(capsys: pytest.CaptureFixture[str]) -> None:
    told = planned(
        capsys,
        "painter=fal:fal-ai/flux-pro/v1.1-ultra",
        "judge=openai:gpt-5-mini",
        "critic=openai:mine",
        "critic_base_url=http://127.0.0.1:9/v1",
    )
    assert "painter: fal:fal-ai/flux-pro/v1.1-ultra at its provider's own server" in told
    assert "critic: openai:mine at http://127.0.0.1:9/v1" in told
    assert "cost unknown" in told
    assert "not known: the price of the critic openai:mine" in told


def test_the_worst_case_grows_with_the_round_and_stays_under_the_caps(capsys: pytest.CaptureFixture[str]) -> None:
    def amounts(*sets: str) -> dict[str, dict[str, float]]:
        pairs = [word for pair in ("judge=openai:gpt-5-mini", *sets) for word in ("--set", pair)]
        assert main(["refine", BRIEF, "--dry-run", "--json", *pairs]) == 0
        told = json.loads(capsys.readouterr().out)
        return {"round": told["round"], "run": told["at_most"]}

    one, two = amounts(), amounts("per_round=2")
    assert (one["round"]["pictures"], two["round"]["pictures"]) == (1, 2)
    assert one["round"]["usd"] < two["round"]["usd"] <= two["run"]["usd"]
    assert one["run"]["pictures"] == 16
    assert amounts("rounds=2")["run"]["pictures"] == 2
    capped = amounts("max_calls=9", "max_tokens=50000", "max_usd=0.25", "max_images=3")["run"]
    assert capped == {"pictures": 3, "calls": 9, "tokens": 50000, "usd": 0.25}


def test_enlarged_places_and_the_odds_of_each_yes_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    def told(*sets: str) -> dict[str, float]:
        pairs = [word for pair in ("judge=openai:gpt-5-mini", *sets) for word in ("--set", pair)]
        assert main(["refine", BRIEF, "--dry-run", "--json", *pairs]) == 0
        return dict(json.loads(capsys.readouterr().out)["round"])

    once, looks, odds = told("looks=1"), told("looks=2"), told("looks=1", "probabilities=true")
    assert (looks["calls"] - once["calls"], odds["calls"] - once["calls"]) == (2, QUESTIONS)
    first = call_cost(Settings(judge="openai:gpt-5-mini"), "judge").tokens
    assert looks["tokens"] - once["tokens"] >= 2 * (first + MOST_DETAILS * 1000)
    assert odds["tokens"] - once["tokens"] >= QUESTIONS * 1000
    assert once["usd"] < odds["usd"]


@pytest.mark.parametrize(
    ("pair", "told"),
    [
        ("max_tokens=9", "give at least"),
        ("max_usd=1", "the judge nvidia:x"),
        ("steps=x", "steps"),
        ("size=33x33", "cannot paint size"),
    ],
)
def test_what_refine_would_refuse_is_refused(capsys: pytest.CaptureFixture[str], pair: str, told: str) -> None:
    assert told in planned(capsys, pair, "judge=nvidia:x", code=2)


def test_a_picture_without_a_brief_is_described_first(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    picture = tmp_path / "p.png"
    picture.write_bytes(b"looked at by refine alone")
    assert main(["refine", "--image", str(picture), "--dry-run"]) == 0
    assert "captioner: shapes" in capsys.readouterr().out


def test_suggestions_to_a_person_are_counted_where_nothing_is_judged(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["refine", BRIEF, "--dry-run", "--json", "--offline", "--preset", "human-edit"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert list(told["roles"]) == ["critic"]
    assert (told["at_most"]["pictures"], told["at_most"]["calls"] >= 16) == (16, True)
