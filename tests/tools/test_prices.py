"""The price file: what it says, whose servers it holds for, and what is wrong with a user's own."""

from __future__ import annotations

from datetime import UTC, date, datetime
from importlib.resources import files
from pathlib import Path

import pytest
import yaml

from overpaint.tools.faults import BadInput
from overpaint.tools.prices import ChatPrice, chat_price, picture_price, price_date
from overpaint.tools.vendors import HOSTS

OURS = yaml.safe_load(files("overpaint.tools").joinpath("prices.yaml").read_text("utf-8"))


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "mine.yaml"
    monkeypatch.setenv("OVERPAINT_PRICES", str(path))
    return path


def test_every_price_has_a_source_and_can_be_read() -> None:
    assert date.fromisoformat(price_date()) <= datetime.now(UTC).date()
    for kind, look_up in (("chat", chat_price), ("pictures", picture_price)):
        for name, entry in OURS[kind].items():
            sources = entry["source"] if isinstance(entry["source"], list) else [entry["source"]]
            assert all(source.startswith("https://") for source in sources)
            assert look_up(name, None) is not None, name
            assert name.partition(":")[0] in HOSTS


def test_what_nobody_published_is_unknown_and_what_runs_here_is_free() -> None:
    assert chat_price("openai:gpt-77", None) is None
    assert picture_price("openai:gpt-image-77", None) is None
    for name in ("shapes", "transformers:./mine"):
        assert chat_price(name, None) == ChatPrice(0.0, 0.0, 0.0)
    assert (free := picture_price("diffusers:./mine", None)) is not None
    assert free.usd == 0.0


@pytest.mark.parametrize(
    ("base_url", "known"),
    [
        (None, True),
        ("https://api.openai.com/v1", True),
        ("https://eu.api.openai.com/v1", True),
        ("http://127.0.0.1:8000/v1", False),
        ("https://x.openai.com.evil.example/v1", False),
    ],
)
def test_prices_hold_for_the_vendors_own_server(base_url: str | None, known: bool) -> None:
    assert (chat_price("openai:gpt-5-mini", base_url) is not None) is known
    assert (picture_price("openai:gpt-image-1-mini", base_url) is not None) is known


@pytest.mark.parametrize("variable", ["OPENAI_BASE_URL", "OPENAI_API_BASE"])
def test_a_server_named_in_the_environment_counts_too(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, "http://127.0.0.1:1/v1")
    assert chat_price("openai:gpt-5-mini", None) is None
    assert chat_price("openai:gpt-5-mini", "https://api.openai.com/v1") is not None


def test_cached_tokens_cost_less_and_answers_more() -> None:
    price = ChatPrice(input=1.0, cached=0.1, output=10.0)
    assert price.cost(1_000_000, 0) == 1.0
    assert price.cost(1_000_000, 0, cached=1_000_000) == pytest.approx(0.1)
    assert price.cost(0, 1_000_000) == 10.0


def test_a_picture_billed_by_tokens_costs_at_most_its_dearest_size_and_the_longest_prompt() -> None:
    price = picture_price("openai:gpt-image-1-mini", None)
    assert price is not None
    assert price.tokens is not None
    assert price.usd == pytest.approx(0.052 + 20_000 * 2e-6 + 8_000 * 2.5e-6)
    assert price.at_most((1024, 1024)) == price.usd


def test_a_picture_billed_by_its_size_costs_each_begun_megapixel() -> None:
    price = picture_price("fal:fal-ai/flux/dev", None)
    assert price is not None
    assert [price.at_most(size) for size in ((512, 512), (1024, 1024), (2048, 2048))] == [0.025, 0.05, 0.125]
    assert price.usd == price.at_most(None) == 0.125


def test_a_users_file_prices_any_name_on_any_server(own: Path) -> None:
    own.write_text(
        "chat: {openai:gpt-5-mini: {input: 1, output: 2}, mine:x: {input: 0, output: 0}}\npictures: {fal:a/b: {usd: 0.5}}"
    )
    assert chat_price("openai:gpt-5-mini", "http://127.0.0.1:1") == ChatPrice(1.0, 1.0, 2.0)
    assert chat_price("mine:x", None) == ChatPrice(0.0, 0.0, 0.0)
    assert chat_price("openai:gpt-5-nano", None) is not None
    assert (priced := picture_price("fal:a/b", None)) is not None
    assert priced.usd == 0.5


def test_the_home_folder_may_hold_a_price_file(home: Path) -> None:
    home.mkdir()
    (home / "prices.yaml").write_text("chat: {nvidia:x: {input: 3, output: 4}}")
    assert chat_price("nvidia:x", None) == ChatPrice(3.0, 3.0, 4.0)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("chat: {a:b: {input: 1, output: 2}\nx: [", "line 2"),
        ("- 1", "holds no tables"),
        ("chat: {a:b: 3}", "chat"),
        ("chat: {a:b: {input: 1}}", "a:b): output is missing"),
        ("chat: {a:b: {input: cheap, output: 1}}", "input must be a number"),
        ("chat: {a:b: {input: -1, output: 1}}", "input must be a number"),
        ("chat: {a:b: {input: .nan, output: 1}}", "input must be a number"),
        ("chat: {a:b: {input: true, output: 1}}", "input must be a number"),
        ("chat: {a:b: {input: 1, output: 1, outptu: 1}}", "no 'outptu'"),
    ],
)
def test_a_broken_file_is_told_by_file_and_place(own: Path, text: str, told: str) -> None:
    own.write_text(text)
    with pytest.raises(BadInput, match=r"mine\.yaml") as fault:
        chat_price("a:b", None)
    assert told in str(fault.value)
    assert "\n" not in str(fault.value)


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ("{}", "usd is missing"),
        ("{usd: 1, tokens: 3}", "tokens"),
        ("{usd: 1, tokens: {text: 1}}", "image is missing"),
        ("{per_megapixel: 1, usd: 2}", "no 'usd'"),
    ],
)
def test_a_broken_price_of_a_picture_is_told(own: Path, entry: str, told: str) -> None:
    own.write_text(f"pictures: {{a:b: {entry}}}")
    with pytest.raises(BadInput, match="a:b") as fault:
        picture_price("a:b", None)
    assert told in str(fault.value)


def test_a_named_file_must_be_there_and_readable(own: Path) -> None:
    with pytest.raises(BadInput, match="there is no price file"):
        chat_price("a:b", None)


def test_bytes_that_are_no_text_are_told(own: Path) -> None:
    own.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadInput, match="cannot be read"):
        chat_price("a:b", None)
