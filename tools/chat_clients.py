"""LangChain's client of a provider, opened for one model with an address, a key and parameters of its own."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

from langchain_core.language_models import BaseChatModel
from pydantic import SecretStr

from overpaint.tools.addresses import wrong_address
from overpaint.tools.faults import BadInput
from overpaint.tools.keys import find_key, needed_key
from overpaint.tools.provider_errors import key_variable, scrubbed
from overpaint.tools.redirects import nvidia_without_redirects, openai_without_redirects
from overpaint.tools.vendors import HOSTS, is_vendors

ANSWER_TOKENS = 4096
"""Room for an answer to a long checklist; ChatNVIDIA's own limit of 1024 cuts it off."""

NO_KEY = "none"
"""What is sent to a server that gets no key: without one, clients refuse to start, or take the vendor's themselves."""

_ONE_TRY = {
    # A number of tries, and 0 stands for Google's own, 5 (langchain_google_genai/_common.py, "Disabling retries").
    "google_genai": 1,
}
"""What keeps a client from trying again where 0 does not.

It does with OpenAI's SDK and its like (openai, anthropic, groq), which count retries, and with LangChain's
create_base_retry_decorator (mistralai, fireworks), which counts tries by tenacity's stop_after_attempt: that ends with
the first for 0 as for 1.
"""

_FIELDS = {
    "temperature": ("temperature",),
    "seed": ("seed", "random_seed"),
    "max_tokens": ("max_tokens", "max_completion_tokens", "max_output_tokens", "num_predict"),
    "base_url": ("base_url",),
    "api_key": ("api_key",),
}
"""What LangChain's packages call a parameter, as the name of a field or as its alias."""

NVIDIA = "https://integrate.api.nvidia.com/v1"
"""Where NVIDIA hosts its models."""


def open_client(name: str, given: Mapping[str, Any]) -> BaseChatModel:
    """The client of "provider:model"; nothing is asked over the network yet.

    Args:
        name: "openai:…", "nvidia:…" or any other provider of LangChain's `init_chat_model`.
        given: any of base_url, temperature, seed, max_tokens, api_key_env, none of them None.

    Raises:
        BadInput: the provider is none, its package is not installed, its key is missing, or it takes no such parameter.
    """
    provider = name.partition(":")[0]
    opened = {"openai": _openai, "nvidia": _nvidia}.get(provider, _any)
    try:
        return opened(name, dict(given))
    except BadInput:
        raise
    except ImportError as error:
        pip = re.search(r"pip install [\w-]+", str(error))
        how = pip[0] if pip else f"pip install langchain-{provider.replace('_', '-')}"
        raise BadInput(f"{name} needs a package that is not installed: {how}") from error
    except Exception as error:  # noqa: BLE001  each vendor's client has its own kinds for a missing key or a bad URL
        raise _unusable(name, error) from None


def address_of(model: BaseChatModel) -> str | None:
    """The address a client sends its requests to, as far as it says; None where that is the provider's default."""
    field = _fields(type(model)).get("base_url")
    address = None if field is None else getattr(model, field[0], None)
    return address if isinstance(address, str) and address else None


def longest_answer(model: BaseChatModel) -> int:
    """How many tokens a model may answer with; `ANSWER_TOKENS` where it does not say."""
    field = _fields(type(model)).get("max_tokens")
    limit = None if field is None else getattr(model, field[0], None)
    return limit if isinstance(limit, int) and limit > 0 else ANSWER_TOKENS


def at_vendors(name: str, url: str | None) -> bool:
    """Whether the server at an address is the vendor's own: one of `HOSTS`, else where the client goes untold.

    Args:
        name: "provider:model".
        url: None is where the client goes untold.
    """
    provider = name.partition(":")[0]
    if url is None or provider in HOSTS:
        return is_vendors(provider, url)
    return url == address_of(_untold(name))


def _openai(name: str, given: dict[str, Any]) -> BaseChatModel:
    from langchain_openai import ChatOpenAI

    named = "base_url" in given
    base_url = _address(name, given, "OPENAI_BASE_URL", "OPENAI_API_BASE")
    key = _key(name, given, own=not is_vendors("openai", base_url), named=named)
    # No connection outlives its call: ChatOpenAI shares one pool among all event loops of a process, so that a
    # connection kept from one `asyncio.run` fails the first call of the next with "Event loop is closed".
    return ChatOpenAI(
        model=name.partition(":")[2],
        base_url=base_url,
        api_key=SecretStr(key or NO_KEY),
        max_retries=0,
        default_headers={"Connection": "close"},
        **openai_without_redirects(),
        **given,
    )


