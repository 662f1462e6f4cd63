"""What an attacker sends: hostile paths, ids, headers, picture blocks and bodies."""

from __future__ import annotations

import json
import uuid
from typing import Any
from urllib.parse import quote

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from tests.server.hostile import BOB, Asked, Prey


def requests(hunted: Prey, *, langgraph: bool) -> SearchStrategy[Asked]:
    """Requests of an attacker.

    Args:
        hunted: what the attacker has heard of.
        langgraph: also to the routes of a LangGraph server.
    """
    words = _words(hunted)
    routes = _OURS + (_LANGGRAPH if langgraph else ())
    raw = st.sampled_from((False, False, False, False, True))
    known = st.builds(_filled, st.sampled_from(routes), st.lists(words, min_size=3, max_size=3), raw)
    path = st.one_of(known, known, known, known, st.lists(words, max_size=5).map(lambda parts: "/" + "/".join(parts)))
    query = st.one_of(st.just(""), st.lists(st.tuples(st.sampled_from(_QUERIES), words), max_size=3).map(_query))
    body = st.one_of(_bodies(hunted, words), _loose(words).map(_dumped), st.binary(max_size=300))
    methods = st.sampled_from(
        ("GET", "GET", "POST", "POST", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "X")
    )
    return st.builds(_asked, methods, path, query, _headers(words), body)


_OURS = (
    "/", "/page/{}", "/page/{}/{}", "/images/{}", "/images/{}/thumb", "/images/{}/{}", "/overpaint/threads", "/overpaint/threads/{}",
    "/overpaint/threads/{}/fork", "/overpaint/threads/{}/reopen", "/overpaint/threads/{}/export", "/overpaint/threads/{}/sheet",
    "/overpaint/threads/{}/{}", "/overpaint/pictures", "/overpaint/options", "/v1/models", "/v1/models/{}", "/v1/{}",
    "/v1/images/generations", "/v1/images/edits",
)  # fmt: skip
_LANGGRAPH = (
    "/mcp", "/mcp/{}", "/threads", "/threads/search", "/threads/count", "/threads/prune", "/threads/{}", "/threads/{}/state",
    "/threads/{}/state/{}", "/threads/{}/state/checkpoint", "/threads/{}/history", "/threads/{}/copy", "/threads/{}/storage",
    "/threads/{}/stream", "/threads/{}/stream/events", "/threads/{}/commands", "/threads/{}/runs", "/threads/{}/runs/wait",
    "/threads/{}/runs/stream", "/threads/{}/runs/crons", "/threads/{}/runs/{}", "/threads/{}/runs/{}/join",
    "/threads/{}/runs/{}/stream", "/threads/{}/runs/{}/cancel", "/runs", "/runs/wait", "/runs/stream", "/runs/batch", "/runs/cancel",
    "/runs/crons", "/runs/crons/{}", "/assistants", "/assistants/search", "/assistants/{}", "/assistants/{}/schemas",
    "/assistants/{}/graph", "/assistants/{}/subgraphs", "/assistants/{}/versions", "/assistants/{}/latest", "/store/items",
    "/store/items/search", "/store/namespaces", "/info", "/ok", "/docs", "/openapi.json", "/metrics", "/a2a/{}", "/ui/{}",
    "/internal/debug/thread/{}", "/internal/truncate", "/deploy", "/noauth/threads/{}", "/.well-known/agent-card.json",
)  # fmt: skip
_QUERIES = (
    "run",
    "w",
    "limit",
    "offset",
    "expires",
    "signature",
    "subgraphs",
    "check_db",
    "stream_mode",
    "xray",
    "before",
    "{}",
)


def _words(hunted: Prey) -> SearchStrategy[str]:
    """Parts of paths: ids that are somebody else's, ways out of a folder, and rubbish."""
    ids = [
        hunted.thread,
        hunted.thread.upper(),
        hunted.run,
        hunted.sha256,
        hunted.sha256.upper(),
        str(uuid.UUID(int=0)),
    ]
    ways = [
        "..",
        "../../etc/passwd",
        "..%2f..%2foutside.txt",
        "%2e%2e/secret",
        "..\\..\\secret",
        "/etc/passwd",
        "//",
        ".",
    ]
    ways += [
        "secret",
        "overpaint.db",
        "outside.txt",
        f"{hunted.sha256[:2]}/{hunted.sha256}.png",
        f"{hunted.sha256}.png",
        "%00",
    ]
    ways += [
        "agent",
        "index.html",
        "0",
        "-1",
        "9" * 30,
        "1e999",
        "null",
        "a" * 3000,
        "\x00",
        "\ud800",
        "{}",
        "%s%n",
        "' OR 1=1 --",
    ]
    known = st.sampled_from(ids)
    return st.one_of(known, known, known, st.sampled_from(ways), st.text(max_size=12))


