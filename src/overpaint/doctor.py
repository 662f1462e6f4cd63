"""What is usable on this machine, and what to do about the rest. Looks; changes nothing, calls nobody."""

from __future__ import annotations

import os
import platform
import shutil
import sqlite3
import sys
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from overpaint.tools.faults import BadInput

if TYPE_CHECKING:
    from overpaint.providers import Provider

PACKAGES = ("overpaint", "langgraph", "langchain", "langchain-core", "langsmith", "pillow")
LOCAL = ("torch", "diffusers", "transformers", "accelerate", "peft", "numpy")
"""The packages of the extra `local`."""
INSTALL_LOCAL = 'pip install "overpaint[local]"'
ROOM = 200_000_000
"""Bytes free below which a long run may end on a full disk."""


@dataclass(frozen=True)
class Check:
    """One thing looked at. `todo` says what to do when it is not `ok`; `needed` marks what the default preset needs."""

    name: str
    ok: bool
    found: str
    todo: str = ""
    needed: bool = False


def diagnose() -> list[Check]:
    """Look at everything; imports torch, where it is installed, to ask for its devices."""
    missing = [name for name in LOCAL if find_spec(name) is None]
    machine = [_python(), _packages(), _local(missing), *_devices(missing), _home(), _sqlite(), _database()]
    return [*machine, _keys(), _prices(), _limits(), _server(), _traces(), *_providers(missing)]


def usable(checks: list[Check]) -> bool:
    """Whether the default preset can run."""
    return all(check.ok for check in checks if check.needed)


def to_json(checks: list[Check]) -> dict[str, Any]:
    """The one object `doctor --json` prints."""
    return {"usable": usable(checks), "checks": [asdict(check) for check in checks]}


def _traces() -> Check:
    from langsmith.utils import get_tracer_project, tracing_is_enabled

    if not tracing_is_enabled():
        return Check("traces", True, "off; LANGSMITH_TRACING=true sends them to LangSmith, without pictures")
    key = bool(os.environ.get("LANGSMITH_API_KEY"))
    return Check("traces", key, f"on, project {get_tracer_project()}", "set LANGSMITH_API_KEY")


def _python() -> Check:
    found = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    return Check("python", sys.version_info >= (3, 11), found, "use Python 3.11 or newer", needed=True)


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _packages() -> Check:
    versions = {name: _version(name) for name in PACKAGES}
    absent = [name for name, found in versions.items() if found is None]
    found = ", ".join(f"{name} {number or 'missing'}" for name, number in versions.items())
    return Check("packages", not absent, found, f"install {' '.join(absent)}", needed=True)


def _local(missing: list[str]) -> Check:
    found = f"without {', '.join(missing)}" if missing else ", ".join(f"{name} {_version(name)}" for name in LOCAL)
    return Check("local models", not missing, found, INSTALL_LOCAL, needed=True)


def _devices(missing: list[str]) -> list[Check]:
    if "torch" in missing:
        return []
    try:
        import torch
    except (ImportError, OSError) as error:
        return [Check("devices", False, f"torch is broken: {_one_line(error)}", "install torch anew", needed=True)]
    names = [f"cuda:{i} {torch.cuda.get_device_name(i)}" for i in range(torch.cuda.device_count())]
    names += ["mps"] if torch.backends.mps.is_available() else []
    return [Check("devices", True, ", ".join([*names, f"cpu ({torch.get_num_threads()} threads)"]), needed=True)]


def _home() -> Check:
    from overpaint.tools.home import current_home

    try:
        home = current_home()
    except BadInput as error:
        return Check("home", False, _one_line(error), "set OVERPAINT_HOME to a folder", needed=True)
    existing = next(path for path in (home, *home.parents) if path.exists())
    free = shutil.disk_usage(existing).free
    found = f"{home} ({'there' if home.exists() else 'made by the first run'}), {free / 1e9:.1f} GB free"
    ok = _writable(existing) and free > ROOM
    return Check("home", ok, found, "free some space, or set OVERPAINT_HOME to a folder you may write", needed=True)


def _writable(folder: Path) -> bool:
    return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)


def _sqlite() -> Check:
    found = sqlite3.sqlite_version
    return Check(
        "sqlite", sqlite3.sqlite_version_info >= (3, 35), found, "use a Python with SQLite 3.35 or newer", needed=True
    )


def _database() -> Check:
    from overpaint.tools.database import open_database

    try:
        shown = open_database().shown
    except BadInput as error:
        return Check("database", False, _one_line(error), "correct OVERPAINT_DATABASE, or unset it", needed=True)
    missing = shown.startswith("postgres") and find_spec("psycopg") is None
    found = f"{shown}, without psycopg" if missing else shown
    return Check("database", not missing, found, "pip install 'overpaint[postgres]'", needed=True)


def _keys() -> Check:
    from overpaint.providers import PROVIDERS
    from overpaint.tools.keys import find_key

    todo = "none needed for the built-in models; for hosted ones put a key into .env"
    names = [name for provider in PROVIDERS for name in provider.keys] + ["LANGSMITH_API_KEY"]
    try:
        found = [name for name in names if find_key(name)]
    except BadInput as error:
        return Check("keys", False, _one_line(error), "correct the file, or unset its variable")
    return Check("keys", bool(found), f"{', '.join(found)} set" if found else "none set", todo)


def _prices() -> Check:
    from overpaint.tools.prices import check_prices, price_date

    try:
        own = check_prices()
    except BadInput as error:
        return Check("prices", False, _one_line(error), "correct the file, or unset OVERPAINT_PRICES")
    return Check("prices", True, f"of {price_date()}, {f'under those of {own}' if own else 'and none of your own'}")


def _limits() -> Check:
    from overpaint.tools.pacing import read_limits

    given = os.environ.get("OVERPAINT_LIMITS", "")
    try:
        read_limits(given)
    except BadInput as error:
        return Check("limits", False, _one_line(error), "correct OVERPAINT_LIMITS, or unset it")
    return Check("limits", True, given or "the usual ones; OVERPAINT_LIMITS sets others")


def _server() -> Check:
    ok = find_spec("langgraph_api") is not None
    return Check("langgraph dev", ok, "available" if ok else "not installed", 'pip install "langgraph-cli[inmem]"')


def _providers(missing: list[str]) -> list[Check]:
    """One check for each provider: what it can do, and what it lacks here."""
    from overpaint.providers import PROVIDERS

    return [_provider(provider, missing) for provider in PROVIDERS]


def _provider(provider: Provider, missing: list[str]) -> Check:
    from overpaint.providers import said

    name, tried = f"provider {provider.scheme}", provider.paints or provider.chats
    try:
        can = [said(provider.abilities())] if provider.paints else []
        there = not missing if provider.is_local else provider.has_key()
    except BadInput as error:
        todo = INSTALL_LOCAL if missing else "mend it, or use another provider"
        return Check(name, False, _one_line(error), todo, needed=provider.scheme == "shapes")
    found = f"{', '.join([*can, *(['chats'] if provider.chats else [])])}; for example {tried}"
    lacks = INSTALL_LOCAL if provider.is_local else f"set {' or '.join(provider.keys)}"
    return Check(name, there, found, lacks, needed=provider.scheme == "shapes")


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:200]
