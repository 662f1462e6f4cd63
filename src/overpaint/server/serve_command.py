"""`overpaint serve`: the page, the images API, MCP and LangGraph's own API, on one port of one process."""

from __future__ import annotations

import argparse
import ipaddress
import os
import socket
import sys
from argparse import Namespace
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from overpaint.plain import say
from overpaint.tools.database import open_database
from overpaint.tools.faults import BadInput
from overpaint.tools.home import disk_faults, open_home

_STUDIO = "https://smith.langchain.com"
"""Where LangGraph Studio is; it runs in the browser, and calls the server from there."""
_WORKERS = 4
"""How many runs go on side by side; LangGraph's server would do one."""
_TRIES = 10
"""How often a run may be cut off by the end of the server and be taken up again by itself."""
_NEEDED = ("fastapi", "langgraph_api", "langgraph_runtime_inmem", "mcp")
_PATHS = ("OVERPAINT_DATASETS", "OVERPAINT_PRICES")
"""Variables that name a file, as those of keys do: the current folder is another while the server runs."""


def add_serve(sub: argparse.ArgumentParser) -> None:
    """The arguments of `overpaint serve`."""
    sub.add_argument(
        "--host", default="127.0.0.1", help="address to listen on; one that others reach needs OVERPAINT_API_KEYS"
    )
    sub.add_argument("--port", type=int, default=2024, help="port to listen on")
    sub.add_argument("--studio", action="store_true", help="let LangGraph Studio call this server")


def serve(args: Namespace) -> int:
    """Serve until a signal ends it; runs at work finish their step, and go on by themselves at the next start.

    Raises:
        BadInput: the extra is not installed, the address cannot be used or needs keys, or another server uses the home.
    """
    if not all(map(find_spec, _NEEDED)):
        raise BadInput("serving needs packages that are not installed: pip install 'overpaint[serve]'")
    from overpaint.server.protection import check_environment
    from overpaint.server.server_config import server_config
    from overpaint.server.server_log import quieten

    check_environment()
    _refuse_open(args.host)
    _refuse_busy(args.host, args.port)
    url = _url(args.host, args.port)
    warn_of_links(args.host, url)
    _set_environment(url, studio=args.studio)
    _enter(open_home() / "server")
    quieten()

    from langgraph_api.cli import run_server

    say(f"overpaint: {url}")
    if args.studio:
        say(f"LangGraph Studio: {_STUDIO}/studio/?baseUrl={url}")
    with suppress(KeyboardInterrupt):
        run_server(
            args.host,
            args.port,
            n_jobs_per_worker=_WORKERS,
            allow_blocking=os.environ.get("LANGGRAPH_ALLOW_BLOCKING", "true").lower() == "true",
            server_level="ERROR",
            lifespan="on",
            timeout_graceful_shutdown=1,
            **server_config(),
        )
    return 0


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


def warn_of_links(host: str, url: str) -> None:
    """Say so where links to pictures would lead those who call from elsewhere to their own machines."""
    if is_loopback(urlsplit(url).hostname or "") and not is_loopback(host) and not os.environ.get("OVERPAINT_URL"):
        say(f"overpaint: links to pictures begin with {url}, which others cannot open: set OVERPAINT_URL", sys.stderr)


def _refuse_open(host: str) -> None:
    from overpaint.server.keys import configured

    if not configured() and not is_loopback(host):
        raise BadInput(
            f"others could reach {host[:60]!r} and spend what your models cost: set OVERPAINT_API_KEYS=name:secret,…"
            " or listen on 127.0.0.1"
        )


def _refuse_busy(host: str, port: int) -> None:
    if not 0 < port < 65536:
        raise BadInput(f"--port {port} is none: give one from 1 to 65535")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise BadInput(
                f"cannot listen on port {port} of {host[:60]}: {error.strerror}; try another --port"
            ) from None


def _url(host: str, port: int) -> str:
    """Where a browser on this machine finds the server."""
    with suppress(ValueError):
        address = ipaddress.ip_address(host)
        host = "127.0.0.1" if address.is_unspecified else f"[{host}]" if address.version == 6 else host
    return f"http://{host}:{port}"


def _set_environment(url: str, *, studio: bool) -> None:
    """What LangGraph's server reads as it is imported; it calls nobody outside unless the user set that up."""
    for name in [name for name in os.environ if name in _PATHS or name.endswith("_KEY_FILE")]:
        os.environ[name] = str(Path(os.environ[name]).absolute())
    if os.environ.get("OVERPAINT_DATABASE"):
        os.environ["OVERPAINT_DATABASE"] = open_database().url
    os.environ["OVERPAINT_HOME"] = str(open_home())
    if studio:
        others = os.environ.get("OVERPAINT_CORS_ORIGINS", "")
        os.environ["OVERPAINT_CORS_ORIGINS"] = f"{others},{_STUDIO}"
    defaults = {
        "OVERPAINT_URL": url,
        "BG_JOB_MAX_RETRIES": str(_TRIES),
        "LANGGRAPH_CLI_NO_ANALYTICS": "1",
        "LANGGRAPH_NO_VERSION_CHECK": "true",
        "LOG_COLOR": str(sys.stdout.isatty()).lower(),
        "LOG_LEVEL": "WARNING",
    }
    for name, value in defaults.items():
        os.environ.setdefault(name, value)


def _enter(folder: Path) -> None:
    """Make a folder the current one, for one server alone: LangGraph's keeps its threads and runs where it is started.

    Raises:
        BadInput: another server is there, or the disk refused.
    """
    with disk_faults(folder):
        folder.mkdir(exist_ok=True)
        lock = os.open(folder / "lock", os.O_CREAT | os.O_RDWR, 0o600)
        os.chdir(folder)
    if os.name == "posix":
        import fcntl

        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # until this process ends, however it does
        except BlockingIOError:
            raise BadInput(
                f"another server runs on {folder.parent}: use that one, or set OVERPAINT_HOME to another folder"
            ) from None
        except OSError:
            pass  # some network disks know no locks
