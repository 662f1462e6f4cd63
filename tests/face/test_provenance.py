"""What is said of a picture is all that its record and run know, in forms that others read, and no secret."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overpaint.provenance import ancestors, embedded, parameters, provenance
from overpaint.result import Run
from tests.face.conftest import DETAILED, record

WHOLE: dict[str, Any] = {
    "prompt": "a red fox,\nin snow",
    "seed": 7,
    "image": {"width": 64, "height": 48},
    "models": {"painter": "diffusers:/home/me/models/dreamy:v2, final"},
    "params": {"steps": 12, "scheduler": "EulerDiscreteScheduler", "guidance": 4.5, "strength": 0.6},
    "settings": {"negative_prompt": "blurry, dark"},
    "versions": {"overpaint": "0.4.0"},
}


def as_read(text: str) -> dict[str, str]:
    """The text as the web UI reads it: its last line holds settings, what is above it prompts."""
    *lines, last = text.strip().split("\n")
    found = re.findall(r'\s*(\w[\w \-/]+):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)', last)
    assert len(found) >= 3
    above = "\n".join(lines).split("\nNegative prompt:")
    return {"prompt": above[0], "negative": above[1].strip() if len(above) > 1 else "", **dict(found)}


def test_parameters_read_back_as_they_were_meant() -> None:
    assert as_read(parameters(WHOLE)) == {
        "prompt": "a red fox,\nin snow", "negative": "blurry, dark", "Steps": "12", "Sampler": "EulerDiscreteScheduler",
        "CFG scale": "4.5", "Seed": "7", "Size": "64x48", "Model": "v2 final", "Denoising strength": "0.6",
        "Version": "overpaint 0.4.0",
    }  # fmt: skip


def test_parameters_leave_out_what_is_not_known() -> None:
    bare = {**WHOLE, "models": {"painter": "openai:gpt-image-1"}, "params": {}, "settings": {}, "seed": None}
    told = parameters({**bare, "versions": {}})
    assert told == "a red fox,\nin snow\nSteps: 0, Size: 64x48, Model: gpt-image-1, Version: overpaint"


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_model_and_sampler_leave_the_line_whole(model: str, sampler: str) -> None:
    document = {**WHOLE, "models": {"painter": model}, "params": {"steps": 3, "scheduler": sampler}}
    read = as_read(parameters(document))
    assert (read["Steps"], read["Seed"], read["Size"], read["Version"]) == ("3", "7", "64x48", "overpaint 0.4.0")


def test_a_models_name_says_nothing_of_this_machine() -> None:
    for name, said in (
        ("diffusers:/home/me/models/fox/", "fox"),
        ("diffusers:stabilityai/sdxl-turbo", "sdxl-turbo"),
        ("fal:fal-ai/flux-pro/v1.1-ultra", "v1.1-ultra"),
        ("shapes", "shapes"),
    ):
        assert as_read(parameters({**WHOLE, "models": {"painter": name}}))["Model"] == said


def test_the_document_tells_how_a_prompt_came_about(told: Run) -> None:
    document = provenance(told, told.candidates[-1])
    assert (document["id"], document["parent"], document["action"]) == ("2.1", "1.0", "edit")
    assert [(step["id"], step["action"], step["prompt"]) for step in document["history"]] == [
        ("0.1", "start", DETAILED),
        ("1.0", "revise", told.candidates[3]["prompt"]),
    ]
    assert document["history"][1]["feedback"] == told.candidates[3]["feedback"]
    assert document["verdict"] == told.candidates[-1]["verdict"]
    assert (document["image"], document["receipt"]) == (told.candidates[-1]["image"], told.receipt)
    assert json.loads(embedded(document)) == document


def test_an_older_record_says_less_and_the_run_says_the_rest(told: Run) -> None:
    old = provenance(told, told.candidates[0])
    assert (old["brief"], old["settings"], old["versions"]) == (told.brief, told.settings, {})
    newer = replace(told, brief="another")
    made: Any = {**told.candidates[0], "brief": "this", "settings": {"seed": 5}, "versions": {"python": "3.13"}}
    new = provenance(newer, made)
    assert (new["brief"], new["settings"], new["versions"]) == ("this", {"seed": 5}, {"python": "3.13"})


def test_the_brief_is_that_of_the_run_which_painted_the_candidate(told: Run) -> None:
    assert provenance(told, told.candidates[0])["brief"] == told.brief
    forked = replace(told, run="a-fork-with-another-brief", brief="another")
    assert provenance(forked, told.candidates[0])["brief"] == ""


def test_records_that_name_each_other_as_parents_end(told: Run) -> None:
    one, two = (record(id_, "revise", "p", None, parent=other) for id_, other in (("1.0", "2.0"), ("2.0", "1.0")))
    assert ancestors(replace(told, candidates=[one, two]), two) == [one]


def test_no_key_gets_into_the_document(told: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_API_KEY", "verysecretvalue")
    told.candidates[-1]["notes"] = ["sent verysecretvalue"]
    told.candidates[-1]["prompt"] = "a fox with verysecretvalue"
    settings = {"painter_base_url": "https://me:hidden123@host/v1", "extra_body": {"auth": ["Bearer abc.def"], "n": 1}}
    document = provenance(replace(told, settings=settings), told.candidates[-1])
    everything = embedded(document) + parameters(document)
    assert "verysecretvalue" not in everything
    assert "hidden123" not in everything
    assert "abc.def" not in everything
    assert document["settings"]["extra_body"]["n"] == 1
    assert document["image"] == told.candidates[-1]["image"]