def _nvidia(name: str, given: dict[str, Any]) -> BaseChatModel:
    from langchain_nvidia_ai_endpoints import ChatNVIDIA

    named = "base_url" in given
    base_url = _address(name, given, "NVIDIA_BASE_URL") or NVIDIA
    hosted = is_vendors("nvidia", base_url)
    key = _key(name, given, own=not hosted, named=named)
    model_id = name.partition(":")[2]
    if hosted:
        _make_known(model_id)
    if key is not None:
        given["api_key"] = SecretStr(key)
    if "max_tokens" in given:
        given["max_completion_tokens"] = given.pop("max_tokens")
    if "NVIDIA_USAGE_TELEMETRY_ENABLED" not in os.environ:
        given["usage_telemetry_enabled"] = False
    model = ChatNVIDIA(model=model_id, base_url=base_url, **given)
    nvidia_without_redirects(model, name)
    return model


def _any(name: str, given: dict[str, Any]) -> BaseChatModel:
    """A model of a provider whose package names its parameters as it likes."""
    from langchain.chat_models import init_chat_model

    if base_url := _address(name, given):
        given["base_url"] = base_url
    key = _key(name, given, own=True, named=not at_vendors(name, base_url))
    wanted: dict[str, Any] = {"api_key": SecretStr(key)} if key else {}
    known = _fields(type(init_chat_model(name, **wanted)))
    for parameter, value in given.items():
        if parameter not in known:
            raise BadInput(f"{name} takes no {parameter}: leave it out, or use another model")
        wanted[known[parameter][1]] = value
    tries = _ONE_TRY.get(name.partition(":")[0], 0)
    usual = {"max_retries": tries, "default_headers": {"Connection": "close"}}
    wanted |= {known[field][1]: value for field, value in usual.items() if field in known}
    model: BaseChatModel = init_chat_model(name, **wanted)
    return model


def _untold(name: str) -> BaseChatModel:
    """A client that was told no address; it is asked nothing, so any key will do."""
    from langchain.chat_models import init_chat_model

    model: BaseChatModel = init_chat_model(name, api_key=SecretStr(NO_KEY))
    return model


def _fields(cls: type[BaseChatModel]) -> dict[str, tuple[str, str]]:
    """Parameter -> the attribute of a class that holds it, and the keyword that sets it."""
    named: dict[str, tuple[str, str]] = {}
    for name, field in cls.model_fields.items():
        keyword = field.alias or name
        named[name] = named[keyword] = (name, keyword)
    found = {ours: named[theirs] for ours, names in _FIELDS.items() for theirs in names[::-1] if theirs in named}
    return {**named, **found}


def _address(name: str, given: dict[str, Any], *variables: str) -> str | None:
    """The base URL that was given, else the one in the environment.

    Raises:
        BadInput: no request can go there, or it holds what must not be stored and shown.
    """
    set_ = (url for variable in variables if (url := os.environ.get(variable)))
    url = given.pop("base_url", None) or next(set_, None)
    if url is None:
        return None
    if wrong := wrong_address(url):
        raise BadInput(f"{name}: its base URL {wrong}")
    return str(url)


def _key(name: str, given: dict[str, Any], *, own: bool, named: bool) -> str | None:
    """The key of the variable that was named, else the provider's usual one.

    A server of one's own may want none; and where its address was given as a setting it gets none but the one named
    beside it, as the vendor's key is none of its business. An address in the environment goes with the key there.
    """
    variable = given.pop("api_key_env", None)
    usual = key_variable(name.partition(":")[0])
    if variable is None and own:
        return NO_KEY if named else find_key(usual)
    return needed_key(variable or usual, name=name)


def _make_known(model_id: str) -> None:
    """Name a hosted model to ChatNVIDIA, or it lists all models over the network to find it.

    Its table is the process's, and there is no other way; the entry says the same for everybody, and is looked at for
    NVIDIA's own servers alone.
    """
    from langchain_nvidia_ai_endpoints import Model, register_model

    # It has no public name, and to register a model it knows would overwrite that model's own endpoint.
    from langchain_nvidia_ai_endpoints._statics import lookup_model

    if lookup_model(model_id) is None:
        register_model(
            Model(
                id=model_id,
                model_type="vlm",
                client="ChatNVIDIA",
                endpoint=f"{NVIDIA}/chat/completions",
                supports_tools=True,
            )
        )


def _unusable(name: str, error: Exception) -> BadInput:
    provider = name.partition(":")[0]
    if "Unable to infer model provider" in str(error):
        return BadInput(f"no provider is called {provider!r} (in {name!r}): use openai:…, nvidia:…, or shapes.")
    key = key_variable(provider)
    if find_key(key):
        return BadInput(f"{name} cannot be used: {scrubbed(str(error), 200)} | Check its settings and base URL.")
    return BadInput(f"{name} cannot be used: {scrubbed(str(error), 200)} | Does it need a key? Set {key}.")
