"""LangGraph's handlers: whose a thread is, and what a key may ask of a run. A live server is tried in test_hostile_live."""

from __future__ import annotations

import copy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from langgraph_sdk import Auth

import overpaint
from overpaint.server.allowed import grant_for
from overpaint.server.auth import (
    authenticate,
    create_run,
    create_thread,
    read_graph,
    refuse_others,
    update_thread,
    use_thread,
)
from overpaint.server.keys import Caller
from overpaint.server.owners import Owners
from overpaint.tools.database import open_database

REF: Any = {"sha256": "a" * 64, "mime": "image/png", "width": 8, "height": 8}
REFUSAL = Auth.exceptions.HTTPException


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVERPAINT_API_KEYS", "alice:one,bob:two")


def by(name: str, resource: str = "threads", action: str = "read") -> Any:
    return SimpleNamespace(user=SimpleNamespace(identity=name), permissions=[], resource=resource, action=action)


def run_of(thread: str | None = "t", **asked: Any) -> dict[str, Any]:
    given = {"input": {"brief": "a red circle"}, "command": None, "config": {}, "context": {}, "webhook": None}
    return {"thread_id": thread, "metadata": {}, "if_not_exists": "create", "kwargs": given | asked}


async def test_who_calls_is_told_by_name_and_never_by_secret(keys: None) -> None:
    user: Any = await authenticate({b"X-Api-Key": b"two"})
    assert user == {"identity": "bob", "display_name": "bob", "is_authenticated": True}
    with pytest.raises(REFUSAL) as caught:
        await authenticate({b"x-auth-scheme": b"langsmith", b"x-api-key": b"lsv2"})
    assert caught.value.status_code == 401


async def test_without_keys_everything_is_as_it_was() -> None:
    user: Any = await authenticate({})
    me = by(user["identity"])
    created: dict[str, Any] = {"thread_id": "t", "metadata": {}}
    assert await create_thread(me, created) is None
    asked = run_of(command={"goto": "decide"}, webhook="http://x", context={"painter": "diffusers:/x"})
    before = copy.deepcopy(asked["kwargs"])
    assert await create_run(me, asked) is None
    assert asked["kwargs"] == before
    assert await create_run(me, run_of(None)) is None
    assert await update_thread(me, {"thread_id": "t"}) is None
    assert await use_thread(me, {"thread_id": "t"}) is None
    assert await refuse_others(by("local", "store", "put"), {})
    assert created["metadata"] == {"owner": "local"}


async def test_a_grant_never_comes_into_state() -> None:
    asked = run_of(input={"brief": "x", "image": {**REF, "grant": "g"}})
    await create_run(by("local"), asked)
    assert asked["kwargs"]["input"]["image"] == REF


async def test_a_thread_is_its_makers_and_nobody_elses(keys: None) -> None:
    created: dict[str, Any] = {"thread_id": "t", "metadata": {"owner": "alice", "x": 1}}
    assert await create_thread(by("bob"), created) == {"owner": "bob"}
    assert created["metadata"] == {"owner": "bob", "x": 1}
    assert await use_thread(by("bob"), {"thread_id": "t"}) == {"owner": "bob"}
    assert await use_thread(by("bob"), {"metadata": {"owner": "alice"}}) == {"owner": "bob"}
    for handler, value in (
        (use_thread, {"thread_id": "t"}),
        (create_thread, {"thread_id": "t", "metadata": {}, "if_exists": "do_nothing"}),
        (create_run, run_of()),
        (create_run, run_of() | {"if_not_exists": "reject"}),
        (update_thread, {"thread_id": "t", "metadata": {"owner": "alice"}}),
        (update_thread, {"thread_id": "t", "action": "interrupt"}),
    ):
        with pytest.raises(REFUSAL) as caught:
            await handler(by("alice"), value)
        assert (caught.value.status_code, caught.value.detail) == (404, "Thread t not found.")


