"""The versions in a record are those of the programs that were used."""

from __future__ import annotations

import platform
from importlib.metadata import version

from overpaint.tools.versions import versions_of


def test_versions_are_those_of_what_is_behind_the_models() -> None:
    common = {"python": platform.python_version(), "overpaint": version("overpaint")}
    assert versions_of("fal:some/app", frozenset({"shapes"})) == common
    local = versions_of("shapes", frozenset({"shapes"}))
    assert local == {**common, **{name: version(name) for name in ("diffusers", "torch", "transformers")}}
    asked = versions_of("openai:gpt-image-1", frozenset({"openai:gpt-5", "nvidia:x"}))
    assert {"openai", "langchain-openai", "langchain-nvidia-ai-endpoints"} < set(asked)
    assert "torch" not in asked
