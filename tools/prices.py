"""What models cost, from a dated file that users can override. What the file does not say is unknown, never 0."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from overpaint.tools.faults import BadInput
from overpaint.tools.home import current_home, known_home
from overpaint.tools.painting import LONGEST_PROMPT
from overpaint.tools.vendors import is_vendors

MILLION = 1_000_000
SOURCE_TOKENS = 8000
"""Tokens of the picture an edit starts from, at most: OpenAI counts up to 6305 at high fidelity."""

LARGEST = 5
"""Megapixels of the largest picture asked of a painter that is billed by size: 2048 x 2048, begun ones counted."""

LOCAL = frozenset({"shapes", "diffusers", "transformers"})
"""Providers that run on this machine and cost nothing."""


@dataclass(frozen=True)
class ChatPrice:
    """What a chat model costs, in dollars per million tokens.

    Args:
        input: of tokens that are sent.
        cached: of sent tokens that its provider had in its cache.
        output: of tokens that it answers with, those it thinks with included.
        image_tokens: tokens of one picture at most, where that is known.
    """

    input: float
    cached: float
    output: float
    image_tokens: int | None = None

    def cost(self, sent: int, answered: int, cached: int = 0) -> float:
        """Dollars for one call.

        Args:
            sent: tokens sent, those from the cache included.
            answered: tokens of the answer.
            cached: how many of those sent came from the cache.
        """
        full = max(0, sent - cached)
        return (full * self.input + min(sent, cached) * self.cached + answered * self.output) / MILLION


@dataclass(frozen=True)
class PictureTokens:
    """The price of a painter billed by tokens, in dollars per million: of text and pictures sent, and pictures made."""

    text: float
    image: float
    output: float


@dataclass(frozen=True)
class PicturePrice:
    """What a painter costs, in dollars.

    Args:
        usd: for one picture at most; where the size decides, for one of `LARGEST` megapixels.
        per_megapixel: for each begun megapixel, where the size decides.
        tokens: where tokens decide; `usd` then covers the longest prompt and the picture an edit starts from.
    """

    usd: float
    per_megapixel: float | None = None
    tokens: PictureTokens | None = None

    def at_most(self, size: tuple[int, int] | None) -> float:
        """Dollars for one picture of a size (width, height) at most; None is any size."""
        if self.per_megapixel is None or size is None:
            return self.usd
        return max(1, math.ceil(size[0] * size[1] / MILLION)) * self.per_megapixel


def chat_price(name: str, base_url: str | None) -> ChatPrice | None:
    """The price of a chat model; None where it is not known.

    Prices of the vendors hold for their own servers alone; the user's file may price any name. The files are read once
    in a process, so the first call is made in a thread.

    Args:
        name: "shapes", or "provider:model".
        base_url: the server, where it is not the provider's default.

    Raises:
        BadInput: the user's file cannot be used; names the file and the place in it.
    """
    if name.partition(":")[0] in LOCAL:
        return ChatPrice(0.0, 0.0, 0.0)
    found = _entry("chat", name, base_url)
    if found is None:
        return None
    where, entry = found
    numbers = _numbers(where, entry, ("input", "output"), ("cached", "image_tokens"))
    tokens = numbers.get("image_tokens")
    return ChatPrice(
        input=numbers["input"],
        cached=numbers.get("cached", numbers["input"]),
        output=numbers["output"],
        image_tokens=None if tokens is None else math.ceil(tokens),
    )


def picture_price(name: str, base_url: str | None) -> PicturePrice | None:
    """The price of a painter; None where it is not known. As `chat_price`.

    Raises:
        BadInput: the user's file cannot be used; names the file and the place in it.
    """
    if name.partition(":")[0] in LOCAL:
        return PicturePrice(0.0)
    found = _entry("pictures", name, base_url)
    if found is None:
        return None
    where, entry = found
    if "per_megapixel" in entry:
        each = _numbers(where, entry, ("per_megapixel",))["per_megapixel"]
        return PicturePrice(round(LARGEST * each, 6), per_megapixel=each)
    usd = _numbers(where, entry, ("usd",), ("tokens",))["usd"]
    if "tokens" not in entry:
        return PicturePrice(usd)
    tokens = PictureTokens(**_numbers(f"{where}, tokens", entry["tokens"], ("text", "image", "output")))
    sent = (LONGEST_PROMPT * tokens.text + SOURCE_TOKENS * tokens.image) / MILLION
    return PicturePrice(round(usd + sent, 6), tokens=tokens)


def check_prices() -> Path | None:
    """Read every entry of the user's file, and say where it is; None where there is none.

    Raises:
        BadInput: one cannot be used; names it.
    """
    path = _user_path()
    own = _user_file(path)
    for name in own.get("chat", {}):
        chat_price(name, None)
    for name in own.get("pictures", {}):
        picture_price(name, None)
    return path if path.exists() else None


def price_date() -> str:
    """The day on which the prices that ship with overpaint were read."""
    return str(_shipped()["date"])


def _entry(kind: str, name: str, base_url: str | None) -> tuple[str, dict[str, Any]] | None:
    """Where a name's price is found, in words, and what stands there: the user's file goes before ours."""
    path = _user_path()
    if name in (own := _user_file(path).get(kind, {})):
        return f"{path}, {kind}, {name}", own[name]
    entry = _shipped()[kind].get(name)
    provider = name.partition(":")[0]
    if entry is None or not is_vendors(provider, _address(provider, base_url)):
        return None
    return f"prices.yaml, {kind}, {name}", entry


def _address(provider: str, base_url: str | None) -> str | None:
    """Where requests go: to the base URL that is given, else to that in the environment, else untold."""
    variables = [f"{provider.upper()}_{ending}" for ending in ("BASE_URL", "API_BASE")]
    return base_url or next((os.environ[v] for v in variables if os.environ.get(v)), None)


@cache
def _shipped() -> dict[str, Any]:
    return dict(yaml.safe_load(files("overpaint.tools").joinpath("prices.yaml").read_text("utf-8")))


def _user_path() -> Path:
    named = os.environ.get("OVERPAINT_PRICES")
    return Path(named) if named else (known_home() or current_home()) / "prices.yaml"


@cache
def _user_file(path: Path) -> dict[str, dict[str, Any]]:
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError as error:
        if os.environ.get("OVERPAINT_PRICES"):
            raise BadInput(f"there is no price file {path}: correct OVERPAINT_PRICES, or unset it") from error
        return {}
    except (OSError, ValueError) as error:
        raise BadInput(f"the price file {path} cannot be read ({error}): give prices in YAML, as UTF-8 text") from error
    return _checked(path, text)


def _checked(path: Path, text: str) -> dict[str, dict[str, Any]]:
    """A user's prices: `chat` and `pictures`, each a table of names.

    Raises:
        BadInput: they are anything else; names the line where YAML tells it.
    """
    try:
        given = yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise BadInput(f"the price file {path}{line} is no YAML: {getattr(error, 'problem', None) or error}") from None
    if not isinstance(given, dict):
        raise BadInput(f"the price file {path} holds no tables: write chat: and pictures:, with names below them")
    if unknown := sorted(map(str, given.keys() - {"chat", "pictures", "date"})):
        raise BadInput(f"the price file {path} has a table {unknown[0]!r}: there are chat and pictures")
    for kind in ("chat", "pictures"):
        entries = given.setdefault(kind, {})
        if not isinstance(entries, dict) or not all(isinstance(entry, dict) for entry in entries.values()):
            raise BadInput(f"the price file {path}, {kind}: write a name and its prices, name: {{input: 0.25, …}}")
    return given


def _numbers(
    where: str, entry: Mapping[str, Any], needed: tuple[str, ...], others: tuple[str, ...] = ()
) -> dict[str, float]:
    """The prices of one entry, checked.

    Raises:
        BadInput: one is missing, is none, or there is one too many.
    """
    if not isinstance(entry, Mapping):
        raise BadInput(f"prices ({where}): write {', '.join(needed)} below it")
    if missing := [name for name in needed if name not in entry]:
        raise BadInput(f"prices ({where}): {missing[0]} is missing, in US dollars")
    if unknown := sorted(map(str, entry.keys() - {*needed, *others, "source"})):
        raise BadInput(f"prices ({where}): there is no {unknown[0]!r}; there are {', '.join((*needed, *others))}")
    numbers = {name: entry[name] for name in (*needed, *others) if name in entry and name != "tokens"}
    for name, number in numbers.items():
        if isinstance(number, bool) or not isinstance(number, int | float) or not 0 <= number < math.inf:
            raise BadInput(f"prices ({where}): {name} must be a number from 0 on, not {str(number)[:40]!r}")
    return {name: float(number) for name, number in numbers.items()}
