"""Chat models by name, each made to carry pictures by reference: no callback, event or trace ever holds their bytes."""

from __future__ import annotations

import os
import re
from importlib import import_module
from typing import Any

from langchain_core.language_models import BaseChatModel

from overpaint.tools.faults import BadInput
from overpaint.tools.provider_errors import key_variable, scrubbed
from overpaint.tools.references import ImageReader, by_reference, picture

__all__ = ["ImageReader", "get_chat", "picture"]

BUILT_IN = {"shapes": "overpaint.shapes.chat:ShapesChat"}
"""Chat models of our own, imported when asked for. They run here and cost nothing."""

ANSWER_TOKENS = 4096
"""Room for an answer to a long checklist; ChatNVIDIA's own limit of 1024 cuts it off."""

NVIDIA_BYTES = 130_000
"""NVIDIA's hosted models take pictures inline up to 180 KB of base64 (its API reference, vision models)."""

NIM_BYTES = 700_000
"""On servers of one's own: ChatNVIDIA's aiohttp blocks the event loop while it writes a body of over 1 MiB."""


def get_chat(name: str, images: ImageReader) -> BaseChatModel:
    """A chat model that takes pictures as `picture(sha256)` blocks; nothing is asked over the network yet.

    Keys and base URLs are read from the environment, as each provider's LangChain package does it
    (OPENAI_API_KEY, OPENAI_BASE_URL, NVIDIA_API_KEY, NVIDIA_BASE_URL, …).

    Args:
        name: "shapes", or "provider:model" for any provider of LangChain's `init_chat_model`.
        images: where the pictures are read from when the model is called.

    Raises:
        BadInput: the name is none, its package is not installed, or its key is missing.
    """
    if name in BUILT_IN:
        return by_reference(_built_in(name), images, name=name, free=True)
    provider, _, model_id = name.partition(":")
    if not provider or not model_id:
        raise BadInput(f"no chat model is called {name!r}: write provider:model (openai:…, nvidia:…), or shapes.")
    model = _hosted(name)
    limit = getattr(model, "max_tokens", None)
    if isinstance(limit, int) and limit < ANSWER_TOKENS:
        model.max_tokens = ANSWER_TOKENS  # type: ignore[attr-defined]
    if provider == "nvidia":
        room = NIM_BYTES if os.environ.get("NVIDIA_BASE_URL") else NVIDIA_BYTES
        return by_reference(model, images, name=name, max_bytes=room)
    return by_reference(model, images, name=name)


def _built_in(name: str) -> BaseChatModel:
    module, _, attribute = BUILT_IN[name].partition(":")
    model = getattr(import_module(module), attribute)()
    assert isinstance(model, BaseChatModel)
    return model


def _hosted(name: str) -> BaseChatModel:
    from langchain.chat_models import init_chat_model

    provider, _, model_id = name.partition(":")
    try:
        if provider == "nvidia":
            _prepare_nvidia(model_id)
        model = init_chat_model(name)
        wishes = _wishes(type(model))
        return init_chat_model(name, **wishes) if wishes else model
    except BadInput:
        raise
    except ImportError as error:
        pip = re.search(r"pip install [\w-]+", str(error))
        how = pip[0] if pip else f"pip install langchain-{provider.replace('_', '-')}"
        raise BadInput(f"{name} needs a package that is not installed: {how}") from error
    except Exception as error:  # noqa: BLE001  each vendor's client has its own kinds for a missing key or a bad URL
        raise _unusable(name, error) from None


def _unusable(name: str, error: Exception) -> BadInput:
    provider = name.partition(":")[0]
    if "Unable to infer model provider" in str(error):
        return BadInput(f"no provider is called {provider!r} (in {name!r}): use openai:…, nvidia:…, or shapes.")
    key = key_variable(provider)
    if os.environ.get(key):
        return BadInput(f"{name} cannot be used: {scrubbed(str(error), 200)} | Check its settings and base URL.")
    return BadInput(f"{name} needs a key: set {key} (to any value, for a server of yours that wants none).")


def _wishes(cls: type[BaseChatModel]) -> dict[str, Any]:
    """Settings wanted wherever a class has them: one retry, as more are the caller's task, and no usage telemetry.

    And no connection outlives its call: ChatOpenAI shares one pool among all event loops of a process, so that a
    connection kept from one `asyncio.run` fails the first call of the next with "Event loop is closed".
    """
    wanted: dict[str, Any] = {"max_retries": 1, "default_headers": {"Connection": "close"}}
    if "NVIDIA_USAGE_TELEMETRY_ENABLED" not in os.environ:
        wanted["usage_telemetry_enabled"] = False
    return {field: value for field, value in wanted.items() if field in cls.model_fields}


def _prepare_nvidia(model_id: str) -> None:
    """Ask for the key that ChatNVIDIA only warns about, and name the model to it, or it lists all models to find it."""
    if os.environ.get("NVIDIA_BASE_URL"):
        return
    if not os.environ.get("NVIDIA_API_KEY"):
        raise BadInput(f"nvidia:{model_id} needs a key: set NVIDIA_API_KEY, or NVIDIA_BASE_URL for a server of yours.")
    from langchain_nvidia_ai_endpoints import Model, register_model

    # It has no public name, and to register a model it knows would overwrite that model's own endpoint.
    from langchain_nvidia_ai_endpoints._statics import lookup_model

    if lookup_model(model_id) is None:
        endpoint = "https://integrate.api.nvidia.com/v1/chat/completions"
        register_model(
            Model(id=model_id, model_type="vlm", client="ChatNVIDIA", endpoint=endpoint, supports_tools=True)
        )
