"""NVIDIA's image models on loopback, hosted and as a NIM, which count what was paid, and misbehave (see image_servers).

with nvidia_genai() as server:
    painter = get_painter("nvidia:black-forest-labs/flux.1-dev", base_url=server.url)  # a NIM: POST /v1/infer
"""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from tests.image_servers import ImageServer, Place, Raw, serving
from tests.servers import Request


@dataclass
class NvidiaGenAI(ImageServer):
    """POST /v1/genai/publisher/model and POST /v1/infer; GET /v1/status/ID.

    Args:
        shape: how a picture is handed over: in "artifacts", or as "image", as some SD3 models do.
        aside: how often a request is put aside first: 202 and an id to ask by.
        finish: why the work ended.
    """

    shape: Literal["artifacts", "image"] = "artifacts"
    aside: int = 0
    finish: str = "SUCCESS"

    def place(self, request: Request) -> Place | None:
        if request.method == "POST":
            return "paint" if request.path.startswith(("/v1/genai/", "/v1/infer")) else None
        return "status" if request.path.startswith("/v1/status/") else None

    def reply(self, place: Place, request: Request) -> tuple[int, Any]:
        work = self.accept(request) if place == "paint" else self.job(request.path.removeprefix("/v1/status/"))
        if work is None:
            return 404, {"status": 404, "title": "Not Found", "detail": "No such request."}
        self.at("accepted" if place == "paint" else "status", request)
        time.sleep(max(0.0, work.since + self.delay - time.monotonic()))
        if self.aside:
            self.aside -= 1
            return 202, Raw(b"", {"NVCF-REQID": work.job, "NVCF-STATUS": "pending-evaluation"})
        encoded = base64.b64encode(self.bytes_of(work)).decode()
        if self.shape == "image":
            return 200, {"image": encoded}
        return 200, {"artifacts": [{"base64": encoded, "finishReason": self.finish, "seed": work.seed or 4}]}


@contextmanager
def nvidia_genai(**options: Any) -> Iterator[NvidiaGenAI]:
    """Serve it; `options` are those of NvidiaGenAI and ImageServer."""
    server = NvidiaGenAI(**options)
    with serving(server):
        yield server
