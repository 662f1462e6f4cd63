"""What came of runs, in the shape of OpenAI's images API: pictures, usage, events of a stream."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

from overpaint.graph.record import Record
from overpaint.graph.state import add_receipts
from overpaint.result import Run
from overpaint.server.openai_errors import ApiError
from overpaint.server.openai_request import Asked
from overpaint.tools.call_log import read_calls
from overpaint.tools.database import open_database
from overpaint.tools.home import current_home
from overpaint.tools.images import ImageRef, ImageStore
from overpaint.tools.links import picture_path
from overpaint.tools.picture_formats import converted

_MIMES = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp"}
_MOST_CALLS = 100_000


@dataclass(frozen=True)
class Answer:
    """How a request wants its pictures.

    Args:
        asked: the request.
        server: the address that links begin with, without a slash at its end.
    """

    asked: Asked
    server: str

    async def response(self, runs: Sequence[Run], *, varied: bool, failed: Sequence[str]) -> dict[str, Any]:
        """The body of an answer that is no stream.

        Args:
            runs: what the request came to.
            varied: every picture of the first round is delivered, not the champion.
            failed: why runs came to nothing, which others made up for.

        Raises:
            ApiError: there is no picture at all.
        """
        found = [(run, record) for run in runs for record in _delivered(run, varied=varied)]
        if not found:
            raise no_picture(runs[0])
        shown = [await self._shown(run, record) for run, record in found]
        first = shown[0]
        return {
            "created": int(time.time()),
            "data": [{key: value for key, value in one.items() if key not in ("size", "format")} for one in shown],
            "output_format": first["format"],
            "size": first["size"],
            "usage": await usage_of(runs),
            "overpaint": {
                "passed": _all_passed([one["overpaint"]["passed"] for one in shown]),
                "receipt": reduce(add_receipts, [run.receipt for run in runs]),
                "failed": [*failed, *(_reason(run) for run in runs if not _delivered(run, varied=varied))],
            },
        }

    async def completed(self, run: Run, kind: str) -> dict[str, Any]:
        """The last event of a stream.

        Raises:
            ApiError: there is no picture.
        """
        if run.champion is None or run.champion["image"] is None:
            raise no_picture(run)
        shown = await self._shown(run, run.champion)
        return {
            **self._event(f"{kind}.completed", shown),
            "usage": await usage_of([run]),
            "revised_prompt": shown["revised_prompt"],
            "overpaint": shown["overpaint"],
        }

    async def partial(self, ref: ImageRef, index: int, kind: str, told: dict[str, Any]) -> dict[str, Any]:
        """The event that shows a new champion."""
        shown = await self._picture(ref)
        return {**self._event(f"{kind}.partial_image", shown), "partial_image_index": index, "overpaint": told}

    def _event(self, kind: str, shown: dict[str, Any]) -> dict[str, Any]:
        return {
            "type": kind,
            "b64_json": shown["b64_json"],
            "created_at": int(time.time()),
            "size": shown["size"],
            "quality": "auto",
            "background": "auto",
            "output_format": shown["format"],
        }

    async def _shown(self, run: Run, record: Record) -> dict[str, Any]:
        verdict, image = record["verdict"], record["image"]
        assert image is not None, "only candidates with a picture are delivered"
        lacks = [belief.get("text", belief["requirement"]) for belief in _missed(record)]
        about = {
            "run": run.run,
            "thread": run.thread,
            "candidate": record["id"],
            "status": run.status,
            "why": _reason(run),
            "passed": verdict["passed"] if verdict else None,
            "score": verdict["score"] if verdict else None,
            "lacks": lacks,
            "seed": record["seed"],
            "prompt": record["prompt"],
            "link": await self._link(image),
            "receipt": run.receipt,
        }
        return {**await self._picture(image), "revised_prompt": whole_prompt(run, record), "overpaint": about}

    async def _picture(self, ref: ImageRef) -> dict[str, Any]:
        """A picture as the request wants it: base64 or a link, its format and its size."""
        store = ImageStore(await asyncio.to_thread(current_home) / "images")
        data, mime = await store.load(ref["sha256"]), ref["mime"]
        wanted = _MIMES.get(self.asked.output_format or "", mime if mime in _MIMES.values() else "image/png")
        if wanted != mime:
            data = await asyncio.to_thread(converted, data, wanted)
            ref = await store.name(data)
        said = {"format": wanted.removeprefix("image/"), "size": f"{ref['width']}x{ref['height']}"}
        if self.asked.response_format != "url":
            return {**said, "b64_json": await asyncio.to_thread(_base64, data)}
        await store.keep(ref, data)
        return {**said, "url": await self._link(ref)}

    async def _link(self, ref: ImageRef) -> str:
        return self.server + await asyncio.to_thread(picture_path, ref)


def whole_prompt(run: Run, record: Record) -> str | None:
    """The prompt of the whole picture: an edit's own names only what was repainted.

    Nobody wrote one for a picture that was given; the prompt of what was changed then says most, if anything was.
    """
    by_id, own = {each["id"]: each for each in run.candidates}, record["prompt"]
    while record["action"] in ("edit", "rejudge") and (parent := by_id.get(record["parent"] or "")) is not None:
        record = parent
    return record["prompt"] or own or None


def no_picture(run: Run) -> ApiError:
    """Why there is nothing to answer with."""
    outcomes = {record["outcome"]: record["reason"] for record in run.candidates}
    if run.error or run.stop_reason == "provider":
        return ApiError(f"{_reason(run)} (run {run.run})", status=502)
    if run.status == "waiting":
        return ApiError(f"run {run.run} waits for a person before anything is painted", code="waiting_for_a_person")
    if run.status == "interrupted":
        return ApiError(f"run {run.run} was interrupted, and can be resumed", status=503, code="interrupted")
    if "blocked" in outcomes:
        return ApiError(f"the provider refused: {outcomes['blocked']}", code="moderation_blocked", param="prompt")
    return ApiError(f"there is no picture: {_reason(run)} (run {run.run})", status=500, code="no_picture")


async def usage_of(runs: Sequence[Run]) -> dict[str, Any]:
    """The tokens of all model calls (writing, judging, criticising); pictures are in the receipt."""
    database = await asyncio.to_thread(open_database)
    calls = [call for run in runs for call in await read_calls(database, run.run, _MOST_CALLS)]
    sent = sum(call.input_tokens or 0 for call in calls)
    answered = sum(call.output_tokens or 0 for call in calls)
    return {
        "input_tokens": sent,
        "input_tokens_details": {"text_tokens": sent, "image_tokens": 0},
        "output_tokens": answered,
        "total_tokens": sent + answered,
    }


def sse(event: dict[str, Any]) -> str:
    """An event as one server-sent event, named by its type."""
    return f"event: {event['type']}\ndata: {json.dumps(event)}\n\n"


def _delivered(run: Run, *, varied: bool) -> list[Record]:
    if varied:
        return [r for r in run.candidates if r["action"] == "start" and r["outcome"] == "ok"]
    return [run.champion] if run.champion and run.champion["image"] else []


def _all_passed(verdicts: list[bool | None]) -> bool | None:
    """None where nothing failed and something was not judged."""
    return False if False in verdicts else None if None in verdicts else True


def _missed(record: Record) -> list[Any]:
    verdict = record["verdict"]
    return [belief for belief in verdict["beliefs"] if belief["answer"] != "yes"] if verdict else []


def _reason(run: Run) -> str:
    return run.error or run.why or run.status


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