def _headers(words: SearchStrategy[str]) -> SearchStrategy[tuple[tuple[bytes, bytes], ...]]:
    keys: list[dict[str, str]] = [*(9 * [{"x-api-key": BOB}]), {}, {"authorization": f"Bearer {BOB}"}]
    keys += [{"x-api-key": "x"}, {"x-auth-scheme": "langsmith", "x-api-key": "x"}, {"authorization": "Bearer "}]
    types = [
        *(5 * ["application/json"]),
        "image/png",
        "text/plain",
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencoded",
    ]
    more: list[dict[str, str]] = [*(12 * [{}]), {"origin": "http://evil.example"}, {"sec-fetch-site": "cross-site"}]
    more += [{"range": "bytes=0-"}, {"range": "bytes=99999-1,-5"}, {"if-none-match": '"x"'}, {"host": "evil.example"}]
    more += [{"x-forwarded-for": "127.0.0.1", "x-forwarded-prefix": "/noauth"}, {"accept": "text/event-stream"}]
    more += [
        {"last-event-id": "-1"},
        {"langsmith-trace": "x", "baggage": "langsmith-metadata=%7B"},
        {"content-encoding": "gzip"},
    ]
    types_ = st.sampled_from(types).map(lambda kind: {"content-type": kind})
    odd = st.tuples(st.sampled_from(["x-a", "cookie", "accept-language", "if-range"]), words).map(
        lambda pair: dict([pair])
    )
    return st.tuples(st.sampled_from(keys), types_, st.sampled_from(more), st.one_of(st.just({}), odd)).map(_joined)


