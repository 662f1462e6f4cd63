import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overpaint.tools.backends.diffusers_ import DiffusersPainter
from overpaint.tools.backends.model_index import fetch_index, kind_named
from overpaint.tools.backends.prompt_length import Reader, readers_in, token_limit, unread_end
from overpaint.tools.painters import Counting

WEIGHTS = Path(__file__).parents[3] / "src" / "overpaint" / "shapes" / "weights"
CLIP, T5, QWEN = "CLIPTokenizer", "T5Tokenizer", "Qwen2Tokenizer"
TABLE: list[tuple[str, dict[str, str | None], int | None]] = [
    ("StableDiffusionPipeline", {"tokenizer": CLIP}, 77),
    ("StableDiffusionXLPipeline", {"tokenizer": CLIP, "tokenizer_2": CLIP}, 77),
    ("StableDiffusion3Pipeline", {"tokenizer": CLIP, "tokenizer_2": CLIP, "tokenizer_3": T5}, 256),
    ("StableDiffusion3Pipeline", {"tokenizer": CLIP, "tokenizer_2": CLIP, "tokenizer_3": None}, 77),
    ("FluxPipeline", {"tokenizer": CLIP, "tokenizer_2": T5}, 512),
    ("PixArtAlphaPipeline", {"tokenizer": T5}, 120),
    ("PixArtSigmaPipeline", {"tokenizer": T5}, 300),
    ("QwenImagePipeline", {"tokenizer": QWEN}, 512),
    ("KandinskyPipeline", {"tokenizer": QWEN}, None),
]


def index_folder(folder: Path, kind: str, tokenizers: dict[str, str | None]) -> Path:
    """A model without weights: what is told before anything is loaded."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = {name: ["transformers" if made else None, made] for name, made in tokenizers.items()}
    (folder / "model_index.json").write_text(json.dumps({"_class_name": kind, **parts}))
    for name, made in tokenizers.items():
        if made:
            (folder / name).mkdir(exist_ok=True)
            limit = {CLIP: 77, T5: 512, QWEN: 131072 if kind != "KandinskyPipeline" else 1e30}[made]
            (folder / name / "tokenizer_config.json").write_text(json.dumps({"model_max_length": limit}))
    return folder


@pytest.mark.parametrize(("kind", "tokenizers", "limit"), TABLE)
def test_the_limit_is_told_before_anything_is_loaded(
    tmp_path: Path, kind: str, tokenizers: dict[str, str | None], limit: int | None
) -> None:
    folder = index_folder(tmp_path, kind, tokenizers)
    assert token_limit(fetch_index(str(folder))) == limit
    painter = DiffusersPainter(str(folder))
    assert painter.abilities.token_limit == limit
    assert isinstance(painter, Counting)


def test_the_limit_of_a_hub_model_is_unknown_until_it_is_here() -> None:
    assert DiffusersPainter("nobody/nothing").abilities.token_limit is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"_class_name": 3, "tokenizer": "x"}'])
def test_a_broken_index_tells_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "model_index.json").write_text(text)
    assert DiffusersPainter(str(tmp_path)).abilities.token_limit is None


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted({kind for kind, _, _ in TABLE}))
def test_what_is_read_from_source_is_what_the_class_says(name: str) -> None:
    import diffusers

    from overpaint.tools.backends.model_index import kind_of

    kind = getattr(diffusers, name)
    read, said = kind_named(name), kind_of(object.__new__(kind))
    assert set(read.takes) == set(said.takes) - {"kwargs"}
    assert read.lowers == said.lowers
    assert all(
        read.takes[key] == said.takes[key]
        for key in ("max_sequence_length", "num_inference_steps")
        if key in read.takes
    )


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Real tokenizers of each row of the table, in models without weights."""
    from tests import tiny_tokenizers

    make = {
        CLIP: tiny_tokenizers.clip_tokenizer,
        T5: tiny_tokenizers.t5_tokenizer,
        QWEN: tiny_tokenizers.qwen_tokenizer,
    }
    made: dict[str, Path] = {}
    for kind, tokenizers, limit in TABLE:
        folder = index_folder(tmp_path_factory.mktemp("models") / kind, kind, tokenizers)
        for name, tokenizer in tokenizers.items():
            if tokenizer:
                real = make[tokenizer]()
                if limit is None:
                    real.model_max_length = int(1e30)
                real.save_pretrained(folder / name)
        made[f"{kind} {limit}"] = folder
    return made


ROWS = [(f"{kind} {limit}", limit) for kind, _, limit in TABLE]