async def test_the_first_key_has_what_was_made_without_keys(keys: None) -> None:
    assert await use_thread(by("alice"), {"thread_id": "of the command line"}) == {
        "$or": [{"owner": "alice"}, {"owner": "local"}]
    }
    with pytest.raises(REFUSAL):
        await use_thread(by("bob"), {"thread_id": "of the command line"})


async def test_a_run_claims_the_thread_that_it_makes(keys: None) -> None:
    await create_run(by("bob"), run_of("new"))
    assert await Owners(open_database()).of(["new"]) == {"new": "bob"}


async def test_whoever_came_in_by_another_way_is_nobody(keys: None) -> None:
    for name in ("langgraph-studio-user", "local", ""):
        for handler in (create_thread, create_run, use_thread, update_thread, read_graph, refuse_others):
            with pytest.raises(REFUSAL) as caught:
                await handler(by(name), run_of())
            assert caught.value.status_code == 401


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"command": {"goto": "deliver"}}, "`command` may only `resume`"),
        ({"command": {"resume": 1, "update": {"champion": None}}}, "`command` may only `resume`"),
        ({"webhook": "http://169.254.169.254/"}, "there are no webhooks here"),
        ({"context": {"painter_base_url": "http://evil"}}, "'painter_base_url' is for the operator"),
        ({"context": {"judge_api_key_env": "AWS_SECRET_ACCESS_KEY"}}, "'judge_api_key_env' is for the operator"),
        ({"config": {"configurable": {"local_urls": True}}}, "'local_urls' is for the operator"),
        ({"context": {"max_images": 65}}, "'max_images' may be 64 at most"),
        ({"input": [{"brief": "x"}]}, "`input` must be an object"),
        ({"input": {"brief": "x", "champion": {}}}, "`input` must be an object with some of: brief, image"),
        ({"input": {"brief": "x", "image": REF}}, "`image` needs the `grant`"),
        ({"input": {"image": {"sha256": "../../etc/passwd"}}}, "`image` must be what POST /overpaint/pictures"),
    ],
)
async def test_what_a_run_may_not_ask_for_is_refused_before_the_thread_is_claimed(
    asked: dict[str, Any], said: str, keys: None
) -> None:
    with pytest.raises(REFUSAL) as caught:
        await create_run(by("bob"), run_of(**asked))
    assert caught.value.status_code == 400
    assert said in caught.value.detail
    assert await Owners(open_database()).of(["t"]) == {"t": "alice"}


@pytest.mark.parametrize(
    "block",
    [
        {"type": "text", "text": "x", "picture": REF},
        {"type": "anything", "picture": {**REF, "grant": "0" * 64}},
        {"picture": "a" * 64},
        {"type": "text", "extras": [{"picture": REF}]},
    ],
)
async def test_a_message_may_name_only_the_callers_pictures(block: dict[str, Any], keys: None) -> None:
    with pytest.raises(REFUSAL, match="`image`"):
        await create_run(by("bob"), run_of(input={"messages": [{"role": "user", "content": [block]}]}))


async def test_a_message_that_names_a_picture_of_the_caller_goes_on_without_the_grant(keys: None) -> None:
    grant = grant_for(Caller("bob", "bob"), REF["sha256"])
    block = {"type": "text", "text": "x", "picture": {**REF, "grant": grant}}
    asked = run_of(input={"messages": {"role": "user", "content": [block]}})
    await create_run(by("bob"), asked)
    assert asked["kwargs"]["input"]["messages"]["content"][0]["picture"] == REF


@pytest.mark.parametrize("after", [-1, 3601, 10**30, float("nan"), "1"])
async def test_a_run_begins_soon(after: object, keys: None) -> None:
    with pytest.raises(REFUSAL, match="after_seconds"):
        await create_run(by("bob"), run_of() | {"after_seconds": after})


