"""Vision models on this machine, with random weights: pictures really go in, and nothing they say is made a score."""

import asyncio
import base64
import importlib.util
import json
import shutil
import subprocess
import sys
import threading
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage
from PIL import Image
from pydantic import BaseModel

import overpaint
from overpaint.graph.schemas import Description
from overpaint.tools.asking import ask
from overpaint.tools.backends import vision, vision_loading
from overpaint.tools.backends.vision import VisionChat, open_chat
from overpaint.tools.backends.vision_answering import answer as real_answer
from overpaint.tools.backends.vision_loading import load, vision_faults
from overpaint.tools.chat import get_chat
from overpaint.tools.faults import BadInput, ProviderFault
from overpaint.tools.images import ImageStore
from overpaint.tools.inspect_image import Inspection, make_inspect_image
from overpaint.tools.references import picture

slow = pytest.mark.slow
CAPTIONS = {"red": "a red circle on the left", "blue": "a blue square"}


class Models:
    """Folders of tiny models, each built when it is first asked for."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def __getitem__(self, kind: str) -> str:
        from tests import tiny_vision  # imports torch and transformers, which the quick tests do without

        folder = self.root / kind
        if not folder.exists():
            if kind == "taught":
                tiny_vision.taught_blip(folder, CAPTIONS)
            else:
                tiny_vision.build(kind, folder)
        return str(folder)


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    return Models(tmp_path_factory.mktemp("models"))


def png(colour: str) -> bytes:
    buffer = BytesIO()
    Image.new("RGB", (48, 32), colour).save(buffer, "PNG")
    return buffer.getvalue()


def shown(colour: str) -> dict[str, Any]:
    encoded = base64.b64encode(png(colour)).decode()
    return {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{encoded}"}}


def asked(colour: str = "red", text: str = "What is it?") -> list[BaseMessage]:
    return [SystemMessage("Look."), HumanMessage([{"type": "text", "text": text}, shown(colour)])]


@slow
@pytest.mark.parametrize("kind", ["llava", "idefics3", "blip", "blip2"])
@pytest.mark.parametrize("dtype", [None, "bfloat16"])
async def test_another_picture_gets_another_answer_and_the_same_one_the_same(
    models: Models, kind: str, dtype: str | None
) -> None:
    chat = open_chat(models[kind], device="cpu", dtype=dtype, max_tokens=40)
    red, again, blue = [(await chat.ainvoke(asked(colour))).text for colour in ("red", "red", "blue")]
    assert red == again != blue


@slow
async def test_system_and_human_texts_are_read(models: Models) -> None:
    chat = open_chat(models["llava"], max_tokens=40)
    (system, human), first = asked(), (await chat.ainvoke(asked())).text
    assert first != (await chat.ainvoke([SystemMessage("Sing."), human])).text
    assert first != (await chat.ainvoke([system, *asked(text="Why?")[1:]])).text
    assert first != (await chat.ainvoke([system, human, AIMessage("A disc."), HumanMessage("Sure?")])).text
    assert (await chat.ainvoke([HumanMessage("A text alone.")])).text


@slow
async def test_special_tokens_in_a_text_stand_for_nothing(models: Models) -> None:
    chat = open_chat(models["idefics3"], max_tokens=16)
    assert (await chat.ainvoke(asked(text="an <image> of <image>"))).text == (
        await chat.ainvoke(asked(text="an   of  "))
    ).text


@slow
async def test_tokens_and_the_reason_of_the_end_are_told(models: Models) -> None:
    answer = await open_chat(models["llava"], max_tokens=24).ainvoke(asked())
    assert answer.response_metadata["finish_reason"] == "length"
    used = answer.usage_metadata
    assert used is not None
    # 16 patches and a class token, and a byte a token for the rest
    text = "System: Look.\nHuman: What is it?"
    assert (used["output_tokens"], used["total_tokens"]) == (24, used["input_tokens"] + 24)
    assert used["input_tokens"] > 17 + len(text)
    (cut,) = {(await open_chat(models["llava"], max_tokens=24).ainvoke(asked(), stop=[answer.text[5]])).text}
    assert cut == answer.text.partition(answer.text[5])[0]


@slow
async def test_a_seed_repeats_an_answer_and_leaves_the_generators_of_others_alone(models: Models) -> None:
    import torch

    async def said(**manner: Any) -> str:
        return (await open_chat(models["llava"], max_tokens=30, **manner).ainvoke(asked())).text

    before = torch.get_rng_state()
    assert await said(temperature=1.5, seed=1) == await said(temperature=1.5, seed=1)
    assert await said(temperature=1.5, seed=1) != await said(temperature=1.5, seed=2)
    assert await said(temperature=1.5) != await said(temperature=1.5)
    assert await said(temperature=0.0, seed=1) == await said(seed=2) == await said()
    assert torch.equal(before, torch.get_rng_state())


@slow
async def test_a_caption_is_the_description_of_a_picture(models: Models, tmp_path: Path) -> None:
    store = ImageStore(tmp_path / "images")
    chat = get_chat(f"transformers:{models['taught']}", store)
    for colour, caption in CAPTIONS.items():
        question = [SystemMessage("Describe."), HumanMessage([picture((await store.save(png(colour)))["sha256"])])]
        reply = await ask(chat, Description, question, name="describe")
        assert reply.value == Description(description=caption)
        assert (reply.calls, reply.usd) == (1, 0.0)
        assert (await chat.ainvoke(question)).text == caption


@slow
async def test_a_captioner_begins_a_whole_run(models: Models, tmp_path: Path) -> None:
    run = await overpaint.arefine(
        image=_written(tmp_path / "blue.png", png("blue")),
        settings={"captioner": f"transformers:{models['taught']}", "max_images": 1, "seed": 1},
    )
    assert run.brief == "a blue square"
    assert run.champion is not None
    assert run.receipt["usd"] == 0.0


def _written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


@slow
@pytest.mark.parametrize("schema", [Inspection, Description.model_json_schema() | {"title": "Two", "properties": {
    "a": {"type": "string"}, "b": {"type": "string"}}}])  # fmt: skip
async def test_a_captioner_asked_for_more_says_what_it_can_do(models: Models, schema: Any) -> None:
    bound = open_chat(models["blip"]).with_structured_output(schema)
    with pytest.raises(BadInput, match="it can be the captioner, but no judge or critic"):
        await bound.ainvoke(asked())


@slow
async def test_a_captioner_takes_one_picture(models: Models) -> None:
    chat = open_chat(models["blip"], max_tokens=16)
    for messages, count in (([HumanMessage("hello")], 0), ([*asked(), *asked()], 2)):
        with pytest.raises(BadInput, match=f"one picture at a time into words, and was given {count}"):
            await chat.ainvoke(messages)


@slow
async def test_a_judge_that_babbles_leaves_a_picture_unjudged(models: Models, tmp_path: Path) -> None:
    store = ImageStore(tmp_path / "images")
    chat = get_chat(f"transformers:{models['llava']}", store, max_tokens=40)
    look = make_inspect_image(chat, instructions="Judge.", question_prompt="\n".join, repair=lambda a, fault: fault)
    call = {"image": (await store.save(png("red")))["sha256"], "questions": ["Is it red?"]}
    message = await look.ainvoke({"name": look.name, "args": call, "id": "1", "type": "tool_call"})
    assert isinstance(message, ToolMessage)
    assert message.artifact["inspection"] is None
    assert message.artifact["fault"]


@slow
async def test_a_run_whose_judge_babbles_never_passes(models: Models) -> None:
    judge = {"judge": f"transformers:{models['llava']}", "judge_max_tokens": 40, "vision_device": "cpu"}
    run = await overpaint.arefine("a red circle", settings={**judge, "max_images": 1, "seed": 1})
    (record,) = run.candidates
    verdict = record["verdict"]
    assert verdict is not None
    assert (verdict["score"], verdict["passed"]) == (None, None)
    assert verdict["fault"]
    assert run.status == "stopped"


class Parrot(BaseModel):
    said: str
    times: int


@slow
async def test_an_answer_in_json_fills_the_form_and_any_other_does_not(
    models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer is replaced, since random weights write no JSON; the words it is asked in are the real ones."""
    heard: list[str] = []
    texts = [json.dumps({"said": "hello", "times": 2}), "no JSON", "[1]"]

    def answer(loaded: Any, messages: Any, manner: Any, stop: Any) -> Any:
        heard.append(messages[-1].text)
        return replace(real_answer(loaded, messages, manner, stop), text=texts[len(heard) - 1])

    monkeypatch.setattr(vision, "answer", answer)
    bound = open_chat(models["llava"], max_tokens=16).with_structured_output(Parrot)
    answers = [await bound.ainvoke(asked()) for _ in texts]
    assert answers == [Parrot(said="hello", times=2), None, None]
    assert "What is it?" in heard[0]
    assert '"times"' in heard[0]


