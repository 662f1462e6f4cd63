"""CLIPScore and image similarity: formulas by hand, on a real CLIPModel of random weights, and weights that are missing."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from PIL import Image
from transformers import AutoImageProcessor, AutoTokenizer, CLIPModel

from overpaint.evaluation.scorers.clip import Clip, load_clip
from overpaint.evaluation.scorers.clip_scores import ClipScore, ImageSimilarity
from overpaint.evaluation.scorers.scorer import Scored
from overpaint.tools.faults import BadInput
from tests.evaluation.scorers.scored import a_row, delivered, png
from tests.tiny_clip import build_clip
from tests.tiny_vision import build

COLOURS = ("red", "green", "blue", "white")
BRIEF = "a red circle above a blue square"
LONG = " ".join(["seven small yellow triangles on a wooden table"] * 40)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(build_clip(tmp_path_factory.mktemp("clip")))


class Fixed:
    """Stands where a model would: features by what comes in, so that a score can be worked out by hand."""

    def get_image_features(self, pixel_values: torch.Tensor) -> torch.Tensor:
        return pixel_values

    def get_text_features(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        return torch.tensor([[3.0, 4.0, 0.0]])


class Tokens(dict):  # type: ignore[type-arg]
    def to(self, device: str) -> Tokens:
        return self


def by_hand(pixels: dict[str, list[float]], tokens: int = 5) -> Clip:
    def eye(images: list[Image.Image], return_tensors: str) -> dict[str, torch.Tensor]:
        return {"pixel_values": torch.tensor([pixels[str(image.getpixel((0, 0)))] for image in images])}

    def tokenizer(text: str, **rest: object) -> Tokens:
        return Tokens(input_ids=list(range(tokens)), attention_mask=[1] * tokens)

    return Clip(Fixed(), tokenizer, eye, 4, "cpu")


async def scored_by_hand(
    monkeypatch: pytest.MonkeyPatch, scorer: ClipScore | ImageSimilarity, clip: Clip, pictures: list[Scored]
) -> list[float | None]:
    monkeypatch.setattr("overpaint.evaluation.scorers.clip_scores.load_clip", lambda *_: clip)
    return [value.value for value in await scorer.score(pictures)]


async def test_the_formula_by_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    red, blue, lime = (png(tmp_path, colour) for colour in ("red", "blue", "lime"))
    clip = by_hand({"(255, 0, 0)": [10.0, 0.0, 0.0], "(0, 0, 255)": [-1.0, 0.0, 0.0], "(0, 255, 0)": [0.0, 0.2, 0.0]})
    pictures = [delivered(a_row(), file) for file in (red, blue, lime)]
    assert await scored_by_hand(monkeypatch, ClipScore(), clip, pictures) == [
        1.5,
        0.0,
        2.0,
    ]  # 2.5 · 3/5, < 0, 2.5 · 4/5
    [value] = await ClipScore().score(pictures[1:2])
    assert value.detail == {"cosine": -0.6, "unread_tokens": 1}


async def test_similarity_is_that_of_the_nearest_reference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    red, blue, lime = (png(tmp_path, colour) for colour in ("red", "blue", "lime"))
    clip = by_hand({"(255, 0, 0)": [9.0, 0.0, 0.0], "(0, 0, 255)": [-1.0, 0.0, 0.0], "(0, 255, 0)": [0.6, 0.8, 0.0]})
    rows = [a_row(pictures=[str(blue)]), a_row(pictures=[str(blue), str(lime)]), a_row(pictures=[str(red)]), a_row()]
    pictures = [delivered(row, red) for row in rows]
    assert await scored_by_hand(monkeypatch, ImageSimilarity(), clip, pictures) == [-1.0, 0.6, 1.0, None]


def test_titles_name_the_model_and_the_direction_and_no_folder() -> None:
    title = ImageSimilarity("/somewhere/on/this/machine/ViT").title
    assert title == "cosine to the reference picture, higher is nearer, 1 is the same (ViT)"
    assert "CLIP-ViT-B-32-laion2B-s34B-b79K" in ClipScore().title


async def test_image_similarity_is_refused_where_no_row_has_a_reference() -> None:
    with pytest.raises(BadInput, match="no row has a reference picture"):
        await ImageSimilarity().check([delivered(a_row(), None)])


@pytest.mark.slow
async def test_a_real_model_gives_what_its_own_forward_gives(clip: str, tmp_path: Path) -> None:
    files = [png(tmp_path, colour, (48, 32)) for colour in COLOURS]
    scorer, pictures = ClipScore(clip), [delivered(a_row(brief=BRIEF), file) for file in files]
    await scorer.check(pictures)
    values = [value.value for value in await scorer.score(pictures)]
    model = CLIPModel.from_pretrained(clip).eval()
    shown = AutoImageProcessor.from_pretrained(clip)(images=[Image.open(f) for f in files], return_tensors="pt")
    with torch.inference_mode():
        out = model(**AutoTokenizer.from_pretrained(clip)([BRIEF], return_tensors="pt"), **shown)
    expected = [2.5 * max(float(cosine), 0.0) for cosine in out.image_embeds @ out.text_embeds[0]]
    assert values == pytest.approx(expected, abs=1e-5)
    assert len(set(values)) > 1


@pytest.mark.slow
async def test_a_text_of_more_tokens_than_the_model_reads_is_said(clip: str, tmp_path: Path) -> None:
    scorer, red = ClipScore(clip), png(tmp_path, "red")
    [short, long] = await scorer.score([delivered(a_row(brief=brief), red) for brief in (BRIEF, LONG)])
    assert long.detail["unread_tokens"] == len(AutoTokenizer.from_pretrained(clip)(LONG)["input_ids"]) - 77
    assert "unread_tokens" not in short.detail
    assert long.value is not None


@pytest.mark.slow
async def test_the_same_picture_is_alike_and_is_encoded_once(clip: str, tmp_path: Path) -> None:
    red, green = png(tmp_path, "red"), png(tmp_path, "green")
    row = a_row(pictures=[str(red)])
    same, other = await ImageSimilarity(clip).score([delivered(row, red), delivered(row, green)])
    assert same.value == pytest.approx(1.0, abs=1e-6)
    assert other.value is not None
    assert other.value < 0.9999
    seen = load_clip(clip, None).seen
    kept = seen[red]
    await ClipScore(clip).score([delivered(row, red)])
    assert seen[red] is kept


@pytest.mark.slow
async def test_a_broken_picture_is_a_fault_and_spoils_no_other(clip: str, tmp_path: Path) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(png(tmp_path, "red").read_bytes()[:40])
    gone = delivered(a_row(pictures=[str(tmp_path / "gone.png")]), png(tmp_path, "blue"))
    pictures = [delivered(a_row(), broken), delivered(a_row(), png(tmp_path, "green"))]
    bad, good = await ClipScore(clip).score(pictures)
    assert (bad.value, good.fault) == (None, None)
    assert "broken.png" in str(bad.fault)
    [missing] = await ImageSimilarity(clip).score([gone])
    assert missing.value is None
    assert "gone.png cannot be read" in str(missing.fault)


@pytest.mark.parametrize("name", ["/nope", "./no-such-folder", "~/no-such-folder"])
async def test_a_folder_that_is_not_there_is_told_without_asking_the_hub(name: str) -> None:
    with pytest.raises(BadInput, match=f"there is no folder {name} .*: --set clip=FOLDER"):
        await ClipScore(name).check([])


@pytest.mark.slow
async def test_weights_that_cannot_be_had_say_how_to_give_a_folder() -> None:
    with pytest.raises(BadInput, match="--set clip=FOLDER") as caught:
        await ClipScore("laion/CLIP-of-nobody").check([])
    assert "\n" not in str(caught.value)


async def test_a_device_that_is_none_is_refused() -> None:
    with pytest.raises(BadInput, match="device 'gpu' is unknown"):
        await ClipScore(device="gpu").check([])


@pytest.mark.slow
async def test_a_model_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="is a llama model: a CLIP model is needed"):
        await ClipScore(str(build("llama", tmp_path / "llama"))).check([])
