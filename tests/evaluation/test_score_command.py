"""`overpaint score`: what is printed, what is refused, and what `all` leaves out."""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path

import pytest

from overpaint.evaluation.experiment import Experiment, open_experiment
from overpaint.evaluation.score_command import add_score, score
from overpaint.evaluation.scorers import scorer
from overpaint.tools.faults import BadInput, ProviderFault
from tests.evaluation.experiments import make_experiment
from tests.evaluation.scorers.scored import png
from tests.servers import Say, chat_server
from tests.tiny_clip import build_clip

FAILED = ("default", "row-001")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_experiment(tmp_path_factory.mktemp("experiments") / "made", rows=3, scorers=()).folder


@pytest.fixture
def experiment(tmp_path: Path, made: Path) -> Experiment:
    return open_experiment(shutil.copytree(made, tmp_path / "made"))


def asked(experiment: Experiment, *words: str) -> int:
    parser = argparse.ArgumentParser()
    add_score(parser)
    return score(parser.parse_args([experiment.name, "--out", str(experiment.folder.parent), *words]))


@pytest.mark.slow
def test_means_of_the_delivered_pictures_by_preset(experiment: Experiment, capsys: pytest.CaptureFixture[str]) -> None:
    assert asked(experiment, "--scorer", "truth") == 0
    printed = capsys.readouterr().out.splitlines()
    right = {
        preset: [o["truth"][shot["picture"]] for o in experiment.outcomes() for shot in o["shots"]
                 if o["truth"] and shot["picture"] and o["preset"] == preset and shot["id"] == o["chosen"]]
        for preset in experiment.about["presets"]
    }  # fmt: skip
    assert printed[0].startswith("truth: right by ground truth; ")
    for line, (preset, some) in zip(printed[1:], right.items(), strict=False):
        words = [f"{preset},", "delivered", f"{sum(some) / len(some):.4f}", str(len(some))]
        assert line.split()[:4] == words
        assert line.endswith("2 pictures, 1 without a value" if preset == FAILED[0] else "3 pictures")
    assert printed[-2] == "asked models: 0 calls, 0 tokens"


@pytest.mark.slow
def test_one_object_of_json(experiment: Experiment, capsys: pytest.CaptureFixture[str]) -> None:
    assert asked(experiment, "--scorer", "truth,checklist", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert [one["scorer"] for one in found["scorers"]] == ["truth", "checklist"]
    assert found["scorers"][0]["means"][0]["preset"] == "one-shot"
    assert found["spent"] == {"calls": 0, "tokens": 0, "usd": 0}
    assert asked(experiment, "--scorer", "truth", "--json") == 0
    again = json.loads(capsys.readouterr().out)["scorers"][0]
    assert (again["scored"], again["means"]) == (0, found["scorers"][0]["means"])


@pytest.mark.slow
def test_calls_are_counted_and_a_second_time_none_is_made(
    experiment: Experiment, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-this-test-alone")
    with chat_server(Say(json.dumps({"reasoning": "seen", "better": "neither"}))) as server:
        options = ("--scorer", "pairwise", "--set", "auditor=openai:m", "--set", f"auditor_base_url={server.url}")
        monkeypatch.delenv("OPENAI_API_KEY")
        assert asked(experiment, *options) == 0
        calls = len(server.asked)
        assert calls == 2 * (3 + 1 + 3)  # three pairs a row; the second row has a run that delivered nothing
        assert f"asked models: {calls} calls, {18 * calls} tokens\n" in capsys.readouterr().out
        assert asked(experiment, *options) == 0
        assert len(server.asked) == calls


@pytest.mark.slow  # imports nltk
def test_all_are_those_that_can_run_here(experiment: Experiment, capsys: pytest.CaptureFixture[str]) -> None:
    assert asked(experiment, "--scorer", "all", "--set", "clip=./nowhere", "--json") == 0
    printed = capsys.readouterr()
    found = {one["scorer"]: one for one in json.loads(printed.out)["scorers"]}
    assert [name for name, one in found.items() if "cannot" not in one] == ["truth", "checklist"]
    assert "--set clip=FOLDER" in found["clipscore"]["cannot"]
    assert "no row has a reference" in found["image_similarity"]["cannot"]
    assert "--set captioner=" in found["caption_score"]["cannot"]
    assert "--set auditor=" in found["auditor"]["cannot"]
    assert "auditor: cannot run here: no model is named" in printed.err


def test_beside_named_ones_all_tries_the_others(
    experiment: Experiment, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        scorer, "BUILT_IN", {name: scorer.BUILT_IN[name] for name in ("truth", "checklist", "pairwise")}
    )
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-this-test-alone")
    with chat_server(Say(status=401)) as server:
        options = ("--set", "auditor=openai:m", "--set", f"auditor_base_url={server.url}", "--json")
        assert asked(experiment, "--scorer", "checklist,all", *options) == 0
        found = json.loads(capsys.readouterr().out)["scorers"]
        assert [one["scorer"] for one in found] == ["checklist", "truth", "pairwise"]
        assert ["cannot" in one for one in found] == [False, False, True]
        assert "401" in found[2]["cannot"]
        with pytest.raises(ProviderFault, match="401"):
            asked(experiment, "--scorer", "pairwise,all", *options)


@pytest.mark.slow
def test_references_are_scored_by_clip_and_once(
    experiment: Experiment, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [{**row, "pictures": [str(png(tmp_path / "references", "red"))]} for row in experiment.rows()]
    lines = "".join(f"{json.dumps(row)}\n" for row in rows)
    (experiment.folder / "rows.jsonl").write_text(lines, "utf-8")
    words = ("--scorer", "clipscore,image_similarity", "--set", f"clip={build_clip(tmp_path / 'tiny-clip')}")
    assert asked(experiment, *words) == 0
    printed = capsys.readouterr().out
    assert "clipscore: CLIPScore with the brief, higher is nearer (tiny-clip)" in printed
    references = [one for one in experiment.scores("clipscore") if one["shot"] == "reference"]
    assert [one["row"] for one in references] == [row["id"] for row in rows]
    mean = sum(one["value"] or 0 for one in references) / 3
    assert f"reference pictures {mean:.4f} 3 pictures" in " ".join(printed.split())
    near = experiment.scores("image_similarity")
    assert {one["shot"] for one in near}.isdisjoint({"reference"})
    assert all(-1 <= one["value"] <= 1 for one in near if one["value"] is not None)
    assert "cosine to the reference picture" in near[0]["detail"]["title"]
    assert asked(experiment, *words) == 0
    assert "0 pictures scored now" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--scorer", "clip"), "there is no scorer 'clip'"),
        (("--scorer", " , "), "no scorer is named"),
        (("--scorer", "auditor"), "--set auditor=provider:model"),
        (("--scorer", "truth,auditor", "--set", "clip=x"), "none of these scorers has an option 'clip'"),
        (("--scorer", "image_similarity"), "no row has a reference picture"),
    ],
)
def test_what_is_refused(words: tuple[str, ...], why: str, experiment: Experiment) -> None:
    with pytest.raises(BadInput, match=why):
        asked(experiment, *words)