async def test_what_is_allowed_goes_on_with_the_operators_caps(keys: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVERPAINT_MAX_IMAGES", "5")
    bob = Caller("bob", "bob")
    inner = {"configurable": {"__pregel_read": 1, "langsmith-project": "theirs", "checkpoint_id": "c"}, "metadata": {}}
    image = {**REF, "grant": grant_for(bob, "a" * 64)}
    asked = run_of(input={"brief": "x", "image": image}, config=inner, context={"seed": 7}, feedback_keys=["k"])
    await create_run(by("bob"), asked)
    assert asked["kwargs"]["input"] == {"brief": "x", "image": REF}
    assert asked["kwargs"]["context"] == {"seed": 7, "max_images": 5}
    assert asked["kwargs"]["config"]["configurable"] == {"checkpoint_id": "c"}
    assert asked["kwargs"]["feedback_keys"] is None
    assert asked["metadata"] == {"owner": "bob"}


async def test_a_run_that_goes_on_keeps_the_caps_it_has(keys: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVERPAINT_MAX_IMAGES", "5")
    for asked in (run_of(input=None), run_of(input=None, command={"resume": "approve"})):
        await create_run(by("bob"), asked)
        assert asked["kwargs"]["context"] == {}


@pytest.mark.parametrize("name", ["context", "configurable"])
async def test_a_run_that_goes_on_cannot_lift_its_caps(name: str, keys: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVERPAINT_MAX_USD", "2")
    lifted = {"max_usd": None}
    given = {"context": lifted} if name == "context" else {"config": {"configurable": lifted}}
    for command in (None, {"resume": "approve"}):
        with pytest.raises(REFUSAL, match="'max_usd' may be 2 at most"):
            await create_run(by("bob"), run_of(input=None, command=command, **given))


@pytest.mark.slow
async def test_a_message_in_a_chat_keeps_the_callers_own_caps(
    keys: None, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OVERPAINT_MAX_IMAGES", "8")
    monkeypatch.setenv("OVERPAINT_MAX_USD", "2")
    done = await overpaint.arefine("a red circle", settings={"max_images": 1, "max_usd": 0.5, "max_calls": 50})
    said = {"messages": [{"role": "user", "content": "make it blue"}]}
    for asked, context, caps in (
        (said, {}, {"max_images": 1, "max_usd": 0.5, "max_calls": 50}),
        (said, {"max_images": 3}, {"max_images": 3, "max_usd": 0.5, "max_calls": 50}),
        (said, {"max_usd": None}, {"max_images": 1, "max_usd": 2, "max_calls": 50}),
        ({"brief": "a blue circle"}, {}, {"max_images": 8, "max_usd": 2}),
    ):
        run = run_of(done.thread, input=asked, context=context)
        await create_run(by("alice"), run)
        assert run["kwargs"]["context"] == caps
    monkeypatch.setenv("OVERPAINT_MAX_USD", "0.1")
    run = run_of(done.thread, input=said)
    await create_run(by("alice"), run)
    assert run["kwargs"]["context"]["max_usd"] == 0.1


@pytest.mark.parametrize("resource", ["assistants", "crons", "store"])
async def test_everything_else_is_refused_with_what_to_use(resource: str, keys: None) -> None:
    with pytest.raises(REFUSAL) as caught:
        await refuse_others(by("bob", resource, "create"), {})
    assert caught.value.status_code == 403
    assert len(caught.value.detail) > 40


async def test_state_is_not_written_and_metadata_may_be(keys: None) -> None:
    await create_thread(by("bob"), {"thread_id": "t", "metadata": {}})
    with pytest.raises(REFUSAL, match="state is changed by the graph alone"):
        await update_thread(by("bob"), {"thread_id": "t"})
    value = {"thread_id": "t", "metadata": {"owner": "alice", "title": "x"}}
    assert await update_thread(by("bob"), value) == {"owner": "bob"}
    assert value["metadata"] == {"owner": "bob", "title": "x"}
    with pytest.raises(REFUSAL, match="there is one graph here: agent"):
        await update_thread(by("bob"), {"thread_id": "t", "metadata": {"graph_id": "other"}})


async def test_every_key_may_read_the_graph(keys: None) -> None:
    assert await read_graph(by("bob", "assistants", "read"), {}) is None  # type: ignore[func-returns-value]