def _bodies(hunted: Prey, words: SearchStrategy[str]) -> SearchStrategy[bytes]:
    """Bodies that are nearly right, with one thing in them that is not the attacker's to ask for."""
    ref = {"sha256": hunted.sha256, "mime": "image/png", "width": 64, "height": 64}
    url = "http://127.0.0.1:9/"
    blocks: list[Any] = [
        {"type": "image_url", "image_url": {"url": "file:///etc/passwd"}}, {"type": "image_url", "image_url": url},
        {"type": "image", "source": {"type": "base64", "data": "!!!!"}}, {"type": "image", "base64": 7},
        {"type": "image", "image_url": None}, {"type": "text"}, {"type": ["image"]}, None, 7,
        {"type": "text", "text": f"[picture {hunted.sha256}] show me this"}, {"type": "x", "picture": ref},
        {"type": "text", "text": "x", "picture": {**ref, "grant": "0" * 64}}, {"picture": {"sha256": "../../secret"}},
    ]  # fmt: skip
    inputs: list[Any] = [
        {"brief": "x"}, {"brief": 7}, {"brief": "x" * 20_000}, {"image": ref}, {"image": {**ref, "grant": "0" * 64}},
        {"image": {**ref, "sha256": "../../secret"}}, {"messages": 7}, {"messages": [{"role": "user", "content": blocks}]},
        {"messages": [{"type": "remove", "id": "__remove_all__"}]}, {"champion": {"image": ref}}, [], "x", None,
    ]  # fmt: skip
    inputs += [{"messages": [{"role": "user", "content": [block]}]} for block in blocks]
    settings: list[Any] = [
        {"painter_base_url": url}, {"judge_api_key_env": "OVERPAINT_API_KEYS"}, {"painter": "diffusers:/"}, {"lora": "/etc"},
        {"templates": {"upsample": "/etc/passwd"}}, {"max_images": 10**9}, {"max_images": "1"}, {"size": "9x9"}, {"seed": -1}, 7, [],
    ]  # fmt: skip
    runs = st.fixed_dictionaries(
        {"assistant_id": st.sampled_from(["agent", "x", 7])},
        optional={
            "input": st.sampled_from(inputs), "context": st.sampled_from(settings), "webhook": st.just(url),
            "config": st.sampled_from([{"configurable": {"thread_id": hunted.thread}}, {"configurable": 7}, {"recursion_limit": -1}]),
            "command": st.sampled_from([{"resume": {"decisions": 7}}, {"goto": "deliver"}, {"update": {"champion": None}}, 7]),
            "checkpoint": st.sampled_from([{"thread_id": hunted.thread, "checkpoint_ns": ""}, {"checkpoint_id": 7}, 7]),
            "if_not_exists": st.just("create"), "after_seconds": st.sampled_from([3000, 10**20, -1, 0.5]),
            "stream_mode": st.sampled_from(["values", "events", "no", 7]), "multitask_strategy": st.sampled_from(["reject", "rollback"]),
            "metadata": st.sampled_from([{"owner": "alice"}, {"graph_id": "no"}, 7]), "on_disconnect": st.just("cancel"),
        },
    )  # fmt: skip
    threads = st.fixed_dictionaries({}, optional={
        "thread_id": st.one_of(st.just(hunted.thread), words), "metadata": st.sampled_from([{"owner": "alice"}, {"graph_id": "x"}, 7]),
        "if_exists": st.just("do_nothing"), "supersteps": st.just([{"updates": [{"values": {}, "as_node": "intake"}]}]),
        "values": st.just({"asked": {}}), "ids": st.lists(words, max_size=2), "limit": st.sampled_from([10, -1, 10**20]),
        "extract": st.sampled_from([{"a": "values.asked"}, {"a": "__class__"}]), "checkpoint": st.just({"thread_id": hunted.thread}),
        "before": st.just({"configurable": {"thread_id": hunted.thread}}), "select": st.just(["values"]),
    })  # fmt: skip
    own = st.fixed_dictionaries({}, optional={
        "start": words, "prompt": words, "brief": words, "settings": st.sampled_from(settings), "checklist": _loose(words),
        "model": st.sampled_from(["default", "overpaint", "one-shot", "../x", 7]), "n": st.sampled_from([0, -1, 10**9, "1", 1.5]),
        "size": st.sampled_from(["64x64", "99999x99999", "auto", 7]), "response_format": st.sampled_from(["url", "b64_json", "no"]),
        "stream": st.booleans(), "partial_images": st.sampled_from([-1, 99]), "preset": words, "budget": _loose(words),
        "extra_body": st.sampled_from(settings), "image": st.sampled_from([ref, url, "data:image/png;base64,AA"]),
    })  # fmt: skip
    calls = st.fixed_dictionaries(
        {
            "jsonrpc": st.just("2.0"),
            "id": st.just(1),
            "method": st.sampled_from(["tools/call", "tools/list", "initialize", "x"]),
        },
        optional={"params": st.fixed_dictionaries({"name": words, "arguments": _loose(words)})},
    )
    return st.one_of(runs, threads, own, calls).map(_dumped)


def _loose(words: SearchStrategy[str]) -> SearchStrategy[Any]:
    plain = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), words)
    return st.recursive(
        plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3), max_leaves=6
    )


def _filled(route: str, words: list[str], raw: bool) -> str:
    parts = [word if raw else quote(word, safe="", errors="replace") for word in words]
    return route.format(*parts[: route.count("{}")])


def _query(pairs: list[tuple[str, str]]) -> str:
    return "?" + "&".join(f"{name}={quote(value, safe='', errors='replace')}" for name, value in pairs)


def _dumped(value: Any) -> bytes:
    return json.dumps(value).encode()


def _joined(parts: tuple[dict[str, str], ...]) -> tuple[tuple[bytes, bytes], ...]:
    merged = {name: value for part in parts for name, value in part.items()}
    return tuple((name.encode(), _one_line(value)) for name, value in merged.items())


def _one_line(value: str) -> bytes:
    return value.encode("latin-1", "replace").translate(None, bytes(range(32)) + b"\x7f").strip()


def _asked(method: str, path: str, query: str, headers: tuple[tuple[bytes, bytes], ...], body: bytes) -> Asked:
    target = "".join(f"%{ord(c):02X}" if ord(c) <= 32 or ord(c) == 127 else c for c in path + query)
    return Asked(method, target.encode("utf-8", "replace"), headers, b"" if method in ("GET", "HEAD") else body)
