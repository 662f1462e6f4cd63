"""Who cannot be asked is named: for lack of room in the caps, or because the model cannot do the job."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from overpaint.run import arefine, stream
from overpaint.tools.backends.vision_loading import refuse_blind
from overpaint.tools.faults import BadInput, ProviderFault
from tests.graph.test_faults import Moody, moody

__all__ = ["moody"]

BRIEF = "a red circle above a blue square"


@pytest.mark.slow
async def test_a_writer_that_no_cap_leaves_room_for_is_named() -> None:
    told = [e async for e in stream(BRIEF, settings={"max_calls": 1, "max_images": 1, "seed": 1})]
    warned = [e["text"] for e in told if e["kind"] == "warning"]
    assert sorted(text.split(" (")[0] for text in warned) == ["the writer was not asked"] * 2
    assert all("max_calls" in text for text in warned)


@pytest.mark.slow
async def test_a_round_that_failed_tells_why_in_the_painters_words(moody: Moody) -> None:
    moody.always = ProviderFault("moody says that it is too dark")
    run = await arefine(BRIEF, settings={"painter": "moody", "max_images": 2, "per_round": 2, "seed": 1})
    assert run.status == "failed"
    assert run.why.endswith("moody says that it is too dark")


@pytest.mark.parametrize(
    ("config", "role", "told"),
    [
        ({"model_type": "blip", "vision_config": {}}, "judge", "only puts pictures into words"),
        ({"model_type": "blip-2", "vision_config": {}}, "critic", "only puts pictures into words"),
        ({"model_type": "blip", "vision_config": {}}, "captioner", None),
        ({"model_type": "llama"}, "judge", "takes no pictures"),
        ({"model_type": "llava", "vision_config": {}}, "judge", None),
        (None, "judge", None),
    ],
)
def test_a_local_model_that_cannot_judge_is_refused_by_its_folder_alone(
    config: dict[str, Any] | None, role: str, told: str | None, tmp_path: Path
) -> None:
    (tmp_path / "config.json").write_text("{" if config is None else json.dumps(config))
    if told is None:
        refuse_blind(f"transformers:{tmp_path}", role)
        return
    with pytest.raises(BadInput, match=told):
        refuse_blind(f"transformers:{tmp_path}", role)
