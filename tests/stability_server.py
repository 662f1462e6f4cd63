"""Stability's REST API (v2beta) on loopback, which counts what was paid, and misbehaves (see image_servers)."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.image_servers import ImageServer, Place, Raw, serving
from tests.servers import Request

GENERATE = "/v2beta/stable-image/generate/"


@dataclass
class Stability(ImageServer):
    """POST /v2beta/stable-image/generate/sd3, core and ultra, with a form; answered with the bytes of the picture.

    Args:
        finish: why the work ended.
        as_json: the picture comes inside JSON, as where application/json was asked for.
    """

    finish: str = "SUCCESS"
    as_json: bool = False

    def place(self, request: Request) -> Place | None:
        asked = request.path.removeprefix(GENERATE)
        return "paint" if request.method == "POST" and asked in ("sd3", "core", "ultra") else None

    def reply(self, place: Place, request: Request) -> tuple[int, Any]:
        if not request.headers.get("content-type", "").startswith("multipart/form-data"):
            return 400, {"id": "1", "name": "bad_request", "errors": ["content-type: must be multipart/form-data"]}
        work = self.accept(request)
        self.at("accepted", request)
        time.sleep(max(0.0, work.since + self.delay - time.monotonic()))
        picture, seed = self.bytes_of(work), work.seed or 4
        if self.as_json:
            return 200, {"image": base64.b64encode(picture).decode(), "finish_reason": self.finish, "seed": seed}
        return 200, Raw(picture, {"Content-Type": "image/png", "finish-reason": self.finish, "seed": str(seed)})


@contextmanager
def stability_images(**options: Any) -> Iterator[Stability]:
    """Serve it; `options` are those of Stability and ImageServer."""
    server = Stability(**options)
    with serving(server):
        yield server
