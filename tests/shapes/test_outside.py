import pytest

from overpaint.shapes.outside import real_models_hint


@pytest.mark.parametrize(
    ("environ", "start", "chat"),
    [
        ({}, "with OPENAI_API_KEY set, --set painter=", "openai:gpt-5-mini"),
        ({"OPENAI_API_KEY": ""}, "with OPENAI_API_KEY set, --set painter=", "openai:gpt-5-mini"),
        ({"OPENAI_API_KEY": "k", "NVIDIA_API_KEY": "k"}, "--set painter=", "openai:gpt-5-mini"),
        ({"NVIDIA_API_KEY": "k"}, "--set painter=", "nvidia:meta/llama-4-maverick-17b-128e-instruct"),
    ],
)
def test_hint_goes_by_the_keys_that_are_set(environ: dict[str, str], start: str, chat: str) -> None:
    hint = real_models_hint(environ)
    assert hint.startswith(start)
    assert "painter=diffusers:stabilityai/stable-diffusion-xl-base-1.0" in hint
    assert all(f"--set {role}={chat}" in hint for role in ("writer", "critic", "judge"))
