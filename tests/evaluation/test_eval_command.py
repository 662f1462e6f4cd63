"""`overpaint eval` as a user meets it: refused, run, killed and resumed, interrupted, with a provider that is dead."""

from __future__ import annotations

import argparse
import json
import re
import signal
import subprocess
import time
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from overpaint.evaluation.asked import terms
from overpaint.evaluation.eval_command import add_eval, columns_from, evaluate
from overpaint.evaluation.experiment import Experiment
from overpaint.evaluation.tables import summary_table
from overpaint.tools.faults import BadInput
from tests.accounts import scene
from tests.evaluation.evaluating import begin, finish, finished_lines, found, requests_by_run, timeless
from tests.image_servers import Trouble, openai_images
from tests.servers import Request, chat_server

BRIEFS = ["two red circles above a blue square", "a green star", "a frog dressed as a knight", "three yellow triangles"]
PRESETS = ["--preset", "one-shot,default", "--budget", "2", "--workers", "1"]
SLOW = [pytest.mark.slow, pytest.mark.timeout(600)]


def told(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    add_eval(parser)
    return evaluate(parser.parse_args(arguments))


@pytest.fixture
def briefs(tmp_path: Path) -> str:
    file = tmp_path / "briefs.txt"
    file.write_text("\n".join(BRIEFS), "utf-8")
    return str(file)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--preset", "default"], "no dataset is named"),
        (["scenes"], "no preset is named"),
        (["scenes", "--preset", "best"], "there is no preset 'best'"),
        (["scenes", "--preset", "default", "--set", "paintr=shapes"], "did you mean 'painter'"),
        (["scenes", "--preset", "default", "--set", "seed=1"], "leave seed out"),
        (["scenes", "--preset", "default", "--set", "painter=stability:core"], "STABILITY_API_KEY"),
        (["nothing", "--preset", "default"], "there is no dataset nothing"),
        (["scenes", "--preset", "default", "--name", "../up"], "cannot be the name of an experiment"),
        (["scenes", "--preset", "default", "--columns", "brief"], "is not what=column"),
        (["scenes", "--preset", "default", "--columns", "brief=a,brief=b"], "names brief twice: a and b"),
        (["scenes", "--preset", "default", "--set", "max_images=3"], "give --budget, not max_images"),
        (["scenes", "--preset", "default", "--langsmith"], "--langsmith needs a key"),
        (
            ["scenes", "--preset", "socratic", "--set", 'templates={"caption.best.human": "nowhere.txt"}'],
            "the template caption.best.human cannot be read from 'nowhere.txt'",
        ),
        (["--resume"], "Give its --name"),
        (["--resume", "--name", "first", "--limit", "3"], "--limit is of a dataset: name the dataset too"),
        (["--resume", "--name", "first", "--sample", "0"], "--sample is of a dataset"),
        (["--resume", "--name", "gone"], "there is no experiment 'gone'"),
    ],
)
def test_what_cannot_be_used_is_refused_before_anything_is_left(
    arguments: list[str], said: str, tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LANGSMITH_API_KEY", raising=False)
    with pytest.raises(BadInput, match=said):
        told(*arguments, "--out", str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()
    assert not home.exists()


@pytest.mark.parametrize("number", ["0", "-1", "1.5", "many", "100000"])
def test_numbers_that_are_none_are_refused(number: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        told("scenes", "--preset", "default", "--budget", number)
    assert "is not a whole number from 1 to 99,999" in capsys.readouterr().err


def test_columns() -> None:
    assert columns_from("brief=caption, id = key") == {"brief": "caption", "id": "key"}


def whole(folder: Path, briefs: str) -> Experiment:
    """The experiment that nothing happened to."""
    told, _ = finish(begin(folder, briefs, *PRESETS, "--name", "whole"))
    experiment = found(folder, "whole")
    assert summary_table(experiment.outcomes(), terms=terms(experiment.about, experiment.outcomes())) in told
    return experiment


def until(process: subprocess.Popen[str], experiment: Path, many: int) -> None:
    """Wait for so many outcomes."""
    while finished_lines(experiment) < many:
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)


def comparable(experiment: Experiment) -> list[str]:
    """Its table but for the seconds, and all its outcomes but for times and drawn ids."""
    outcomes = timeless(experiment.outcomes())
    for outcome in outcomes:
        outcome["seconds"] = outcome["receipt"]["seconds"] = 0.0
    return [summary_table(outcomes), json.dumps(outcomes, indent=1)]


def assert_painted_once(experiment: Experiment) -> None:
    """Every picture was asked for once, in one run for each job."""
    asked = requests_by_run(experiment)
    assert asked == {o["run"]: ["stored"] * o["receipt"]["images"] for o in experiment.outcomes() if o["shots"]}


def thought(request: Request) -> str:
    """An answer of a chat model that knows no brief: what it says of a picture is settled by the picture's bytes."""
    asked = request.json
    *_, told = asked["messages"]
    parts = told["content"] if isinstance(told["content"], list) else [{"type": "text", "text": told["content"]}]
    words = "".join(part["text"] for part in parts if part["type"] == "text")
    pictures = "".join(part["image_url"]["url"] for part in parts if part["type"] == "image_url")
    answers: dict[str, Any] = {
        "Upsampled": {"reasoning": "plain", "prompt": f"a painting, {sha256(words.encode()).hexdigest()[:12]}"},
        "ChecklistDraft": {"requirements": [
            {"text": thing, "question": f"Is there {thing}?", "kind": "object", "expected": "yes", "weight": 1.0}
            for thing in ("a subject", "a ground")
        ]},
        "Inspection": {"observations": "shapes", "flaws": [], "quality": 0.5, "answers": [
            {"number": int(number), "evidence": "seen", "answer": _yes_or_no(f"{pictures} {number}"), "box": None}
            for number in re.findall(r"^(\d+)\. ", words, re.MULTILINE)
        ]},
        "Proposals": {"diagnosis": "less", "feedback": "more", "idea": None, "proposals": [
            {"prompt": f"painted anew, {sha256(pictures.encode()).hexdigest()[:12]}", "boxes": []}
        ]},
    }  # fmt: skip
    return json.dumps(answers[asked["response_format"]["json_schema"]["schema"]["title"]])


def _yes_or_no(told: str) -> str:
    return "yes" if sha256(told.encode()).digest()[0] % 2 else "no"


class TestWhole:
    pytestmark = SLOW

    @pytest.mark.long
    def test_killed_at_half_and_interrupted_it_comes_to_what_it_would_have(self, tmp_path: Path, briefs: str) -> None:
        unhurt = whole(tmp_path, briefs)
        assert len(unhurt.outcomes()) == 8
        assert_painted_once(unhurt)
        frog = [outcome for outcome in unhurt.outcomes() if outcome["status"] == "failed"]
        assert [outcome["preset"] for outcome in frog] == ["one-shot", "default"]
        assert all("'frog'" in (outcome["error"] or "") for outcome in frog)

        command = [briefs, *PRESETS, "--name", "cut"]
        process = begin(tmp_path, *command)
        until(process, tmp_path / "cut", 4)
        process.kill()
        finish(process, -signal.SIGKILL)
        finish(begin(tmp_path, *command), 2)  # without --resume, it is left alone

        process = begin(tmp_path, "--resume", "--name", "cut")
        until(process, tmp_path / "cut", 5)
        process.send_signal(signal.SIGINT)
        _, said = finish(process, 130)
        assert f"overpaint eval --resume --name cut --out {tmp_path}" in said

        finish(begin(tmp_path, *command, "--resume"))
        assert comparable(found(tmp_path, "cut")) == comparable(unhurt)
        assert_painted_once(found(tmp_path, "cut"))

        _, said = finish(begin(tmp_path, *command, "--resume", "--budget", "3"), 2)
        assert "its budget is 2, not 3" in said

    @pytest.mark.long
    def test_a_dead_provider_is_told_and_the_experiment_goes_on_when_it_is_back(
        self, tmp_path: Path, briefs: str
    ) -> None:
        remote = ["--set", "painter=openai:test", "--preset", "one-shot", "--limit", "2", "--name", "remote"]
        with openai_images(picture=scene) as server:
            environment = {"OPENAI_API_KEY": "any", "OPENAI_BASE_URL": server.url}
            server.troubles += [Trouble("paint", 401, body={"error": {"message": "who are you"}})] * 2
            _, said = finish(begin(tmp_path, briefs, *remote, **environment), 3)
            assert "the provider failed the last 2 runs" in said
            assert "who are you" in said
            assert found(tmp_path, "remote").outcomes() == []
            told, _ = finish(begin(tmp_path, "--resume", "--name", "remote", "--json", **environment))
        result: dict[str, Any] = json.loads(told)
        assert result["presets"][0]["success"]["briefs"] == 2
        assert {o["status"] for o in found(tmp_path, "remote").outcomes()} <= {"passed", "stopped"}

    @pytest.mark.long
    def test_parti_prompts_against_model_servers(self, tmp_path: Path) -> None:
        file = tmp_path / "PartiPrompts.tsv"
        rows = [f"a robot number {place} in a garden\tArts\tBasic\t" for place in range(20)]
        file.write_text("\n".join(["Prompt\tCategory\tChallenge\tNote", *rows]), "utf-8")
        with openai_images() as painting, chat_server() as talking:
            talking.think = thought
            given = {"painter": "openai:p", "painter_base_url": painting.url, "local_urls": "true"}
            given |= {role: f"openai:{role}" for role in ("writer", "critic", "judge")}
            pairs = [part for name, value in given.items() for part in ("--set", f"{name}={value}")]
            environment = {"OPENAI_API_KEY": "any", "OPENAI_BASE_URL": talking.url}
            command = [str(file), *PRESETS, *pairs, "--workers", "4", "--name", "parti"]
            told, _ = finish(begin(tmp_path, *command, **environment))
            outcomes = found(tmp_path, "parti").outcomes()
        assert "20 of 20 rows" in told
        assert len(outcomes) == 40
        assert {outcome["status"] for outcome in outcomes} == {"passed", "stopped"}
        assert sum(outcome["receipt"]["images"] for outcome in outcomes) == len(painting.paid)
        assert sum(outcome["receipt"]["calls"] for outcome in outcomes) == len(talking.asked)
        for outcome in outcomes:
            images = [stage["images"] for stage in outcome["stages"]]
            assert images == list(range(len(images)))
            assert images[-1] == len(outcome["shots"]) == outcome["receipt"]["images"] <= 2
            assert outcome["stop_round"] == images[-1] - 1
            assert outcome["stopped"] == outcome["chosen"] == outcome["stages"][-1]["champion"]
            assert outcome["truth"] is None
