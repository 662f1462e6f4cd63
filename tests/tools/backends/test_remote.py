"""What the painters behind HTTP share: where they send, what users may add, and the ratios of sizes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overpaint.tools.backends.ratios import STABLE, WIDEST, Ratios, nearest
from overpaint.tools.backends.remote import Endpoint, Options, data_uri, endpoint, sent_seed
from overpaint.tools.decoding import BadPicture
from overpaint.tools.faults import BadInput
from overpaint.tools.painters import get_painter
from tests.image_servers import blocks

KEY = "sk-of-this-test-0123456789"


def opened(**options: Any) -> Endpoint:
    return endpoint("acme:m", "https://api.acme.org", ("ACME_API_KEY",), Options(**options), frozenset({"prompt"}))


def test_the_vendors_server_needs_a_key_and_ones_own_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadInput, match="ACME_API_KEY"):
        opened().key()
    mine = opened(base_url="http://localhost:8000/")
    assert (mine.key(), mine.base, mine.provider) == (None, "http://localhost:8000", "acme@localhost:8000")
    monkeypatch.setenv("ACME_API_KEY", KEY)
    assert opened().key() == KEY
    assert mine.key() is None, "the vendor's key is none of another server's business"
    assert opened().provider == "acme"


def test_a_variable_that_is_named_must_hold_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACME_API_KEY", KEY)
    for options in ({}, {"base_url": "http://localhost:8000"}):
        with pytest.raises(BadInput, match="set MINE"):
            opened(api_key_env="MINE", **options).key()
    monkeypatch.setenv("MINE", "of-this-test-alone")
    assert opened(api_key_env="MINE").key() == "of-this-test-alone"


@pytest.mark.parametrize(
    "url",
    ["localhost:8000", "ftp://h", "http://", "http://u:pw-9@h", "https://:pw-9@h", "http://h?key=1", "http://[::1"],
)
def test_a_base_url_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(BadInput, match="base URL") as caught:
        opened(base_url=url)
    assert "pw-9" not in str(caught.value)


@pytest.mark.parametrize("timeout", [0, -1, 90_000, float("nan")])
def test_a_timeout_that_is_none_is_refused(timeout: float) -> None:
    with pytest.raises(BadInput, match="no time to wait"):
        opened(timeout=timeout)


@pytest.mark.parametrize(
    "extra",
    [
        {"api_key": "x"},
        {"Authorization": "x"},
        {"webhook": {"headers": [{"access_token": "x"}]}},
        {"apiKey": "x"},
        {"my-secret": "x"},
        {"authToken": "x"},
        {"openaiApiKey": "x"},
        {"bearer": "x"},
        {"accessKeyId": "x"},
        {"passwd": "x"},
        {"x-auth": "x"},
        {"auth": {"value": "x"}},
        {"note": f"use {KEY} here"},
        {"headers": {"x": f"Bearer {KEY}"}},
    ],
)
def test_no_secret_may_be_added_to_a_request(extra: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match="extra_body") as caught:
        opened(extra_body=extra)
    assert KEY not in str(caught.value)


def test_the_prompt_cannot_be_replaced_and_other_fields_can_be_added() -> None:
    with pytest.raises(BadInput, match="'prompt'"):
        opened(extra_body={"prompt": "another"})
    extra = {"loras": [{"path": "a/b", "scale": 0.8}], "max_tokens": 9, "tokenizer": "t5", "eos_token_id": 2}
    assert opened(extra_body=extra).extra == extra


@given(st.integers(0, 2**32 - 1))
def test_a_seed_is_sent_as_it_is_unless_the_server_would_draw_its_own(seed: int) -> None:
    sent = sent_seed(seed, 2**32 - 2)
    assert 1 <= sent <= 2**32 - 2
    assert sent == seed or seed in (0, 2**32 - 1)


def test_seed_0_is_always_sent_as_the_same_seed() -> None:
    assert sent_seed(0, 2**32 - 2) == 2**32 - 2


@given(st.integers(8, 8192), st.integers(8, 8192), st.sampled_from([WIDEST, STABLE]))
def test_no_other_ratio_is_nearer(width: int, height: int, ratios: Ratios) -> None:
    across, down = (int(part) for part in nearest((width, height), ratios).split(":"))
    assert (across, down) in ratios
    factor = max(width / height * down / across, height / width * across / down)
    for other in ratios:
        wanted = width / height / (other[0] / other[1])
        assert factor <= max(wanted, 1 / wanted) * (1 + 1e-9)


def test_only_a_picture_becomes_a_data_uri() -> None:
    assert data_uri(blocks("a")).startswith("data:image/png;base64,iVBOR")
    with pytest.raises(BadPicture):
        data_uri(b"<html>")


@pytest.mark.parametrize("name", ["openai:m", "fal:a/b", "nvidia:a/b", "stability:core", "hf:nscale/a/b"])
def test_a_price_by_the_megapixel_holds_for_every_painter(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (prices := tmp_path / "prices.yaml").write_text(f"pictures: {{'{name}': {{per_megapixel: 0.5}}}}", "utf-8")
    monkeypatch.setenv("OVERPAINT_PRICES", str(prices))
    able = get_painter(name).abilities
    assert [able.price(size) for size in (None, (1000, 1000), (2000, 2000))] == [2.5, 0.5, 2.0]