def test_tools_are_not_called() -> None:
    with pytest.raises(NotImplementedError, match="calls no tools"):
        VisionChat(model="some/model").bind_tools([Parrot])


@slow
async def test_the_event_loop_goes_on_during_a_call(models: Models) -> None:
    chat = open_chat(models["llava"], max_tokens=400)
    await chat.ainvoke(asked())
    call, turns = asyncio.create_task(chat.ainvoke(asked())), 0
    while not call.done():
        await asyncio.sleep(0.01)
        turns += 1
    assert turns > 10


@slow
async def test_a_cancelled_call_stops_between_tokens(models: Models, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, ended, said = threading.Event(), threading.Event(), []

    def answer(*given: Any) -> Any:
        begun.set()
        found = real_answer(*given)
        said.append(found.said)
        ended.set()
        return found

    monkeypatch.setattr(vision, "answer", answer)
    call = asyncio.create_task(open_chat(models["llava"], max_tokens=4000).ainvoke(asked()))
    await asyncio.to_thread(begun.wait, 60)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert await asyncio.to_thread(ended.wait, 60)
    assert said[0] < 400
    assert (await open_chat(models["llava"], max_tokens=16).ainvoke(asked())).text


@slow
async def test_roles_share_one_model_and_another_dtype_is_another(
    models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vision_loading, "_loaded", {})
    judge, critic = open_chat(models["llava"], max_tokens=16), open_chat(models["llava"], max_tokens=17, temperature=1)
    await asyncio.gather(judge.ainvoke(asked()), critic.ainvoke(asked()))
    assert len(vision_loading._loaded) == 1
    assert load(models["llava"], None, None) is load(models["llava"], "cpu", "float32")
    assert load(models["llava"], "cpu", "bfloat16") is not load(models["llava"], "cpu", None)


@slow
def test_it_answers_synchronously_too(models: Models) -> None:
    assert open_chat(models["llava"], max_tokens=16).invoke(asked()).text


@slow
@pytest.mark.parametrize(
    ("block", "what"),
    [
        ({"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}, "data URIs"),
        ({"type": "image_url", "image_url": {"url": "data:image/png;base64,bm8="}}, "picture"),
        ({"type": "image_url", "image_url": {"url": "data:image/png;base64,a"}}, "base64"),
        ({"type": "audio", "base64": "bm8="}, "no 'audio' block"),
    ],
)
async def test_what_is_no_picture_is_refused(models: Models, block: dict[str, Any], what: str) -> None:
    with pytest.raises(BadInput, match=what) as caught:
        await open_chat(models["llava"]).ainvoke([HumanMessage([block])])
    assert "\n" not in str(caught.value)


@slow
async def test_a_message_of_a_tool_is_refused(models: Models) -> None:
    with pytest.raises(BadInput, match="takes no tool messages"):
        await open_chat(models["llava"]).ainvoke([*asked(), ToolMessage("x", tool_call_id="1")])


@slow
async def test_more_than_the_model_reads_is_refused_and_the_answer_keeps_to_what_is_left(models: Models) -> None:
    with pytest.raises(ProviderFault, match="reads 4096 tokens and was given") as caught:
        await open_chat(models["llava"]).ainvoke(asked(text="x" * 4096))
    assert not caught.value.retryable
    answer = await open_chat(models["llava"]).ainvoke(asked(text="x" * 4000))
    assert answer.usage_metadata is not None
    assert answer.usage_metadata["total_tokens"] <= 4096


@slow
async def test_a_model_without_eyes_is_refused(models: Models) -> None:
    with pytest.raises(BadInput, match="is a llama model, which takes no pictures"):
        await open_chat(models["llama"]).ainvoke(asked())


@slow
async def test_a_package_that_a_model_needs_is_named(models: Models) -> None:
    if importlib.util.find_spec("torchvision"):
        pytest.skip("torchvision is installed")
    with pytest.raises(BadInput, match="not installed: pip install torchvision"):
        await open_chat(models["qwen2_vl"]).ainvoke(asked())


@slow
async def test_qwen_answers_where_torchvision_is_installed(models: Models) -> None:
    pytest.importorskip("torchvision")
    chat = open_chat(models["qwen2_vl"], max_tokens=40)
    assert (await chat.ainvoke(asked("red"))).text != (await chat.ainvoke(asked("blue"))).text


def _spoiled(folder: str, to: Path, name: str, text: str | None) -> Path:
    shutil.copytree(folder, to)
    (to / name).unlink() if text is None else (to / name).write_text(text)
    return to


@slow
@pytest.mark.parametrize(
    ("name", "text", "kind", "what"),
    [
        ("model.safetensors", None, ProviderFault, "make the folder whole"),
        ("model.safetensors", "no weights", ProviderFault, "make the folder whole"),
        ("chat_template.jinja", None, BadInput, "no chat template"),
        ("config.json", '{"model_type": "no_such_kind"}', ProviderFault, "no_such_kind"),
        ("config.json", '{"model_type": "x", "auto_map": {"AutoConfig": "a.B"}}', BadInput, "never run here"),
        ("processor_config.json", None, ProviderFault, "image processor"),
    ],
)
async def test_a_broken_folder_is_a_fault_of_one_line(
    models: Models, tmp_path: Path, name: str, text: str | None, kind: type[Exception], what: str
) -> None:
    broken = _spoiled(models["llava"], tmp_path / "broken", name, text)
    with pytest.raises(kind, match=what) as caught:
        await open_chat(str(broken)).ainvoke(asked())
    assert "\n" not in str(caught.value)
    assert getattr(caught.value, "fatal", True)


@slow
async def test_pickled_weights_are_not_read(models: Models, tmp_path: Path) -> None:
    import torch

    folder = _spoiled(models["llava"], tmp_path / "pickled", "model.safetensors", None)
    torch.save(load(models["llava"], "cpu", None).model.state_dict(), folder / "pytorch_model.bin")
    with pytest.raises(ProviderFault, match="cannot load"):
        await open_chat(str(folder)).ainvoke(asked())


@slow
async def test_a_hub_that_is_not_reached_may_be_later() -> None:
    with pytest.raises(ProviderFault, match="the hub was not reached") as caught:
        await open_chat("nobody/nothing").ainvoke(asked())
    assert caught.value.retryable


@slow
async def test_a_device_this_machine_lacks_is_refused(models: Models) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    with pytest.raises(BadInput, match="'cuda' is not on this machine"):
        await open_chat(models["llava"], device="cuda").ainvoke(asked())


@slow
def test_loading_prints_and_logs_nothing(models: Models, capfd: pytest.CaptureFixture[str]) -> None:
    for kind in ("llava", "blip"):
        open_chat(models[kind], dtype="float16", max_tokens=16).invoke(asked())
        assert capfd.readouterr() == ("", "")


class OutOfMemoryError(RuntimeError):
    """Named as torch's is."""


@pytest.mark.parametrize("doing", ["load", "answer with"])
@pytest.mark.parametrize("error", [OutOfMemoryError("CUDA out of memory. Tried 9 GiB\nprocess 3"), MemoryError()])
def test_too_little_memory_is_a_fatal_fault(error: Exception, doing: str) -> None:
    told = f"cannot {doing} some/model: out of memory"
    with pytest.raises(ProviderFault, match=told) as caught, vision_faults("some/model", doing):
        raise error
    assert caught.value.fatal
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("model", "what"),
    [
        ("", "names no model"),
        (" ", "names no model"),
        ("a/b/c", "names no model"),
        ("./nowhere", "config.json"),
        ("/nowhere/at/all", "config.json"),
        ("~/no-such-model-here", "config.json"),
    ],
)
def test_a_model_that_is_not_there_is_refused_at_once(model: str, what: str) -> None:
    with pytest.raises(BadInput, match=what) as caught:
        open_chat(model)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("wrong", [{"device": "gpu"}, {"device": "cuda:x"}, {"dtype": "int8"}])
def test_a_place_or_dtype_that_is_none_is_refused_at_once(wrong: dict[str, str]) -> None:
    (name,) = wrong
    with pytest.raises(BadInput, match=f"{name} .* is unknown"):
        open_chat("some/model", **wrong)  # type: ignore[arg-type]


def test_missing_packages_are_named_with_the_line_that_installs_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vision_loading, "NEEDED", ("torch", "no_such_package_anywhere"))
    with pytest.raises(BadInput, match=r"no_such_package_anywhere: pip install 'overpaint\[local\]'"):
        open_chat("some/model")


@slow
def test_opening_a_model_imports_no_torch(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "llava"}')
    code = (
        "import sys; from overpaint.tools.chat import get_chat; get_chat('transformers:' + sys.argv[1], None);"
        "print([name for name in ('torch', 'transformers', 'diffusers', 'numpy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
