"""How scorers ask chat models: pictures read from their files, waits where a provider is weak, costs told."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import HumanMessage, SystemMessage
from pydantic import BaseModel

from overpaint.evaluation.scorers.scorer import Scored, Value
from overpaint.graph.chat_settings import Role
from overpaint.graph.settings import merge
from overpaint.graph.toolbox import ask_again
from overpaint.graph.waiting import LONGEST_WAIT, TRIES, worth_retrying
from overpaint.prompts import Prompt
from overpaint.tools.asking import Reply, ask
from overpaint.tools.call_log import CallLog
from overpaint.tools.chat import get_chat, picture
from overpaint.tools.faults import BadInput, ProviderFault
from overpaint.tools.vendors import provider_at

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)
S = TypeVar("S")

_DATE = re.compile(r"-\d{4}-\d\d-\d\d$")
"""How some vendors end the name of one version of a model."""


class PictureFiles:
    """Pictures by their sha256, read from the files they were named by; a chat model looks them up here."""

    def __init__(self) -> None:
        self._files: dict[str, Path] = {}

    async def name(self, file: Path) -> str:
        """The sha256 that stands for a file from now on.

        Raises:
            BadInput: it cannot be read.
        """
        sha256 = hashlib.sha256(await _read(file)).hexdigest()
        self._files[sha256] = file
        return sha256

    async def load(self, sha256: str) -> bytes:
        """The bytes of a picture that was named.

        Raises:
            BadInput: none of that name was, or its file is gone.
        """
        if sha256 not in self._files:
            raise BadInput(f"no picture {sha256} was named")
        return await _read(self._files[sha256])


class Consultant:
    """A chat model that scorers ask, with the files of the pictures it is shown.

    Args:
        role: what it is called in settings, such as "auditor".
        model: "provider:model", or "shapes".
        base_url: its server, where it is not the provider's own.
        api_key_env: the environment variable that holds its key.
        log: where its calls are noted.

    Raises:
        BadInput: no model is named, or it cannot be opened.
    """

    def __init__(
        self, role: str, model: str | None, base_url: str | None, api_key_env: str | None, log: CallLog | None
    ) -> None:
        if model is None:
            raise BadInput(f"no model is named to ask: --set {role}=provider:model, as in {role}=openai:gpt-5-mini")
        self.name, self.log, self.files = model, log, PictureFiles()
        self.chat: BaseChatModel = get_chat(model, self.files, base_url=base_url, api_key_env=api_key_env)
        self.server = server_of(model, base_url)
        self.options = {role: model, **({f"{role}_base_url": base_url} if base_url else {})}

    def refuse_party(self, pictures: Iterable[Scored]) -> None:
        """See that the model had no part in judging the pictures; the built-in one, which measures, may have had one.

        Raises:
            BadInput: it judged some, or put them into words that were judged.
        """
        for preset, settings in {scored.preset: scored.settings for scored in pictures if scored.outcome}.items():
            if role := self._part_in(settings):
                raise BadInput(
                    f"{self.name} is the {role} of preset {preset} already: an auditor must be another model"
                )

    def _part_in(self, kept: Mapping[str, Any]) -> Role | None:
        settings = merge(kept)
        roles: tuple[Role, ...] = ("judge", "captioner") if settings.judge_method == "caption" else ("judge",)
        for role in roles if self.name != "shapes" else ():
            model, server = settings.model_of(role), settings.chat_options(role).get("base_url")
            if (_undated(model), server_of(model, server)) == (_undated(self.name), self.server):
                return role
        return None

    async def consult(
        self, prompt: Prompt, schema: type[M], shown: Sequence[Path], values: Mapping[str, Any]
    ) -> Reply[M]:
        """Ask in the words of a prompt file, the pictures beside the text in their order.

        Raises:
            BadInput: a picture cannot be read.
            ProviderFault: no answer came.
        """
        system, human = prompt.render(**values)
        content: list[str | dict[Any, Any]] = [{"type": "text", "text": human}]
        content += [picture(await self.files.name(file)) for file in shown]
        messages = [SystemMessage(system), HumanMessage(content)]
        return await patiently(
            lambda: ask(self.chat, schema, messages, name=prompt.name, repair=ask_again, log=self.log)
        )


def server_of(model: str, base_url: str | None) -> str:
    """Where a model is asked, to tell whether two are the same: "openai", or "openai@host:port"."""
    provider = model.partition(":")[0]
    known = base_url or os.environ.get(f"{provider.upper()}_BASE_URL") or os.environ.get(f"{provider.upper()}_API_BASE")
    return provider_at(provider, known)


def _undated(model: str) -> str:
    """A model's name, the same for all its versions."""
    return _DATE.sub("", model.casefold())


async def patiently(work: Callable[[], Awaitable[T]]) -> T:
    """Try again while a provider shows a passing weakness, each time after twice the wait or what it asked for.

    Raises:
        ProviderFault: it failed for good, or too often.
    """
    for attempt in range(1, TRIES + 1):
        try:
            return await work()
        except ProviderFault as fault:
            if attempt == TRIES or not worth_retrying(fault) or (fault.retry_after or 0) > LONGEST_WAIT:
                raise
            await asyncio.sleep(fault.retry_after or 2.0 ** (attempt - 1))
    raise AssertionError  # the last attempt returns or raises


async def each(work: Callable[[S], Awaitable[Value]], subjects: Sequence[S]) -> list[Value]:
    """The values of some subjects, asked for side by side; what one alone cannot have is its fault.

    Raises:
        ProviderFault: one that the next subject would meet as well; raised when all have ended.
    """

    async def one(subject: S) -> Value:
        try:
            return await work(subject)
        except BadInput as fault:
            return Value(None, str(fault))
        except ProviderFault as fault:
            if fault.fatal or fault.retryable:
                raise
            return Value(None, str(fault))

    ended = await asyncio.gather(*(one(subject) for subject in subjects), return_exceptions=True)
    for value in ended:
        if isinstance(value, BaseException):
            raise value
    return [value for value in ended if isinstance(value, Value)]


def cost(*replies: Reply[Any]) -> dict[str, Any]:
    """What some questions took, for the detail of a value."""
    return summed({"calls": reply.calls, "tokens": reply.tokens, "usd": reply.usd} for reply in replies)


def summed(details: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """What several values took together; a price that is not known makes `usd` None."""
    asked = [detail for detail in details if detail.get("calls")]
    prices = [detail.get("usd") for detail in asked]
    return {
        "calls": sum(detail["calls"] for detail in asked),
        "tokens": sum(detail.get("tokens", 0) for detail in asked),
        "usd": None if None in prices else sum(filter(None, prices)),
    }


async def _read(file: Path) -> bytes:
    try:
        return await asyncio.to_thread(file.read_bytes)
    except OSError as error:
        raise BadInput(f"the picture {file} cannot be read: {error.strerror}") from error
