"""Paints with fal.ai, or any server of its queue: a request gets an id, and its picture is asked for by that id."""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from overpaint.tools.backends.fal_answers import blocked_reason, first_image, is_final, is_nsfw, why
from overpaint.tools.backends.fal_apps import FIELDS, known
from overpaint.tools.backends.ratios import nearest
from overpaint.tools.backends.remote import OPTIONS, Endpoint, Options, alive, data_uri, endpoint
from overpaint.tools.backends.rest import Answer, ask, failure, opened, said
from overpaint.tools.faults import BadInput, ProviderFault
from overpaint.tools.painters import Abilities, Outcome, PaintRequest, PaintResult, Progress
from overpaint.tools.provider_errors import provider_fault

BASE = "https://queue.fal.run"
APP = "fal-ai/flux-pro/v1.1-ultra"
KEYS = ("FAL_KEY", "FAL_API_KEY")
RESERVED = frozenset({"prompt", "seed", "num_images", "image_url", "image_urls"})
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
    """A painter over one app of fal's queue: at a base URL, at FAL_BASE_URL, or at fal itself.

    Args:
        app: owner/app, and the path of its endpoint if it has one.
        options: how to reach it. A job is kept beyond the timeout.

    Raises:
        BadInput: the app's name is none, or an option cannot be used.
    """

    def __init__(self, app: str = "", options: Options | None = None) -> None:
        named = app or APP
        if not _NAMED.fullmatch(named):
            raise BadInput(f"fal has no app {app!r}: write fal:owner/app, such as fal:{APP}")
        parts = named.split("/")
        # A job is asked for without the endpoint's path: fal answers 405 to the whole name.
        self._jobs = "/".join(parts[: 3 if parts[0] in _SPACES else 2])
        self.name = f"fal:{named}"
        self._app, self._takes = known(named)
        sized = "aspect_ratio" if self._takes.ratios else "image_size"
        self._server = _server_of(self.name, options or Options(), RESERVED | {sized})
        self._abilities = self._server.declared(
            Abilities(
                accepts=OPTIONS | {"local_urls"} | self._takes.takes,
                ratios=self._takes.ratios,
                edit=self._takes.edit,
                seeds=self._takes.seeds,
                jobs="collect",
            )
        )

    @property
    def abilities(self) -> Abilities:
        """What this painter can do, settled when it was made."""
        return self._abilities

    async def check(self) -> None:
        """See that there is a key.

        Raises:
            BadInput: there is none.
        """
        await asyncio.to_thread(self._server.key)

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
        headers, (url, body) = await asyncio.to_thread(lambda: (self._headers(), self._order(request)))
        async with opened(headers) as session:
            answer = await ask(session, "POST", url, min(SUBMIT_SECONDS, self._server.seconds), body=body)
        if fault := failure(answer, self.name):
            raise fault
        job = answer.json.get("request_id")
        if not isinstance(job, str) or not _JOB.fullmatch(job):
            what = answer.odd or f"it answered {answer.status} without an id"
            lost = f"{self.name} may have accepted the request, but its id was lost ({what})."
            raise ProviderFault(lost, retryable=True, unsure=True)
        return job

    async def collect(self, job: str, progress: Progress | None = None) -> PaintResult:
        """Wait for a job and fetch its picture. Lost connections and 5xx are waited out, as asking is free.

        Raises:
            BadInput: as `check`, or `job` is no id.
            ProviderFault: retryable while the job may still end well; `unsure` when it is lost and may have been paid.
        """
        headers = await asyncio.to_thread(self._headers)
        if not _JOB.fullmatch(job):
            raise BadInput(f"{job[:40]!r} is no id of a job at {self.name}: see the ledger")
        started = time.perf_counter()
        try:
            async with asyncio.timeout(self._server.seconds), alive(progress), opened(headers) as session:
                ended = await self._waited(session, job)
                result = await self._fetched(session, job, ended)
        except TimeoutError:
            late = (
                f"{self.name} was not done after {self._server.seconds:g} seconds; its job is kept and asked for again."
            )
            raise ProviderFault(late, retryable=True) from None
        return replace(result, seconds=time.perf_counter() - started)

    def _headers(self) -> dict[str, str]:
        key = self._server.key()
        return {"Authorization": f"Key {key}"} if key else {}

    def _order(self, request: PaintRequest) -> tuple[str, dict[str, Any]]:
        """Where to send a request, and its body. A source is decoded for it, so not on the event loop."""
        takes = self._takes
        ending = takes.words if request.source is None else takes.picture
        if ending is None:
            raise BadInput(f"{self.name} cannot start from a picture: leave it out, or choose another app")
        body: dict[str, Any] = {"prompt": request.prompt, "num_images": 1, "output_format": "png"}
        body |= {name: value for name in ("seed", "strength") if (value := getattr(request, name)) is not None}
        body |= {called: value for name, called in FIELDS.items() if (value := getattr(request, name)) is not None}
        if request.source is not None:
            picture = data_uri(request.source)
            body[takes.source] = [picture] if takes.source.endswith("s") else picture
        if request.size is not None and takes.ratios:
            body["aspect_ratio"] = nearest(request.size, takes.ratios)
        elif request.size is not None and request.source is None:
            body["image_size"] = {"width": request.size[0], "height": request.size[1]}
        return f"{self._server.base}/{self._app}{ending}", {**body, **self._server.extra}

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
            if answer.status == 200 and not answer.odd:
                return await self._pictured(answer)
            if answer.status in (400, 422):
                # fal bills these where a runner had begun (its FAQ), and they would only come again.
                return self._answered("ok", None, {}, (f"the job ended with {answer.status}: {said(answer)}",))
            if ended.get("error") or is_final(answer):
                raise ProviderFault(f"{self.name} failed: {why(answer, ended)}. Nothing was billed for the job.")
            self._refuse_lost(answer)
            await asyncio.sleep(max(POLL_SECONDS[0], answer.retry_after or 0.0))
        what = answer.trouble or answer.odd or f"status {answer.status}"
        raise ProviderFault(f"{self.name} has painted, but does not hand out the result ({what}).", retryable=True)

    async def _pictured(self, answer: Answer) -> PaintResult:
        image = first_image(answer.json)
        if is_nsfw(answer.json):
            return self._answered("blocked", None, answer.json, ("it was taken for unsafe",))
        url = image.get("url")
        if not isinstance(url, str):
            return self._answered("ok", None, answer.json, (f"its answer holds no image: {said(answer)}",))
        data = await self._server.picture(url)
        return self._answered("ok", data, answer.json, ())

    def _answered(
        self, outcome: Outcome, data: bytes | None, answer: Mapping[str, Any], notes: tuple[str, ...]
    ) -> PaintResult:
        image, seed = first_image(answer), answer.get("seed")
        params: dict[str, Any] = {"model": self.name.removeprefix("fal:")}
        width, height, usd = image.get("width"), image.get("height"), None
        if isinstance(width, int) and isinstance(height, int):
            params["size"] = [width, height]
            usd = self._abilities.price((width, height))
        return PaintResult(outcome, data, seed if isinstance(seed, int) else None, params, notes, usd=usd)

    def _refuse_lost(self, answer: Answer) -> None:
        """Raise where waiting cannot help: the key is refused, or the job is not known (any more)."""
        if answer.status in (401, 402, 403):
            raise provider_fault(answer.error(), self.name)
        if 400 <= answer.status < 500 and answer.status not in (408, 409, 425, 429):
            gone = f"{self.name} does not know the job (any more), status {answer.status}; it may have been paid for."
            raise ProviderFault(gone, unsure=True)

    def _at(self, job: str, what: str = "") -> str:
        """The address of a job, never one that an answer names: the key goes there."""
        return f"{self._server.base}/{self._jobs}/requests/{job}{what}"


def open_painter(
    model: str = "",
    *,
    timeout: float | None = None,
    base_url: str | None = None,
    api_key_env: str | None = None,
    extra_body: Mapping[str, Any] | None = None,
    local_urls: bool | None = None,
) -> FalPainter:
    """Make the painter behind "fal:<app>".

    Raises:
        BadInput: as FalPainter.
    """
    return FalPainter(model, Options(timeout, base_url, api_key_env, extra_body, local_urls))


def _server_of(name: str, options: Options, reserved: frozenset[str]) -> Endpoint:
    base = options.base_url or os.environ.get("FAL_BASE_URL") or None
    server = endpoint(name, BASE, KEYS, replace(options, base_url=base), reserved)
    named = options.base_url or options.api_key_env
    return server if named else replace(server, keys=KEYS)  # FAL_BASE_URL and FAL_KEY belong together
