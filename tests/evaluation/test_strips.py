"""Example strips: which briefs are shown, how much of them, and what each picture says."""

import base64
import io
from pathlib import Path

import pytest
from PIL import Image

from overpaint.evaluation import strips
from overpaint.evaluation.nouns import Outcome
from overpaint.evaluation.statistics import succeeded
from overpaint.evaluation.strips import LONGEST, SIDE, examples, most_different, thumbnail
from tests.evaluation.experiments import make_experiment


def test_briefs_on_which_presets_are_divided_come_first(tmp_path: Path) -> None:
    outcomes = make_experiment(tmp_path / "made", rows=30, scorers=()).outcomes()
    order = most_different(outcomes)
    assert sorted(order) == sorted({outcome["row"] for outcome in outcomes})

    def divided(row: str) -> bool:
        return len({succeeded(outcome) for outcome in outcomes if outcome["row"] == row}) == 2

    kinds = [divided(row) for row in order]
    assert kinds == sorted(kinds, reverse=True)
    assert len(set(kinds)) == 2
    assert most_different(list(reversed(outcomes))) == order


def test_every_preset_is_shown_with_its_pictures_in_order(tmp_path: Path) -> None:
    experiment = make_experiment(tmp_path / "made")
    for example in examples(experiment):
        assert [strip.outcome["preset"] for strip in example.strips] == list(experiment.about["presets"])
        for strip in example.strips:
            assert [frame.shot for frame in strip.frames] == strip.outcome["shots"]
            assert [f.shot["id"] for f in strip.frames if f.champion] == [strip.outcome["chosen"]] * bool(strip.frames)


def test_a_frame_says_verdict_and_truth(tmp_path: Path) -> None:
    experiment = make_experiment(tmp_path / "made", rows=3)
    frames = [frame for example in examples(experiment) for strip in example.strips for frame in strip.frames]
    refused = next(frame for frame in frames if frame.shot["outcome"] == "blocked")
    assert (refused.url, refused.right, refused.verdict) == ("", None, "blocked by the provider")
    truths = {p: right for outcome in experiment.outcomes() for p, right in (outcome["truth"] or {}).items()}
    for frame in frames:
        assert frame.right == truths.get(frame.shot["picture"] or "")
        if frame.shot["passed"]:
            assert frame.verdict == "passed, 100%"


def test_nothing_is_claimed_of_truth_that_is_not_known(tmp_path: Path) -> None:
    found = examples(make_experiment(tmp_path / "made", rows=2, truth=False))
    assert {f.right for example in found for strip in example.strips for f in strip.frames} == {None}


def test_a_long_run_shows_its_first_pictures_and_its_last(tmp_path: Path) -> None:
    experiment = make_experiment(tmp_path / "made", ["unlucky"], 6, 20, scorers=())
    strip = next(s for e in examples(experiment) for s in e.strips if len(s.outcome["shots"]) > LONGEST)
    shots: list[str] = [shot["id"] for shot in strip.outcome["shots"]]
    assert [frame.shot["id"] for frame in strip.frames] == [*shots[: LONGEST - 1], shots[-1]]
    assert strip.left_out == len(shots) - LONGEST


def test_pictures_beyond_the_room_are_left_out_but_never_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    experiment = make_experiment(tmp_path / "made")
    whole = examples(experiment)
    first = sum(len(frame.url) for strip in whole[0].strips for frame in strip.frames)
    monkeypatch.setattr(strips, "ROOM", first)
    assert [example.row["id"] for example in examples(experiment)] == [whole[0].row["id"]]
    monkeypatch.setattr(strips, "ROOM", 0)
    assert len(examples(experiment)) == 1


def test_a_thumbnail_is_small_and_whole(tmp_path: Path) -> None:
    Image.new("RGBA", (900, 300), (255, 0, 0, 128)).save(tmp_path / "wide.png")
    head, _, data = thumbnail(tmp_path / "wide.png").partition(",")
    assert head == "data:image/webp;base64"
    with Image.open(io.BytesIO(base64.b64decode(data))) as image:
        assert image.size == (SIDE, 43)
        assert image.mode == "RGBA"


def test_a_picture_that_is_gone_or_damaged_leaves_its_place_empty(tmp_path: Path) -> None:
    experiment = make_experiment(tmp_path / "made", ["one-shot"], 2, scorers=())
    outcomes: list[Outcome] = [outcome for outcome in experiment.outcomes() if outcome["shots"]]
    picture = experiment.image(outcomes[0]["shots"][0]["picture"] or "")
    assert picture is not None
    picture.write_bytes(b"no picture")
    assert thumbnail(picture) == ""
    picture.unlink()
    urls = {s.outcome["row"]: s.frames[0].url for e in examples(experiment) for s in e.strips if s.frames}
    assert urls[outcomes[0]["row"]] == ""