@pytest.mark.slow
@pytest.mark.parametrize(("row", "limit"), [row for row in ROWS if row[1]])
@pytest.mark.parametrize("ending", ["", " émigré 漢字 🎨"])
async def test_a_prompt_at_its_limit_is_read_whole_and_one_token_more_is_named(
    folders: dict[str, Path], row: str, limit: int, ending: str
) -> None:
    painter = DiffusersPainter(str(folders[row]))
    most = max(readers_in(str(folders[row])), key=lambda reader: reader.limit)
    room = limit - len(most.tokenizer("", verbose=False).input_ids) - count(most, ending)
    fits = exactly(most, room) + ending
    assert count(most, fits) + len(most.tokenizer("").input_ids) == limit
    assert await painter.unread(fits) == ""
    assert (await painter.unread(fits + " blue")).endswith("blue")
    assert await painter.unread("") == ""


@pytest.mark.slow
async def test_a_model_without_a_limit_reads_everything(folders: dict[str, Path]) -> None:
    painter = DiffusersPainter(str(folders["KandinskyPipeline None"]))
    assert await painter.unread("a red circle " * 1000) == ""


def count(reader: Reader, text: str) -> int:
    return len(reader.tokenizer(text, add_special_tokens=False, verbose=False).input_ids)


def exactly(reader: Reader, tokens: int) -> str:
    """A text of that many tokens."""
    filler = next(each for each in (" red", " a", " top") if count(reader, each * 9) == 9)
    text = filler * tokens
    assert count(reader, text) == tokens
    return text


@pytest.fixture(scope="module")
def readers(folders: dict[str, Path]) -> dict[str, tuple[Reader, ...]]:
    return {row: readers_in(str(folders[row])) for row, limit in ROWS if limit}


@pytest.mark.slow
@given(text=st.text(max_size=60), often=st.integers(0, 40))
def test_what_is_unread_is_the_end_of_the_prompt_and_what_comes_before_it_is_read(
    readers: dict[str, tuple[Reader, ...]], text: str, often: int
) -> None:
    prompt = "a Red circle, " * often + text + " blue" * often
    for each in readers.values():
        end, limit = unread_end(each, prompt)
        assert prompt.endswith(end)
        whole = [fits(reader, prompt) for reader in each]
        assert (end == "") == any(whole)
        assert limit == 0 or any(fits(reader, prompt[: len(prompt) - len(end)]) for reader in each)


def fits(reader: Reader, prompt: str) -> bool:
    """As the pipelines find out: special tokens and all."""
    text = "".join(each.lower() if len(each.lower()) == 1 else each for each in prompt) if reader.lowers else prompt
    return len(reader.tokenizer(text, verbose=False).input_ids) <= reader.limit


@pytest.mark.slow
def test_capitals_are_counted_as_the_model_reads_them(folders: dict[str, Path]) -> None:
    """PixArt makes a prompt lower case first; to a T5 capitals are other pieces, and more of them."""
    lowering, plain = (readers_in(str(folders[row])) for row in ("PixArtSigmaPipeline 300", "FluxPipeline 512"))
    prompt = "A RED CIRCLE " * 60
    assert unread_end(lowering, prompt)[0] == unread_end(lowering, prompt.lower())[0].upper()
    assert count(plain[-1], prompt) != count(plain[-1], prompt.lower())


@pytest.mark.slow
def test_a_tokenizer_without_offsets_is_counted_too() -> None:
    from transformers import ByT5Tokenizer

    reader = Reader(ByT5Tokenizer(), 6, lowers=False)
    assert unread_end([reader], "12345") == ("", 6)
    assert unread_end([reader], "1234567") == ("67", 6)


@pytest.mark.slow
async def test_a_hub_model_is_known_once_its_tokenizers_are_here(
    folders: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "models--someone--flux"
    (cache / "snapshots").mkdir(parents=True)
    (cache / "refs").mkdir()
    painter = DiffusersPainter("someone/flux")
    assert painter.abilities.token_limit is None
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    shutil.copytree(folders["FluxPipeline 512"], cache / "snapshots" / "0")
    (cache / "refs" / "main").write_text("0")
    assert await painter.unread("a red circle") == ""
    assert painter.abilities.token_limit == 512
    assert DiffusersPainter("someone/flux").abilities.token_limit == 512


AT_ONCE = """
import sys
from concurrent.futures import ThreadPoolExecutor
from overpaint.tools.backends.prompt_length import readers_in
with ThreadPoolExecutor(8) as pool:
    print(sum(len(found) for found in pool.map(readers_in, sys.argv[1:])))
"""


@pytest.mark.slow
def test_the_first_runs_of_a_process_may_begin_at_once(tmp_path: Path) -> None:
    folders = [tmp_path / str(number) for number in range(8)]
    for folder in folders:
        folder.symlink_to(WEIGHTS, target_is_directory=True)
    done = subprocess.run([sys.executable, "-c", AT_ONCE, *folders], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == ("8", "")
