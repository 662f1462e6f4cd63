"""Paints with fal.ai, or any server of its queue: a request gets an id, and its picture is asked for by that id."""

from __future__ import annotations

import asyncio
import os
import re
import time
from dataclasses import replace
from typing import Any

from overpaint.tools.backends.fal_answers import aspect_ratio, blocked_reason, first_image, is_nsfw, said
from overpaint.tools.backends.fal_http import Answer, ask, opened
from overpaint.tools.backends.remote import alive, checked_seconds, decoded, needed_key
from overpaint.tools.download import download
from overpaint.tools.faults import BadInput, ProviderFault
from overpaint.tools.painters import Abilities, Outcome, PaintRequest, PaintResult, Progress
from overpaint.tools.provider_errors import between_servers, provider_fault

BASE = "https://queue.fal.run"
APP = "fal-ai/flux-pro/v1.1-ultra"
SUBMIT_SECONDS = 30.0
POLL_SECONDS = (0.5, 3.0)
"""Between two looks at a job: at first, and at most."""

RESULT_TRIES = 5
_PART = r"(?!\.+(?:/|$))[A-Za-z0-9._-]+"
_NAMED = re.compile(rf"{_PART}(?:/{_PART})+")
_JOB = re.compile(r"[A-Za-z0-9_-]{1,128}")
_SPACES = ("workflows", "comfy")
"""First parts of an app's name that stand before its owner (fal_client, AppId)."""


