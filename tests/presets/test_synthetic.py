"""synthetic-prompts: whole batches against two chat servers and a painter on loopback, all by the command line."""

from __future__ import annotations

import asyncio
import base64
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from overpaint.cli import main
from overpaint.continuing import aresume
from overpaint.graph.settings import load_preset
from overpaint.runs import load_run, load_runs
from overpaint.synthesis import asynthesize, synthesize
from overpaint.tools.faults import BadInput
from tests.image_servers import OpenAIImages, Trouble, blocks, openai_images
from tests.servers import ChatServer, Request, Say, chat_server

FOX, OWL = "a fox sits in deep snow", "an owl on a bare branch"
FOUR = [
    "a red fox at dawn, oil painting",
    "wide shot of a fox crossing a frozen lake",
    "paper cut-out of a sleeping fox",
    "a fox under northern lights, seen from above",
]

pytestmark = pytest.mark.slow


def variants(*prompts: str) -> Say:
    return Say(json.dumps({"variants": prompts}))


@dataclass
class Servers:
    """Captioner, writer, painter, and the order in which they were asked."""

    captioner: ChatServer
    writer: ChatServer
    painter: OpenAIImages
    order: list[str] = field(default_factory=list)

    def settings(self) -> dict[str, Any]:
        return {
            "captioner": "nvidia:acme/vlm", "captioner_base_url": self.captioner.url, "captioner_temperature": 1.0,
            "writer": "nvidia:acme/llm", "writer_base_url": self.writer.url,
            "painter": "openai:m", "painter_base_url": self.painter.url, "seed": 5,
        }  # fmt: skip

    @property
    def flags(self) -> list[str]:
        return [word for name, value in self.settings().items() for word in ("--set", f"{name}={value}")]

    @property
    def painted(self) -> list[str]:
        return [paid.prompt for paid in self.painter.paid]


@pytest.fixture
def servers() -> Iterator[Servers]:
    with chat_server() as captioner, chat_server() as writer, openai_images() as painter:
        made = Servers(captioner, writer, painter)
        captioner.think = noting(made.order, "caption", Say(json.dumps({"description": FOX})))
        writer.think = noting(made.order, "prompts", variants(*FOUR))
        painter.hooks["asked"] = lambda _: made.order.append("picture")
        yield made


def noting(order: list[str], word: str, say: Say) -> Callable[[Request], Say]:
    def think(_: Request) -> Say:
        order.append(word)
        return say

    return think


