"""`overpaint post`: hand a batch's all_metadata.json to a checker over HTTP, and say what it answers."""

from __future__ import annotations

import argparse
import asyncio
import json
import shlex
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from overpaint.batch_folder import METADATA, BatchFolder
from overpaint.phrases import clean
from overpaint.plain import say
from overpaint.tools.addresses import wrong_address
from overpaint.tools.faults import BadInput, ProviderFault

if TYPE_CHECKING:
    import aiohttp

SECONDS = 300.0
"""A checker may run models of its own."""
MOST_BYTES = 1_000_000
MOST_LINES = 200
LONGEST_LINE = 2000
PARTS = ("result", "messages", "exceptions")
"""What a checker's answer may have."""


def add_post(sub: argparse.ArgumentParser) -> None:
    """Arguments of `post`."""
    sub.add_argument(
        "folder", metavar="DIR", type=Path, help=f"a folder with {METADATA}, as --preset synthetic-prompts"
    )
    sub.add_argument("url", metavar="URL", help="the checker's address, http or https")
    sub.add_argument("--json", action="store_true", help="print one JSON object on stdout")


def post(args: Namespace) -> int:
    """Send what is in a folder, and print the answer."""
    from overpaint.commands import say_json

    posted = post_folder(args.folder, args.url)
    if args.json:
        say_json({"posted": posted})
        return 0
    for line in answer_lines(posted):
        say(line)
    return 0


def check_url(url: str) -> str:
    """A checker's address.

    Raises:
        BadInput: it is none, or holds a name, a password or a query.
    """
    if wrong := wrong_address(url):
        raise BadInput(f"the address to post to {wrong}")
    return url


def post_folder(folder: Path, url: str) -> Any:
    """Send {"submission": …} with all that all_metadata.json lists; blocks until the checker has answered.

    Args:
        folder: where all_metadata.json is.
        url: the checker's address. Redirects are not followed.

    Returns:
        The answer: what its JSON says, else its text.

    Raises:
        BadInput: there is nothing to send, or the address cannot be used.
        ProviderFault: the checker could not be reached, or refused.
    """
    entries = BatchFolder(folder).entries()
    if not entries:
        raise BadInput(f"{folder} has no {METADATA} that lists anything: paint first, or name another folder")
    try:
        return asyncio.run(_sent(check_url(url), {"submission": entries}))
    except ProviderFault as fault:
        again = shlex.join(["overpaint", "post", str(folder), url])
        raise ProviderFault(f"{fault}; the files are kept, post them with: {again}") from fault


def answer_lines(answer: Any) -> list[str]:
    """An answer as lines for a terminal: result, messages and exceptions where it has them, else all of it."""
    told = [f"{part}: {_text(answer[part])}" for part in PARTS if answer.get(part)] if isinstance(answer, dict) else []
    lines = "\n".join(told or [_text(answer)]).splitlines() or ["(an empty answer)"]
    more = [f"… {len(lines) - MOST_LINES} more lines"] if len(lines) > MOST_LINES else []
    return [clean(line, LONGEST_LINE) for line in lines[:MOST_LINES]] + more


def _text(value: Any) -> str:
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return "\n".join(value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


async def _sent(url: str, body: dict[str, Any]) -> Any:
    import aiohttp

    limits = aiohttp.ClientTimeout(total=SECONDS, sock_connect=20.0)
    try:
        async with (
            aiohttp.ClientSession(timeout=limits) as session,
            session.post(url, json=body, allow_redirects=False) as answer,
        ):
            status, text = answer.status, await _read(answer)
    except TimeoutError:
        raise ProviderFault(f"the checker did not answer within {SECONDS:.0f} seconds") from None
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise ProviderFault(f"the checker could not be reached ({clean(str(error) or repr(error), 200)})") from None
    if 300 <= status < 400:
        raise ProviderFault(f"the checker answered {status}, which leads elsewhere, and is not followed")
    if status >= 400:
        raise ProviderFault(f"the checker refused with {status}: {clean(text, 500)}")
    return _parsed(text)


async def _read(answer: aiohttp.ClientResponse) -> str:
    """The text of an answer, cut where it is too long."""
    data = bytearray()
    async for chunk in answer.content.iter_chunked(65_536):
        data += chunk
        if len(data) >= MOST_BYTES:
            break
    return data[:MOST_BYTES].decode("utf-8", "replace")


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