class FalPainter:
    """A painter over one app of fal's queue, at FAL_BASE_URL or fal itself.

    Args:
        app: owner/app, and the path of its endpoint if it has one.
        timeout: how many seconds to wait for one picture; 600 when left out. The job is kept beyond that.

    Raises:
        BadInput: the app's name or the timeout is none.
    """

    def __init__(self, app: str = "", *, timeout: float | None = None) -> None:
        self._app = app or APP
        if not _NAMED.fullmatch(self._app):
            raise BadInput(f"fal has no app {app!r}: write fal:owner/app, such as fal:{APP}")
        parts = self._app.split("/")
        # A job is asked for without the endpoint's path: fal answers 405 to the whole name.
        self._jobs = "/".join(parts[: 3 if parts[0] in _SPACES else 2])
        self.name = f"fal:{self._app}"
        self._seconds = checked_seconds(timeout)
        self._abilities = Abilities(accepts=frozenset({"size", "timeout"}), seeds=True, jobs="collect")

    @property
    def abilities(self) -> Abilities:
        """What this painter can do, settled when it was made."""
        return self._abilities

    async def check(self) -> None:
        """See that there is a key.

        Raises:
            BadInput: there is none.
        """
        needed_key("FAL_KEY", self.name)

    async def paint(self, request: PaintRequest, progress: Progress | None = None) -> PaintResult:
        """Paint one picture: `submit`, then `collect`."""
        return await self.collect(await self.submit(request), progress)

    async def submit(self, request: PaintRequest) -> str:
        """Put one request into the queue.

        Returns:
            The job's id.

        Raises:
            BadInput: as `check`.
            ProviderFault: refused, or `unsure` when the request was sent and no id came back.
        """
        await self.check()
        url = f"{_base()}/{self._app}"
        async with opened(self.name) as session:
            answer = await ask(session, "POST", url, min(SUBMIT_SECONDS, self._seconds), body=self._body(request))
        if answer.unsent:
            raise ProviderFault(f"{self.name} cannot be reached: {answer.trouble}. Try again later.", retryable=True)
        if answer.status >= 400 and not between_servers(answer.status):
            raise provider_fault(answer.error(), self.name)
        job = answer.json.get("request_id")
        if answer.status >= 300 or answer.trouble or not isinstance(job, str) or not _JOB.fullmatch(job):
            what = answer.trouble or f"it answered {answer.status} without an id"
            lost = f"{self.name} may have accepted the request, but its id was lost ({what})."
            raise ProviderFault(lost, retryable=True, unsure=True)
        return job

    async def collect(self, job: str, progress: Progress | None = None) -> PaintResult:
        """Wait for a job and fetch its picture. Lost connections and 5xx are waited out, as asking is free.

        Raises:
            BadInput: as `check`, or `job` is no id.
            ProviderFault: retryable while the job may still end well; `unsure` when it is lost and may have been paid.
        """
        await self.check()
        if not _JOB.fullmatch(job):
            raise BadInput(f"{job[:40]!r} is no id of a job at {self.name}: see the ledger")
        started = time.perf_counter()
        try:
            async with asyncio.timeout(self._seconds), alive(progress), opened(self.name) as session:
                ended = await self._waited(session, job)
                result = await self._fetched(session, job, ended)
        except TimeoutError:
            late = f"{self.name} was not done after {self._seconds:g} seconds; its job is kept and asked for again."
            raise ProviderFault(late, retryable=True) from None
        return replace(result, seconds=time.perf_counter() - started)

    def _body(self, request: PaintRequest) -> dict[str, Any]:
        body: dict[str, Any] = {"prompt": request.prompt, "num_images": 1, "output_format": "png"}
        if request.seed is not None:
            body["seed"] = request.seed
        if request.size is not None and "ultra" in self._app:
            body["aspect_ratio"] = aspect_ratio(request.size)
        elif request.size is not None:
            body["image_size"] = {"width": request.size[0], "height": request.size[1]}
        return body

    async def _waited(self, session: Any, job: str) -> dict[str, Any]:
        """Ask until the job has ended, and return what its status then says."""
        pause, longest = POLL_SECONDS
        while True:
            answer = await ask(session, "GET", self._at(job, "/status"), SUBMIT_SECONDS)
            self._refuse_lost(answer)
            if answer.status == 200 and answer.json.get("status") not in ("IN_QUEUE", "IN_PROGRESS", None):
                return answer.json
            await asyncio.sleep(max(pause, answer.retry_after or 0.0))
            pause = min(pause * 1.3, longest)

    async def _fetched(self, session: Any, job: str, ended: dict[str, Any]) -> PaintResult:
        for _ in range(RESULT_TRIES):
            answer = await ask(session, "GET", self._at(job), SUBMIT_SECONDS)
            if reason := blocked_reason(answer):
                return self._answered("blocked", None, {}, (reason,))
            if answer.status == 200 and not answer.trouble:
                return await self._pictured(answer)
            if answer.status in (400, 422):
                # fal bills these where a runner had begun (its FAQ), and they would only come again.
                return self._answered("ok", None, {}, (f"the job ended with {answer.status}: {said(answer)}",))
            if ended.get("error") or answer.is_final:
                raise ProviderFault(f"{self.name} failed: {said(answer, ended)}. Nothing was billed for the job.")
            self._refuse_lost(answer)
            await asyncio.sleep(max(POLL_SECONDS[0], answer.retry_after or 0.0))
        what = answer.trouble or f"status {answer.status}"
        raise ProviderFault(f"{self.name} has painted, but does not hand out the result ({what}).", retryable=True)

    async def _pictured(self, answer: Answer) -> PaintResult:
        image = first_image(answer.json)
        if is_nsfw(answer.json):
            return self._answered("blocked", None, answer.json, ("it was taken for unsafe",))
        url = image.get("url")
        if not isinstance(url, str):
            return self._answered("ok", None, answer.json, (f"its answer holds no image: {said(answer)}",))
        if url.startswith("data:"):
            data = await asyncio.to_thread(decoded, url)
        else:
            data = await download(url, allow=_base(), seconds=self._seconds)
        return self._answered("ok", data, answer.json, ())

    def _answered(
        self, outcome: Outcome, data: bytes | None, answer: dict[str, Any], notes: tuple[str, ...]
    ) -> PaintResult:
        image, seed = first_image(answer), answer.get("seed")
        params: dict[str, Any] = {"model": self._app}
        if isinstance(image.get("width"), int) and isinstance(image.get("height"), int):
            params["size"] = [image["width"], image["height"]]
        return PaintResult(outcome, data, seed if isinstance(seed, int) else None, params, notes)

    def _refuse_lost(self, answer: Answer) -> None:
        """Raise where waiting cannot help: the key is refused, or the job is not known (any more)."""
        if answer.status in (401, 402, 403):
            raise provider_fault(answer.error(), self.name)
        if 400 <= answer.status < 500 and answer.status not in (408, 409, 425, 429):
            gone = f"{self.name} does not know the job (any more), status {answer.status}; it may have been paid for."
            raise ProviderFault(gone, unsure=True)

    def _at(self, job: str, what: str = "") -> str:
        """The address of a job, never one that an answer names: the key goes there."""
        return f"{_base()}/{self._jobs}/requests/{job}{what}"


def open_painter(model: str = "", *, timeout: float | None = None) -> FalPainter:
    """Make the painter behind "fal:<app>".

    Raises:
        BadInput: as FalPainter.
    """
    return FalPainter(model, timeout=timeout)


def _base() -> str:
    return (os.environ.get("FAL_BASE_URL") or BASE).rstrip("/")
