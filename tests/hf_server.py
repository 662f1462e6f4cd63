"""Hugging Face's router and an endpoint of one's own on loopback, which count what was paid (see image_servers).

Each provider behind the router answers in its own shape: hf-inference with the bytes of a picture, together and nscale
with base64, fal-ai and replicate with an address.
"""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.image_servers import ImageServer, Paid, Place, Raw, fields, serving
from tests.servers import Request


@dataclass
class HuggingFace(ImageServer):
    """POST /PROVIDER/…, and POST / for an endpoint of one's own."""

    def place(self, request: Request) -> Place | None:
        if request.method == "POST":
            return "paint"
        return "picture" if request.path.startswith("/pictures/") else None

    def accept(self, request: Request) -> Paid:
        asked = fields(request)
        asked = {**asked, **asked.get("input", {})}
        prompt, seed = asked.get("inputs", asked.get("prompt")), asked.get("parameters", asked).get("seed")
        with self.lock:
            job = f"{len(self.paid):04d}-{hashlib.sha256(request.raw).hexdigest()[:12]}"
            work = Paid(str(prompt), seed, None, request.headers, asked, job, time.monotonic())
            self.paid.append(work)
        return work

    def reply(self, place: Place, request: Request) -> tuple[int, Any]:
        work = self.accept(request)
        self.at("accepted", request)
        time.sleep(max(0.0, work.since + self.delay - time.monotonic()))
        picture, provider = self.bytes_of(work), request.path.split("/")[1]
        encoded = base64.b64encode(picture).decode()
        if provider == "fal-ai":
            return 200, {"images": [{"url": self.address(work)}], "seed": work.seed, "has_nsfw_concepts": [False]}
        if provider == "replicate":
            return 201, {"status": "succeeded", "output": [self.address(work)]}
        if provider in ("together", "nscale"):
            return 200, {"data": [{"b64_json": encoded}]}
        return 200, Raw(picture, {"Content-Type": "image/png"})


@contextmanager
def hugging_face(**options: Any) -> Iterator[HuggingFace]:
    """Serve it; `options` are those of ImageServer."""
    server = HuggingFace(**options)
    with serving(server):
        yield server
