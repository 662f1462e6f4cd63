"""The settings of the chat roles: which model does each job, on which server, and how it is asked."""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, field_validator

from overpaint.graph.fields import setting
from overpaint.tools.addresses import wrong_address

Role = Literal["writer", "critic", "judge", "captioner"]
ROLES: tuple[Role, ...] = ("writer", "critic", "judge", "captioner")
CHAT_OPTIONS = ("base_url", "temperature", "seed", "max_tokens", "api_key_env")
"""What each role can be given, as `<role>_<option>`."""


def checked_url(url: str | None) -> str | None:
    """A base URL as it may stand in settings, which are stored and shown.

    Raises:
        ValueError: it is none, or holds a name or password.
    """
    if url is None:
        return None
    if wrong := wrong_address(url):
        raise ValueError(wrong)
    return url.rstrip("/")


def checked_variable(name: str | None) -> str | None:
    """The name of an environment variable, which is no key itself.

    Raises:
        ValueError: it is no such name. The message does not repeat it, as it may be a key.
    """
    if name is not None and not re.fullmatch(r"[A-Z_][A-Z0-9_]{0,99}", name):
        raise ValueError("must be the name of an environment variable, such as MY_SERVER_KEY, never the key itself")
    return name


class ChatSettings(BaseModel):
    """The chat models of a run. Keys are never settings: they come from the environment."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    writer: str = setting(
        "shapes",
        "Chat model that writes prompts and checklists: shapes, or provider:model.",
        "upsample",
        "specify",
        min_length=1,
    )
    critic: str = setting(
        "shapes", "Vision chat model that says what to change: shapes, or provider:model.", "critique", min_length=1
    )
    judge: str = setting(
        "shapes", "Vision chat model that answers the checklist: shapes, or provider:model.", "judge", min_length=1
    )
    captioner: str | None = setting(
        None,
        "Vision chat model that describes a picture; the judge with all its settings when unset.",
        "intake",
        min_length=1,
    )
    vision_device: str | None = setting(
        None, "Device of local vision models (transformers:…): auto, cpu, cuda, mps.", "critique", "judge", "intake"
    )
    vision_dtype: str | None = setting(
        None, "Number type of local vision models: float32, float16, bfloat16.", "critique", "judge", "intake"
    )

    writer_base_url: str | None = setting(
        None, "Address of the writer's server; its provider's own when unset.", "upsample", "specify"
    )
    writer_temperature: float | None = setting(None, "Temperature of the writer.", "upsample", "specify", ge=0, le=2)
    writer_seed: int | None = setting(
        None, "Seed sent to the writer, where its server takes one.", "upsample", "specify", ge=0, lt=2**31
    )
    writer_max_tokens: int | None = setting(
        None, "Longest answer of the writer, in tokens.", "upsample", "specify", ge=16
    )
    writer_api_key_env: str | None = setting(
        None,
        "Environment variable that holds the writer's key; the provider's usual one when unset.",
        "upsample",
        "specify",
    )

    critic_base_url: str | None = setting(
        None, "Address of the critic's server; its provider's own when unset.", "critique"
    )
    critic_temperature: float | None = setting(None, "Temperature of the critic.", "critique", ge=0, le=2)
    critic_seed: int | None = setting(
        None, "Seed sent to the critic, where its server takes one.", "critique", ge=0, lt=2**31
    )
    critic_max_tokens: int | None = setting(None, "Longest answer of the critic, in tokens.", "critique", ge=16)
    critic_api_key_env: str | None = setting(
        None, "Environment variable that holds the critic's key; the provider's usual one when unset.", "critique"
    )

    judge_base_url: str | None = setting(None, "Address of the judge's server; its provider's own when unset.", "judge")
    judge_temperature: float | None = setting(None, "Temperature of the judge.", "judge", ge=0, le=2)
    judge_seed: int | None = setting(
        None, "Seed sent to the judge, where its server takes one.", "judge", ge=0, lt=2**31
    )
    judge_max_tokens: int | None = setting(None, "Longest answer of the judge, in tokens.", "judge", ge=16)
    judge_api_key_env: str | None = setting(
        None, "Environment variable that holds the judge's key; the provider's usual one when unset.", "judge"
    )

    captioner_base_url: str | None = setting(
        None, "Address of the captioner's server; its provider's own when unset.", "intake"
    )
    captioner_temperature: float | None = setting(None, "Temperature of the captioner.", "intake", ge=0, le=2)
    captioner_seed: int | None = setting(
        None, "Seed sent to the captioner, where its server takes one.", "intake", ge=0, lt=2**31
    )
    captioner_max_tokens: int | None = setting(None, "Longest answer of the captioner, in tokens.", "intake", ge=16)
    captioner_api_key_env: str | None = setting(
        None, "Environment variable that holds the captioner's key; the provider's usual one when unset.", "intake"
    )

    @field_validator(*(f"{role}_base_url" for role in ROLES))
    @classmethod
    def _is_url(cls, url: str | None) -> str | None:
        return checked_url(url)

    @field_validator(*(f"{role}_api_key_env" for role in ROLES))
    @classmethod
    def _is_variable(cls, name: str | None) -> str | None:
        return checked_variable(name)

    def model_of(self, role: Role) -> str:
        """Which model does a job; the captioner is the judge unless set."""
        return str(getattr(self, self._acting(role)))

    def chat_options(self, role: Role) -> dict[str, Any]:
        """What a role's model is opened with, as far as it was given."""
        acting = self._acting(role)
        options = {option: getattr(self, f"{acting}_{option}") for option in CHAT_OPTIONS}
        if self.model_of(role).startswith("transformers:"):
            options |= {"device": self.vision_device, "dtype": self.vision_dtype}
        return {option: value for option, value in options.items() if value is not None}

    def judges_itself(self) -> list[Role]:
        """The roles whose work is judged by the very model that does it, which then favours it (arXiv 2604.11589)."""
        judge = self.judge, self.judge_base_url
        roles: tuple[Role, ...] = ("writer", "critic") if self.judge != "shapes" else ()  # that one measures
        return [role for role in roles if (self.model_of(role), getattr(self, f"{role}_base_url")) == judge]

    def _acting(self, role: Role) -> Role:
        return "judge" if role == "captioner" and self.captioner is None else role
