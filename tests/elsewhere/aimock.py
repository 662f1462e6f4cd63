"""aimock, a server of chat and image models that nobody here wrote: installed from npm once, then run by node.

    mock.answer({"content": "Hello."}, model="m")      # what it will say, and to whom
    mock.chaos(rateLimitRate=1)                        # from now on, 429 for everybody
    assert len(mock.journal()) == 1                    # what it was asked

Its own words are in the README of the npm package @copilotkit/aimock.
"""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

VERSION = "1.43.0"
PACKAGE = f"@copilotkit/aimock@{VERSION}"

NPM = (
    *("--no-save", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts", "--prefer-offline"),
    *("--loglevel=error", "--fetch-retry-mintimeout=500", "--fetch-retry-maxtimeout=2000"),
)
"""Leaves no file that names a registry, and soon gives up on one that cannot be reached."""

SERVE = """
import { createServer } from "@copilotkit/aimock";
for (let left = Number(process.argv[1]); left > 0; left--) {
    const falQueue = { pollsBeforeInProgress: 1, pollsBeforeCompleted: 2 };
    const { server, url } = await createServer([], { port: 0, logLevel: "silent", falQueue });
    // Which host of fal is meant travels in a header that fal's JavaScript client can add, and nothing else does.
    server.prependListener("request", (r) => { r.headers["x-fal-target-host"] ??= "queue.fal.run"; });
    console.log(url);
}
process.stdin.on("end", () => process.exit(0)).resume();
"""
"""Ends when its stdin does, so that no node outlives the tests however they end."""


class NoAimock(Exception):
    """It cannot be installed here; says why."""


@dataclass(frozen=True)
class Aimock:
    """One server.

    Args:
        root: scheme, host and port.
    """

    root: str

    @property
    def base_url(self) -> str:
        """Where OpenAI's API is."""
        return f"{self.root}/v1"

    @property
    def fal_url(self) -> str:
        """Where fal's queue is."""
        return f"{self.root}/fal"

    def answer(self, response: dict[str, Any], **match: Any) -> None:
        """Answer what matches with `response`; the first match wins. Nothing else is answered but with 404.

        Args:
            response: `content`, `toolCalls`, `image`, `json` or `error`, with `usage` and `latency` beside it.
            match: `model`, `userMessage`, `systemMessage`, `toolName`, `endpoint`, `responseFormat`, `sequenceIndex`, …
        """
        self._control("POST", "fixtures", {"fixtures": [{"match": match, "response": response}]})

    def paint(self, *pictures: bytes, endpoint: str = "image", **match: Any) -> None:
        """Answer requests for pictures with these, one after the other, and then no more."""
        for place, data in enumerate(pictures):
            encoded = base64.b64encode(data).decode()
            self.answer({"image": {"b64Json": encoded}}, endpoint=endpoint, sequenceIndex=place, **match)

    def chaos(self, **rates: float) -> None:
        """Go wrong: rates from 0 to 1 of dropRate (500), malformedRate, rateLimitRate (429), disconnectRate; latencyMs."""
        self._control("POST", "chaos", rates)

    def fail_once(self, status: int) -> None:
        """Answer the next request with an error."""
        self._control("POST", "error", {"status": status, "body": {"message": "just once"}})

    def journal(self, path: str = "/") -> list[dict[str, Any]]:
        """Every request so far whose path holds `path`: method, path, headers without keys, body, response.

        Bodies over 64 KiB are left out, and those of image requests are boiled down to model and prompt.
        """
        entries: list[dict[str, Any]] = self._control("GET", f"journal?path={path}")
        return entries

    def reset(self) -> None:
        """Forget all answers, all requests, and the chaos."""
        self._control("POST", "reset", {})

    def _control(self, method: str, what: str, body: dict[str, Any] | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.root}/__aimock/{what}", data, method=method)
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10) as answer:
            return json.load(answer)


def installed(cache: Path) -> Path:
    """The folder with the package in it, below `cache`; fetched the first time.

    Processes may do so at once: each fetches into a folder of its own, and the first one to move it into place wins.

    Raises:
        NoAimock: node or npm is missing, or the package cannot be fetched.
    """
    folder = cache / f"aimock-{VERSION}"
    if folder.is_dir():
        return folder
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        raise NoAimock("node and npm are needed to run @copilotkit/aimock: install Node.js 20 or later")
    fresh = Path(tempfile.mkdtemp(dir=cache))
    command = [npm, "install", *NPM, "--prefix", str(fresh), PACKAGE]
    done = subprocess.run(command, cwd=fresh, capture_output=True, text=True, timeout=90, check=False)
    if done.returncode:
        shutil.rmtree(fresh)
        raise NoAimock(f"npm could not install {PACKAGE}: {' '.join(done.stderr.split())[:160]}")
    try:
        fresh.rename(folder)
    except OSError:
        shutil.rmtree(fresh)
    return folder


@contextmanager
def running(folder: Path, servers: int) -> Iterator[list[Aimock]]:
    """Several servers in one process of node, each with answers and a journal of its own."""
    command = ["node", "--input-type=module", "-e", SERVE, str(servers)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=folder, stdin=pipe, stdout=pipe, text=True) as node:
        assert node.stdin is not None
        assert node.stdout is not None
        try:
            roots = [node.stdout.readline().strip() for _ in range(servers)]
            assert all(roots), "node did not start it; is it older than version 20?"
            yield [Aimock(root) for root in roots]
        finally:
            node.stdin.close()
            try:
                node.wait(timeout=5)
            except subprocess.TimeoutExpired:
                node.kill()
