"""The painting tool over the built-in painter: real pictures, repeated by seed and edited in place."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from overpaint.tools.database import open_database
from overpaint.tools.gate import gate
from overpaint.tools.generate_image import Painting, make_generate_image
from overpaint.tools.images import ImageStore
from overpaint.tools.ledger import Ledger
from overpaint.tools.painters import get_painter


@pytest.mark.slow
async def test_a_real_picture_is_painted_repeated_and_edited(tmp_path: Path) -> None:
    images, steps = ImageStore(tmp_path / "images"), list[tuple[int, int]]()
    painter = get_painter("shapes")
    tool = make_generate_image(
        painter,
        images,
        Ledger(open_database(f"sqlite:///{tmp_path}/overpaint.db")),
        lambda step, of: steps.append((step, of)),
    )

    async def paint(**args: Any) -> tuple[str, bytes]:
        message = await tool.ainvoke({"type": "tool_call", "id": "1", "name": "generate_image", "args": args})
        painting: Painting = message.artifact
        assert painting["outcome"] == "ok"
        assert painting["painted"]
        assert painting["usd"] == 0
        assert painting["image"] is not None
        return painting["image"]["sha256"], await images.load(painting["image"]["sha256"])

    sha256, data = await paint(prompt="a large red circle in the top left", seed=3)
    assert steps[-1][0] == steps[-1][1]
    assert gate(data, wanted=(64, 64), earlier=[])[0] == "ok"
    assert (await paint(prompt="a large red circle in the top left", seed=3))[0] == sha256
    _, edited = await paint(
        prompt="a large blue square in the bottom right", seed=4, source=sha256, boxes=[[0.5, 0.5, 1, 1]]
    )
    assert gate(edited, wanted=(64, 64), earlier=[data])[0] == "ok"
    before, after = (Image.open(BytesIO(each)).convert("RGB") for each in (data, edited))
    assert before.crop((0, 0, 64, 32)).tobytes() == after.crop((0, 0, 64, 32)).tobytes()
    assert before.crop((32, 32, 64, 64)).tobytes() != after.crop((32, 32, 64, 64)).tobytes()
