"""Answers that a chat client received but did not hand on."""

from __future__ import annotations

from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, ChatResult

from overpaint.tools.backends.remote import led_elsewhere
from overpaint.tools.faults import ProviderFault
from overpaint.tools.provider_errors import provider_fault


def salvaged(error: Exception, name: str) -> ChatResult:
    """The answer that a client received, and we pay for, but raised on (cut off, filtered, not of the schema).

    Raises:
        ProviderFault: there was no answer, or none that is a chat completion.
    """
    response = getattr(error, "response", None)
    status = getattr(response, "status_code", None) or 0
    if 300 <= status < 400:
        raise led_elsewhere(name, status) from None
    if status != 200:
        raise provider_fault(error, name) from None
    try:
        body = response.json()  # type: ignore[union-attr]
        choice, usage = body["choices"][0], body.get("usage") or {}
        text = choice["message"].get("content") or ""
        tokens = [int(usage.get(key) or 0) for key in ("prompt_tokens", "completion_tokens", "total_tokens")]
        cached = int((usage.get("prompt_tokens_details") or {}).get("cached_tokens") or 0)
    except (ValueError, LookupError, TypeError, AttributeError):
        told = f"{name} answered with what is no chat completion | Check the base URL, or try again later."
        raise ProviderFault(told, retryable=True) from None
    message = AIMessage(text, response_metadata={"finish_reason": choice.get("finish_reason")})
    if usage:
        message.usage_metadata = {
            "input_tokens": tokens[0],
            "output_tokens": tokens[1],
            "total_tokens": tokens[2],
            "input_token_details": {"cache_read": cached},
        }
    return ChatResult(generations=[ChatGeneration(message=message)])
