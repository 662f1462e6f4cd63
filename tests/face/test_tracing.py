"""Whole runs traced to a LangSmith-shaped server: every node and tool, the metadata, the judge's score, no picture."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from overpaint.graph.settings import load_preset, merge
from overpaint.prompts import names
from overpaint.run_metadata import settings_hash
from overpaint.tracing import agent, without_pictures
from tests.langsmith_server import LangSmith, langsmith_server

KEYS = {"LANGSMITH_API_KEY": "lsv2-of-this-test", "OPENAI_API_KEY": "sk-of-this-test", "MY_TOKEN": "topaz.quartz.9f3b"}
NODES = {"intake", "upsample", "specify", "decide", "generate", "judge", "critique", "deliver"}
INVOKED = """
import asyncio, sys
from langchain_core.messages import HumanMessage
from overpaint.graph.flow import graph
from overpaint.tracing import agent
blocks = [{"type": "text", "text": "a red circle"}, {"type": "image", "base64": sys.argv[2], "mime_type": "image/png"}]
asked = {"messages": [HumanMessage(blocks)]}
served = {"served": agent, "bare": lambda: graph}[sys.argv[1]]()
asyncio.run(served.ainvoke(asked, context={"seed": 1, "max_images": 1}))
"""


@pytest.fixture
def langsmith() -> Iterator[LangSmith]:
    with langsmith_server() as server:
        yield server


def run_traced(langsmith: LangSmith, *command: str) -> subprocess.CompletedProcess[str]:
    """A process of its own, since LangSmith reads the environment once; when it ends, all has been sent."""
    tracing = {"LANGSMITH_TRACING": "true", "LANGSMITH_ENDPOINT": langsmith.url, "LANGSMITH_PROJECT": "paintings"}
    env = os.environ | tracing | KEYS
    return subprocess.run([sys.executable, *command], env=env, capture_output=True, text=True, timeout=100, check=False)


def encoded(text: bytes) -> list[bytes]:
    """What looks like a picture: a long data: URL, or a long word of base64."""
    return re.findall(rb"data:[\w/+.-]+;base64,[\w+/=]{80,}|(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{200,}", text)


def noise() -> bytes:
    """A picture that does not get smaller than some 12 KB."""
    data = io.BytesIO()
    Image.effect_noise((128, 128), 90).save(data, "PNG")
    return data.getvalue()


@pytest.mark.slow
def test_a_whole_run_is_traced_without_pictures_or_keys(langsmith: LangSmith, home: Path, tmp_path: Path) -> None:
    """It starts from a picture that shows nothing of what is asked, so the critic has something to say."""
    start = tmp_path / "start.png"
    start.write_bytes(noise())
    asked = ("refine", "a red circle", "--image", str(start), "--set", "seed=1", "--set", "max_images=4")
    said = run_traced(langsmith, "-m", "overpaint", *asked)
    assert said.returncode == 0, said.stderr
    everything = b"".join(langsmith.payloads)
    pictures = list((home / "images").rglob("*.png"))
    assert len(pictures) > 1
    for picture in pictures:
        assert picture.stem.encode() in everything
        assert picture.read_bytes()[50:90] not in everything
        assert base64.b64encode(picture.read_bytes())[40:120] not in everything
    assert encoded(everything) == []
    assert not [name for name, key in KEYS.items() if key.encode() in everything]

    assert {run["name"] for run in langsmith.runs.values()} >= NODES
    for tool in ("generate_image", "inspect_image"):
        assert "tool" in {run["run_type"] for run in langsmith.named(tool)}
    assert all(run.get("end_time") and not run.get("error") for run in langsmith.runs.values())

    (root,) = langsmith.roots
    settings = merge(load_preset("default"), {"seed": 1, "max_images": 4}).kept
    about = root["extra"]["metadata"]
    assert about["overpaint_settings"] == settings_hash(settings)
    assert about["overpaint_preset"] == "default"
    assert about["overpaint_painter"] == about["overpaint_judge"] == "shapes"
    assert about["overpaint_version"] == "0.1.0"
    assert set(about["overpaint_prompts"]) == set(names())

    given = {one["key"]: one["score"] for one in langsmith.feedback}
    assert given == {"judge_score": 1.0, "passed": 1.0}
    assert {one["run_id"] for one in langsmith.feedback} == {root["id"]}
    assert {one["session_id"] for one in langsmith.feedback} == {langsmith.projects["paintings"]["id"]}


@pytest.mark.slow
@pytest.mark.parametrize("how", ["served", "bare"])
@pytest.mark.long
def test_a_picture_in_a_chat_message_is_traced_by_its_hash(langsmith: LangSmith, home: Path, how: str) -> None:
    picture = noise()
    said = run_traced(langsmith, "-c", INVOKED, how, base64.b64encode(picture).decode())
    assert said.returncode == 0, said.stderr
    everything = b"".join(langsmith.payloads)
    sha256 = hashlib.sha256(picture).hexdigest()
    assert (home / "images" / sha256[:2] / f"{sha256}.png").exists()
    assert {run["name"] for run in langsmith.runs.values()} >= {"agent", "intake", "judge", "inspect_image"}
    assert encoded(everything) == []
    assert sha256.encode() in everything


def test_the_graph_is_served_as_it_is_while_tracing_is_off() -> None:
    from overpaint.graph.flow import graph

    assert agent() is graph


DATA = base64.b64encode(bytes(range(256))).decode()
BROKEN = base64.encodebytes(bytes(range(256))).decode()
URL_SAFE = base64.urlsafe_b64encode(bytes(range(256))).decode()
HASH = f"sha256:{hashlib.sha256(bytes(range(256))).hexdigest()}"


@pytest.mark.parametrize(
    ("block", "traced"),
    [
        ({"type": "image", "base64": DATA}, {"type": "image", "base64": HASH}),
        ({"source_type": "base64", "data": DATA}, {"source_type": "base64", "data": HASH}),
        ({"image_url": {"url": f"data:image/png;base64,{DATA}"}}, {"image_url": {"url": HASH}}),
        ({"image_url": f"see data:image/svg+xml;charset=utf-8;base64,{DATA}."}, {"image_url": f"see {HASH}."}),
        ({"source": {"type": "base64", "data": DATA}}, {"source": {"type": "base64", "data": HASH}}),
        ({"mimeType": "image/png", "data": DATA}, {"mimeType": "image/png", "data": HASH}),
        ({"url": "data:image/png;base64,AA="}, {"url": "[data]"}),
        ({"data": BROKEN}, {"data": f"{HASH}\n"}),
        ({"data": BROKEN.replace("\n", "\r\n")}, {"data": f"{HASH}\r\n"}),
        ({"url": f"data:image/png;base64,{BROKEN}"}, {"url": f"{HASH}\n"}),
        ({"url": f"see data:image/png;base64,{DATA} here"}, {"url": f"see {HASH} here"}),
        ({"data": URL_SAFE}, {"data": HASH}),
        ({"url": f"data:image/png;base64,{URL_SAFE.rstrip('=')}"}, {"url": HASH}),
    ],
)
def test_pictures_in_messages_are_named_by_the_hash_of_their_bytes(block: Any, traced: Any) -> None:
    assert without_pictures({"messages": [[block, 1, None]]}) == {"messages": [[traced, 1, None]]}


@pytest.mark.parametrize(
    "text",
    [
        "a red circle above a blue square",
        "0123456789abcdef" * 4,
        f"file:///{'a-deep/folder_of/' * 20}image.png",
        "ha" * 90,
        "a fox reads a newspaper by a lake " * 20,
        "\n".join(["0123456789abcdef" * 4] * 2),
        "data:,",
    ],
)
def test_other_text_stays_as_it_is(text: str) -> None:
    assert without_pictures({"text": text}) == {"text": text}
