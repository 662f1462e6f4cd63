from __future__ import annotations

from typing import get_args

import pytest

from overpaint.graph.chat_settings import CHAT_OPTIONS, ROLES, Role
from overpaint.graph.settings import PAINTER_OPTIONS, Settings, merge
from overpaint.tools.faults import BadInput


def test_every_role_has_every_option() -> None:
    assert set(get_args(Role)) == set(ROLES)
    for role in ROLES:
        assert all(f"{role}_{option}" in Settings.model_fields for option in CHAT_OPTIONS)


def test_each_role_is_opened_with_its_own_options() -> None:
    settings = merge(
        {"writer": "openai:a", "writer_base_url": "http://one:1/v1/", "writer_temperature": 0.0, "judge": "nvidia:b"},
        {"judge_seed": 0, "judge_max_tokens": 99, "judge_api_key_env": "MY_KEY", "critic": "openai:c"},
    )
    assert settings.chat_options("writer") == {"base_url": "http://one:1/v1", "temperature": 0.0}
    assert settings.chat_options("judge") == {"seed": 0, "max_tokens": 99, "api_key_env": "MY_KEY"}
    assert settings.chat_options("critic") == {}


def test_the_captioner_is_the_judge_with_all_its_options_until_it_is_named() -> None:
    judge = {"judge": "openai:j", "judge_base_url": "http://j:1", "captioner_temperature": 1.0}
    settings = merge(judge)
    assert settings.model_of("captioner") == "openai:j"
    assert settings.chat_options("captioner") == {"base_url": "http://j:1"}
    settings = merge(judge, {"captioner": "nvidia:c"})
    assert settings.model_of("captioner") == "nvidia:c"
    assert settings.chat_options("captioner") == {"temperature": 1.0}


def test_only_local_vision_models_get_a_device() -> None:
    settings = merge({"judge": "transformers:./m", "critic": "openai:c", "vision_device": "cpu"})
    assert settings.chat_options("judge") == {"device": "cpu"}
    assert settings.chat_options("critic") == {}


@pytest.mark.parametrize(
    "url",
    [
        "ftp://x",
        "x",
        "http://",
        "http://a:b@c",
        "http://u@c/v1",
        "http://c/v1?key=sk-secret",
        "http://c:99999",
        "file:///etc/passwd",
    ],
)
@pytest.mark.parametrize("setting", ["judge_base_url", "painter_base_url"])
def test_a_base_url_is_an_address_and_holds_no_secret(setting: str, url: str) -> None:
    with pytest.raises(BadInput, match=setting) as caught:
        merge({setting: url})
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("setting", ["writer_api_key_env", "painter_api_key_env"])
def test_a_key_given_in_place_of_its_variable_is_refused_and_not_repeated(setting: str) -> None:
    with pytest.raises(BadInput, match="never the key itself") as caught:
        merge({setting: "sk-proj-abcdef"})
    assert "abcdef" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "roles"),
    [
        ({}, []),
        ({"judge": "openai:a", "critic": "openai:a"}, ["critic"]),
        ({"judge": "openai:a", "critic": "openai:a", "writer": "openai:a"}, ["writer", "critic"]),
        ({"judge": "openai:a", "critic": "openai:a", "critic_base_url": "http://other:1"}, []),
        ({"judge": "openai:a", "critic": "openai:b"}, []),
    ],
)
def test_roles_that_the_judge_would_judge_itself_are_known(given: dict[str, str], roles: list[str]) -> None:
    assert merge(given).judges_itself() == roles


def test_painters_are_opened_with_options_and_given_the_rest_with_each_request() -> None:
    settings = merge(
        {"painter_base_url": "http://p:1", "steps": 4, "extra_body": '{"quality": "low"}', "strength": 0.5}
    )
    assert settings.painter_options == {"base_url": "http://p:1", "extra_body": {"quality": "low"}}
    assert settings.picture == {**settings.painter_options, "steps": 4, "strength": 0.5}
    assert set(PAINTER_OPTIONS) <= set(Settings.model_fields)


@pytest.mark.parametrize("body", ["{", "[1]", "1", '"x"', 5])
def test_an_extra_body_is_a_json_object(body: object) -> None:
    with pytest.raises(BadInput, match="extra_body"):
        merge({"extra_body": body})
