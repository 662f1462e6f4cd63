"""Whose server an address is."""

from __future__ import annotations

import pytest

from overpaint.tools.vendors import is_vendors, provider_at


@pytest.mark.parametrize(
    ("provider", "base_url", "shared"),
    [
        ("openai", None, "openai"),
        ("openai", "https://api.openai.com/v1", "openai"),
        ("openai", "https://eu.api.openai.com/v1", "openai"),
        ("openai", "https://API.OpenAI.com:443/v1", "openai"),
        ("openai", "https://notapi.openai.com/v1", "openai@notapi.openai.com"),
        ("openai", "https://api.openai.com.example.org/v1", "openai@api.openai.com.example.org"),
        ("openai", "http://localhost:8000/v1", "openai@localhost:8000"),
        ("nvidia", "https://integrate.api.nvidia.com/v1", "nvidia"),
        ("nvidia", "http://nim:8000/v1", "nvidia@nim:8000"),
        ("anthropic", "https://api.anthropic.com", "anthropic"),
        ("mistralai", "https://api.mistral.ai/v1", "mistralai"),
        ("unheard-of", None, "unheard-of"),
        ("unheard-of", "https://api.openai.com/v1", "unheard-of@api.openai.com"),
    ],
)
def test_limits_are_shared_by_who_is_asked(provider: str, base_url: str | None, shared: str) -> None:
    assert provider_at(provider, base_url) == shared
    assert is_vendors(provider, base_url) is (shared == provider)
