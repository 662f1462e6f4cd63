"""Our routes and our loop in a FastAPI app of your own, with MIT-licensed code alone: no LangGraph server.

The app has /images, /v1 (the images API), /mcp, the page to look at runs, and a route of yours that paints.
Serve it with `uvicorn embedding:app`. Without a LangGraph server the page shows runs and cannot start them.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from fastapi import FastAPI

import overpaint
from overpaint.server.app import app as painting


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """A mounted app is started and stopped by the one around it."""
    async with painting.router.lifespan_context(painting):
        yield


app = FastAPI(lifespan=lifespan)


@app.post("/posters")
async def make_poster(shape: str) -> dict[str, Any]:
    """Your own route: paints, and says where the picture is."""
    run = await overpaint.arefine(f"one large {shape} in the center", settings={"max_images": 2, "seed": 1})
    image = run.champion["image"] if run.champion else None
    return {"run": run.run, "status": run.status, "picture": f"/images/{image['sha256']}" if image else None}


app.mount("/", painting)  # last, since it takes every path that is left


async def main() -> dict[str, Any]:
    """Use both kinds of routes, as a browser would."""
    transport = httpx.ASGITransport(app)
    async with lifespan(app), httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as web:
        made = (await web.post("/posters", params={"shape": "red circle"}, timeout=60)).json()
        picture = await web.get(made["picture"])
        models = (await web.get("/v1/models")).json()
    print(made, picture.headers["content-type"], [model["id"] for model in models["data"]])
    return {**made, "type": picture.headers["content-type"], "models": models}


if __name__ == "__main__":
    result = asyncio.run(main())
