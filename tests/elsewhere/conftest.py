"""Servers that nobody here wrote."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.elsewhere.aimock import Aimock, NoAimock, installed, running
from tests.elsewhere.transformers_serve import ChatServer, serving

SERVERS = 3


@pytest.fixture(scope="session")
def _node(pytestconfig: pytest.Config) -> Iterator[list[Aimock]]:
    try:
        folder = installed(pytestconfig.cache.mkdir("npm"))
    except NoAimock as missing:
        if os.environ.get("OVERPAINT_NEEDS_NODE"):
            raise
        pytest.skip(str(missing))
    with running(folder, SERVERS) as servers:
        yield servers


@pytest.fixture
def aimocks(_node: list[Aimock]) -> list[Aimock]:
    """Three servers of chat and image models, which know no answer yet."""
    for server in _node:
        server.reset()
    return _node


@pytest.fixture
def aimock(aimocks: list[Aimock]) -> Aimock:
    """One such server."""
    return aimocks[0]


@pytest.fixture(scope="module")
def transformers_serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChatServer]:
    """`transformers serve` with a tiny vision model of random weights."""
    pytest.importorskip("fastapi", reason="transformers serve needs fastapi: pip install 'transformers[serving]'")
    from tests.elsewhere.tiny_vision import save_tiny_vision

    scratch: Path = tmp_path_factory.mktemp("serve")
    save_tiny_vision(scratch / "model")
    with serving(scratch / "model", scratch) as server:
        yield server