@pytest.fixture
def pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with cat.png, other/cat.png and dog.jpg."""
    folder = tmp_path / "work"
    (folder / "other").mkdir(parents=True)
    (folder / "cat.png").write_bytes(blocks("cat"))
    (folder / "other" / "cat.png").write_bytes(blocks("another cat"))
    Image.new("RGB", (50, 40), (9, 90, 200)).save(folder / "dog.jpg")
    monkeypatch.chdir(folder)
    return folder


def refine(servers: Servers, *images: str, more: tuple[str, ...] = ()) -> int:
    named = [word for image in images for word in ("--image", image)]
    return main(["refine", "--preset", "synthetic-prompts", *named, *servers.flags, "--out", "out", *more])


def metadata() -> list[dict[str, Any]]:
    return list(json.loads(Path("out/all_metadata.json").read_text()))


def test_each_call_is_what_the_method_describes(servers: Servers, pictures: Path) -> None:
    assert refine(servers, "cat.png", more=("--set", "question=What is in it?")) == 0
    assert servers.order == ["caption", "prompts", *["picture"] * 4]
    caption, prompts = servers.captioner.asked[0].json, servers.writer.asked[0].json
    assert (caption["model"], caption["temperature"]) == ("acme/vlm", 1.0)
    text, image = caption["messages"][-1]["content"]
    assert text["text"] == "What is in it?"
    assert image["image_url"]["url"] == f"data:image/png;base64,{base64.b64encode(blocks('cat')).decode()}"
    assert prompts["model"] == "acme/llm"
    asked = json.dumps(prompts["messages"])
    assert FOX in asked
    assert "<count>4</count>" in asked
    assert "image_url" not in asked
    assert sorted(servers.painted) == sorted(FOUR)


def test_the_preset_asks_as_the_published_exercise_does() -> None:
    preset = load_preset("synthetic-prompts")
    assert (preset["captioner_temperature"], preset["question"], preset["variations"]) == (
        1.0,
        "Describe the picture.",
        4,
    )
    assert preset["captioner"].startswith("nvidia:")
    assert preset["writer"].startswith("nvidia:")
    assert preset["painter"] == "diffusers:stabilityai/stable-diffusion-xl-base-1.0"


def test_the_files_are_aligned_and_hold_the_bytes_that_were_painted(
    servers: Servers, pictures: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert refine(servers, "cat.png", "other/cat.png", "dog.jpg", more=("--grid", "1x5")) == 0
    names = ["cat", "cat-2", "dog"]
    files = {f"{name}_{i}.png" for name in names for i in (1, 2, 3, 4)} | {f"{name}_grid.png" for name in names}
    assert {path.name for path in Path("out").iterdir()} == files | {"all_metadata.json", "runs.json"}
    stored = {path.read_bytes() for path in (home / "images").rglob("*.png")}
    for name, entry in zip(names, metadata(), strict=True):
        assert list(entry) == ["original_description", "prompts", "image_paths"]
        assert entry["original_description"] == FOX
        assert entry["prompts"] == FOUR
        assert entry["image_paths"] == [f"{name}_{i}.png" for i in (1, 2, 3, 4)]
        for prompt, path in zip(entry["prompts"], entry["image_paths"], strict=True):
            data = (Path("out") / path).read_bytes()
            assert data in stored
            assert data in [servers.painter.bytes_of(paid) for paid in servers.painter.paid if paid.prompt == prompt]
    with Image.open("out/cat_grid.png") as grid:
        assert grid.width > 4 * grid.height
    assert "files: " in capsys.readouterr().out.splitlines()[-1]


@pytest.mark.parametrize(
    "answers",
    [
        [variants(FOUR[0], FOUR[0].upper(), f"{FOUR[0]}!"), variants(*FOUR[1:])],
        [variants("\n".join(f"{i}. {prompt}" for i, prompt in enumerate(FOUR, 1)))],
        [variants(*FOUR, "a fifth fox that nobody asked for", "and a sixth one that is too many")],
        [variants("", " ", "fox", *FOUR[:2]), variants(), variants(*FOUR)],
        [variants("fox " * 20_000, *FOUR[:3]), variants(FOUR[3])],
        [Say("Here you are: 1. a fox"), Say("sorry"), variants(*FOUR)],
    ],
    ids=["duplicates", "one numbered list", "too many", "empty", "one huge", "prose"],
)
def test_a_writer_that_answers_badly_is_asked_for_what_is_missing(
    answers: list[Say], servers: Servers, pictures: Path
) -> None:
    servers.writer.think, servers.writer.script = None, [*answers, Say("never asked")]
    assert refine(servers, "cat.png") == 0
    assert metadata()[0]["prompts"] == FOUR
    assert "never asked" not in {say.text for say in answers}
    assert sorted(servers.painted) == sorted(FOUR)


def test_what_is_asked_for_again_is_the_number_that_is_missing(servers: Servers, pictures: Path) -> None:
    servers.writer.think, servers.writer.script = None, [variants(*FOUR[:3]), variants(FOUR[3])]
    assert refine(servers, "cat.png") == 0
    again = json.dumps(servers.writer.asked[1].json["messages"])
    assert "<count>1</count>" in again
    assert all(prompt in again for prompt in FOUR[:3])


def test_fewer_prompts_than_asked_for_are_an_error_with_the_number_and_nothing_is_painted(
    servers: Servers, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    servers.writer.think = lambda _: variants(*FOUR[:3], FOUR[0])
    assert refine(servers, "cat.png") == 3
    assert "cat.png: 0 of 4 pictures: the writer gave 3 different prompts of the 4" in capsys.readouterr().err
    assert servers.painted == []
    assert not Path("out/all_metadata.json").exists()
    servers.writer.think = lambda _: variants(*FOUR)
    assert refine(servers, "cat.png") == 0
    assert len(servers.captioner.asked) == 1


def test_one_input_that_fails_stops_no_other(
    servers: Servers, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("bad.png").write_bytes(b"no picture")
    Image.new("1", (9_000, 9_000)).save("bomb.png")
    said = [Say(json.dumps({"description": OWL})), Say(status=401, text="no"), Say(json.dumps({"description": FOX}))]
    servers.captioner.think, servers.captioner.script = None, said
    assert refine(servers, "bad.png", "cat.png", "bomb.png", "gone.png", "other/cat.png", "dog.jpg") == 3
    err = capsys.readouterr().err
    for told in (
        "bad.png: the bytes are not a picture",
        "bomb.png: ",
        "gone.png: it cannot be read",
        "other/cat.png: ",
    ):
        assert f"overpaint: {told}" in err
    assert [entry["original_description"] for entry in metadata()] == [OWL, FOX]
    assert [entry["image_paths"][0] for entry in metadata()] == ["cat_1.png", "dog_1.png"]


def test_only_bad_inputs_are_exit_code_2_and_json_is_one_object(
    servers: Servers, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert refine(servers, "gone.png", "cat.png", more=("--json",)) == 2
    told = json.loads(capsys.readouterr().out)
    assert list(told) == ["status", "folder", "metadata", "made", "missing"]
    assert told["status"] == "failed"
    assert (told["made"][0]["input"], told["missing"][0]["input"]) == ("cat.png", "gone.png")
    assert [Path(path).is_file() for path in (*told["made"][0]["image_paths"], told["made"][0]["grid"])] == [True] * 5


def test_the_same_command_again_paints_only_what_is_not_there(servers: Servers, pictures: Path) -> None:
    assert refine(servers, "cat.png") == 0
    for path in Path("out").glob("*.png"):
        path.unlink()
    assert refine(servers, "cat.png", "dog.jpg") == 0
    assert (len(servers.painted), len(servers.captioner.asked), len(metadata())) == (8, 2, 2)
    assert refine(servers, "cat.png", more=("--set", "question=Which colours?")) == 0
    assert (len(servers.painted), len(metadata())) == (12, 2)


def test_a_picture_that_is_gone_from_the_home_is_one_line(
    servers: Servers, pictures: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert refine(servers, "cat.png") == 0
    run = asyncio.run(load_run())
    stored = run.image_path(run.candidates[2])
    assert stored is not None
    stored.unlink()
    capsys.readouterr()
    assert refine(servers, "cat.png") == 2
    assert f"overpaint: cat.png: there is no {stored}" in capsys.readouterr().err
    assert metadata()[0]["prompts"] == FOUR


def test_a_painter_that_fails_for_all_is_asked_again_for_all(
    servers: Servers, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    refused = Trouble("paint", status=400, body={"error": {"message": "no"}})
    servers.painter.troubles = [refused] * 4
    assert refine(servers, "cat.png") == 3
    assert "cat.png: 0 of 4 pictures" in capsys.readouterr().err
    asyncio.run(aresume())
    assert sorted(servers.painted) == sorted(FOUR)
    assert refine(servers, "cat.png") == 0
    assert metadata()[0]["prompts"] == FOUR
    assert len(servers.painted) == 4


def test_a_picture_that_is_missing_leaves_its_number_and_its_prompt_out(
    servers: Servers, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    servers.painter.troubles = [Trouble("paint", status=400, body={"error": {"message": "no"}})]
    assert refine(servers, "cat.png") == 3
    assert "cat.png: 3 of 4 pictures: 0." in capsys.readouterr().err
    entry = metadata()[0]
    numbers = [int(path.removesuffix(".png")[-1]) for path in entry["image_paths"]]
    assert entry["prompts"] == [FOUR[number - 1] for number in numbers]
    assert len(numbers) == 3


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (("--set", "max_images=3"), "max_images=3 does not allow"),
        (("--grid", "1x3"), "grid 1x3 has 3 places for 4 pictures"),
        (("--set", "grid=3x1"), "grid 3x1 has 3 places for 4 pictures"),
        (("--post", "http://me:secret@h/"), "the address to post to must"),
        (("--checklist", "list.txt"), "--checklist goes with"),
        (("--set", "variations=33"), "setting 'variations' cannot be"),
    ],
)
def test_what_cannot_work_is_refused_before_anything_is_asked(
    more: tuple[str, ...], told: str, servers: Servers, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert refine(servers, "cat.png", "dog.jpg", more=more) == 2
    err = capsys.readouterr().err
    assert told in err
    assert len(err.splitlines()) == 1
    assert servers.order == []
    assert not Path("out").exists()


def test_a_brief_is_the_description_and_pictures_beside_it_are_refused(
    servers: Servers, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["refine", FOX, "--preset", "synthetic-prompts", *servers.flags, "--out", "out"]
    assert main([*command, "--image", "cat.png"]) == 2
    assert "but not both" in capsys.readouterr().err
    assert main(command) == 0
    assert servers.captioner.asked == []
    assert metadata()[0]["original_description"] == FOX
    assert metadata()[0]["image_paths"][0] == "a_fox_sits_in_deep_snow_1.png"


@pytest.mark.parametrize("more", [("--image", "dog.jpg"), ("--grid", "2x2"), ("--post", "http://127.0.0.1:9/")])
def test_other_methods_refuse_what_only_a_batch_can_use(
    more: tuple[str, ...], pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["refine", "--image", "cat.png", *more, "--offline"]) == 2
    assert "--preset synthetic-prompts" in capsys.readouterr().err


def test_without_a_folder_the_files_lie_in_the_home(servers: Servers, pictures: Path, home: Path) -> None:
    made = synthesize(["cat.png"], settings={**servers.settings(), "grid": "4x1"})
    assert made.folder.parent == home / "synthetic"
    assert [path.is_file() for path in (made.metadata, *made.made[0].image_paths, made.made[0].grid)] == [True] * 6
    assert made.missing == []


async def test_in_python_a_fault_of_one_input_is_told_and_of_all_raised(servers: Servers, pictures: Path) -> None:
    made = await asynthesize([Path("gone.png"), "cat.png"], settings=servers.settings(), out=Path("out"))
    assert [missing.source.said for missing in made.missing] == ["gone.png"]
    assert made.made[0].prompts == FOUR
    wrong: list[dict[str, Any]] = [{"images": []}, {"images": ["cat.png"], "preset": "one-shot"}, {"images": "cat.png"}]
    for given in wrong:
        with pytest.raises(BadInput):
            await asynthesize(**given, settings=servers.settings())


def test_the_batch_is_posted_and_the_answer_told(
    servers: Servers, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with chat_server(Say(body='{"result": "passed", "messages": ""}')) as checker:
        assert refine(servers, "cat.png", more=("--post", checker.url)) == 0
        assert checker.requests[0].json == {"submission": metadata()}
    assert "result: passed" in capsys.readouterr().out.splitlines()
    assert refine(servers, "cat.png", more=("--post", checker.url)) == 3
    assert "post them with: overpaint post" in capsys.readouterr().err
    assert len(servers.painted) == 4


def test_a_dry_run_counts_the_pictures_of_all_inputs_and_asks_nobody(
    servers: Servers, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert refine(servers, "cat.png", "dog.jpg", more=("--dry-run", "--json")) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["at_most"]["pictures"], told["inputs"], told["all"]["pictures"]) == (4, 2, 8)
    assert set(told["roles"]) == {"writer", "captioner"}
    assert servers.order == []
    assert not Path("out").exists()


def test_each_run_is_one_of_the_home(servers: Servers, pictures: Path) -> None:
    assert refine(servers, "cat.png", "dog.jpg") == 0
    assert [run.images for run in asyncio.run(load_runs())] == [4, 4]


def test_a_file_that_cannot_be_written_is_one_line_and_the_others_are_there(
    servers: Servers, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("out/cat_grid.png").mkdir(parents=True)
    assert refine(servers, "cat.png", "dog.jpg") == 2
    assert "overpaint: cat.png: cannot write " in capsys.readouterr().err
    assert [entry["image_paths"][0] for entry in metadata()] == ["dog_1.png"]


@pytest.mark.parametrize("kill", [signal.SIGINT, signal.SIGKILL])
@pytest.mark.long
def test_a_batch_that_was_stopped_goes_on_where_it_was(kill: signal.Signals, servers: Servers, pictures: Path) -> None:
    images = [word for image in ("cat.png", "dog.jpg", "other/cat.png") for word in ("--image", image)]
    servers.painter.idempotent = True  # a request that was cut off is made again, and paid once
    flags = [*servers.flags, "--set", "idempotent=true", "--out", "out"]
    command = [sys.executable, "-m", "overpaint", "refine", "--preset", "synthetic-prompts", *images, *flags]
    batch = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    servers.painter.hooks["asked"] = lambda _: time.sleep(0.0 if len(servers.painted) < 4 else 1.0)
    while len(servers.painter.requests) < 5:
        assert batch.poll() is None
        time.sleep(0.05)
    batch.send_signal(kill)
    err = batch.communicate(timeout=60)[1]
    assert [entry["image_paths"][0] for entry in metadata()] == ["cat_1.png"]
    if kill is signal.SIGINT:
        assert batch.returncode == 130
        assert "interrupted; done: cat.png; not done: dog.jpg, other/cat.png; go on with the same command" in err
    servers.painter.hooks.clear()
    assert main(command[3:]) == 0
    assert [entry["image_paths"][0] for entry in metadata()] == ["cat_1.png", "dog_1.png", "cat-2_1.png"]
    assert all(entry["prompts"] == FOUR for entry in metadata())
    assert len(servers.captioner.asked) == 3
    assert len(servers.painted) == 12
