"""Chat models by name, each made to carry pictures by reference: no callback, event or trace ever holds their bytes."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from langchain_core.language_models import BaseChatModel

from overpaint.tools.chat_clients import ANSWER_TOKENS, address_of, at_vendors, open_client
from overpaint.tools.copy_limits import copy_limit
from overpaint.tools.faults import BadInput
from overpaint.tools.prices import chat_price
from overpaint.tools.references import ImageReader, by_reference, picture
from overpaint.tools.vendors import provider_at

__all__ = ["ImageReader", "get_chat", "picture"]

BUILT_IN = {"shapes": "overpaint.shapes.chat:ShapesChat"}
"""Chat models of our own, imported when asked for. They run here and cost nothing."""

LOCAL = "overpaint.tools.backends.vision:open_chat"
"""Opens `transformers:` models, which run here as well."""


def get_chat(
    name: str,
    images: ImageReader,
    *,
    base_url: str | None = None,
    temperature: float | None = None,
    seed: int | None = None,
    max_tokens: int | None = None,
    api_key_env: str | None = None,
    device: str | None = None,
    dtype: str | None = None,
) -> BaseChatModel:
    """A chat model that takes pictures as `picture(sha256)` blocks; nothing is asked over the network yet.

    It looks at files and imports packages, so async code calls it in a thread. What is not given is left to the
    provider; keys and addresses then come from the environment (OPENAI_API_KEY, OPENAI_BASE_URL, NVIDIA_API_KEY, …).

    Args:
        name: "shapes", "transformers:<folder or hub id>", or "provider:model" for any provider of LangChain's
            `init_chat_model`.
        images: where the pictures are read from when the model is called.
        base_url: the server to ask, where it is not the provider's own.
        temperature: how freely it answers.
        seed: sent with every request.
        max_tokens: the longest answer.
        api_key_env: the environment variable that holds the key, where it is not the provider's usual one.
        device: where a local model runs.
        dtype: in what precision it runs.

    Raises:
        BadInput: the name is none, its package is not installed, its key is missing, or it cannot use what is given.
    """
    asked = {"temperature": temperature, "seed": seed, "max_tokens": max_tokens}
    where = {"base_url": base_url, "api_key_env": api_key_env}
    here = {"device": device, "dtype": dtype}
    if name in BUILT_IN:
        _refuse(name, asked | where | here)
        return by_reference(_imported(BUILT_IN[name])(), images, name=name, free=True)
    provider, _, model_id = name.partition(":")
    if not provider or not model_id:
        raise BadInput(f"no chat model is called {name!r}: write provider:model (openai:…, nvidia:…), or shapes.")
    if provider == "transformers":
        _refuse(name, where)
        return by_reference(_imported(LOCAL)(model_id, **_given(asked | here)), images, name=name, free=True)
    _refuse(name, here)
    return _hosted(name, images, _given(asked | where))


def _hosted(name: str, images: ImageReader, given: dict[str, Any]) -> BaseChatModel:
    provider, model = name.partition(":")[0], open_client(name, given)
    limit = getattr(model, "max_tokens", None)
    if "max_tokens" not in given and isinstance(limit, int) and limit < ANSWER_TOKENS:
        model.max_tokens = ANSWER_TOKENS  # type: ignore[attr-defined]
    address = address_of(model)
    base_url = None if at_vendors(name, address) else address
    return by_reference(
        model,
        images,
        name=name,
        limit=copy_limit(provider, vendor=base_url is None),
        provider=provider_at(provider, base_url),
        base_url=base_url,
        price=chat_price(name, address),
    )


def _imported(dotted: str) -> Any:
    module, _, attribute = dotted.partition(":")
    return getattr(import_module(module), attribute)


def _given(options: dict[str, Any]) -> dict[str, Any]:
    return {option: value for option, value in options.items() if value is not None}


def _refuse(name: str, options: dict[str, Any]) -> None:
    """Refuse what a model has no use for, by name."""
    if given := _given(options):
        raise BadInput(f"{name} takes no {next(iter(given))}: leave it out, or use another model")
