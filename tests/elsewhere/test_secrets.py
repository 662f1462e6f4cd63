"""No key leaves the process but in the header of a request: nothing that is kept, printed, traced or exported holds one."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from overpaint.cli import main
from tests.elsewhere.aimock import Aimock
from tests.elsewhere.scripted import BRIEF, noise, script, settings
from tests.elsewhere.wire import Wire, passed_on, repeating_the_key, wire
from tests.image_servers import blocks
from tests.servers import collector, traced

pytestmark = pytest.mark.slow

KEY = "topaz.quartz.9f3b1c77"
"""Like no provider's, so that only one who knows it can take it out."""


Run = Callable[..., int]


@dataclass
class Told:
    """All that a test's commands have left behind.

    Args:
        folder: where everything is written.
        said: stdout, stderr and the log.
        traces: what was sent to LangSmith.
    """

    folder: Path
    said: str = ""
    traces: bytes = b""

    def places_of(self, key: str) -> list[str]:
        """Where a key is found, with what stands around it."""
        files = [path for path in self.folder.rglob("*") if path.is_file() and path.name != "a.key"]
        held = {str(path.relative_to(self.folder)): path.read_bytes() for path in files}
        held |= {"output": self.said.encode(), "traces": self.traces}
        around = rb"(?s).{0,300}" + re.escape(key.encode()) + rb".{0,100}"
        found = {place: re.search(around, data) for place, data in held.items()}
        return [f"{place}: {match[0]!r}" for place, match in found.items() if match]


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Told:
    monkeypatch.chdir(tmp_path)
    return Told(tmp_path)


@pytest.fixture
def run(told: Told, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> Iterator[Run]:
    """Runs commands, and writes down what they say."""
    caplog.set_level(logging.INFO)
    with collector() as traces:

        def command(*argv: str) -> int:
            with traced(traces):
                code = main(list(argv))
            spoken = capsys.readouterr()
            told.said += spoken.out + spoken.err + caplog.text
            told.traces = b"".join(traces.bodies)
            return code

        yield command


def given(values: Mapping[str, object]) -> list[str]:
    return [part for name, value in values.items() for part in ("--set", f"{name}={value}")]


def hand_over(how: str, variable: str, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set a key in the environment, or name a file that holds it."""
    if how == "file":
        file = Path("a.key").absolute()
        file.write_text(f"{key}\n")
        monkeypatch.setenv(f"{variable}_FILE", str(file))
    else:
        monkeypatch.setenv(variable, key)


def test_a_run_and_all_that_can_be_asked_of_it(
    aimocks: list[Aimock], run: Run, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = {"OPENAI_API_KEY": f"{KEY}.1", "NVIDIA_API_KEY": f"{KEY}.2", "JUDGE_KEY": f"{KEY}.3"}
    hand_over("file", "OPENAI_API_KEY", keys["OPENAI_API_KEY"], monkeypatch)
    hand_over("variable", "NVIDIA_API_KEY", keys["NVIDIA_API_KEY"], monkeypatch)
    hand_over("variable", "JUDGE_KEY", keys["JUDGE_KEY"], monkeypatch)
    script(aimocks, noise(1), noise(2))
    with ExitStack() as opened:
        lines = [opened.enter_context(wire(passed_on(mock.root))) for mock in aimocks]
        assert run("refine", BRIEF, *given(settings(*(line.base_url for line in lines)))) == 0
    assert run("show", "--json") == 0
    assert run("show", "--calls", "50") == 0
    assert run("history") == 0
    assert run("export", "1.0", "--to", "given-away") == 0
    run("doctor")
    sent = {request.headers["authorization"] for line in lines for request in line.requests}
    assert sent == {f"Bearer {key}" for key in keys.values()}
    assert list(Path("given-away").iterdir())
    assert b"generate_image" in told.traces
    assert told.places_of("a blue square"), "what is looked for would be found"
    assert told.places_of(KEY) == []


PAINTERS = {
    "openai:any": ("OPENAI_API_KEY", "file"),
    "fal:owner/app": ("FAL_API_KEY", "variable"),
    "nvidia:black-forest-labs/flux.1-dev": ("NVIDIA_API_KEY", "file"),
    "stability:sd3.5-large": ("STABILITY_API_KEY", "variable"),
    "hf:hf-inference/black-forest-labs/FLUX.1-dev": ("HF_TOKEN", "file"),
}
STATUS = pytest.mark.parametrize("status", [400, 401])


def check_silence(told: Told, line: Wire) -> None:
    """The server was sent the key and repeated it; what it said is kept without the key, which is nowhere."""
    assert line.requests
    assert all(KEY in request.headers["authorization"] for request in line.requests)
    assert all(KEY.encode() in body for _, body in line.replies)
    assert told.places_of("[key]")
    assert told.places_of(KEY) == []


@STATUS
@pytest.mark.parametrize(("painter", "key"), PAINTERS.items(), ids=PAINTERS.keys())
def test_a_painters_server_that_repeats_the_key(
    painter: str, key: tuple[str, str], status: int, run: Run, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand_over(key[1], key[0], KEY, monkeypatch)
    with wire(repeating_the_key(status)) as line:
        server = {"painter_base_url": line.base_url, "painter_api_key_env": key[0]}
        asked = {"painter": painter, **server, "max_images": 1}
        assert run("refine", "a red circle", *given(asked)) in (1, 3)
    assert run("show", "--json") == 0
    check_silence(told, line)


@STATUS
@pytest.mark.parametrize("model", ["openai:any", "nvidia:any/any"])
@pytest.mark.parametrize("role", ["writer", "judge", "captioner"])
def test_a_chat_server_that_repeats_the_key(
    role: str, model: str, status: int, run: Run, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand_over("file" if status == 400 else "variable", "A_KEY_OF_MINE", KEY, monkeypatch)
    Path("given.png").write_bytes(blocks("given"))
    about = {"writer": ["a red circle"], "judge": ["a red circle", "--image", "given.png"]}
    with wire(repeating_the_key(status)) as line:
        asked = {role: model, f"{role}_base_url": line.base_url, f"{role}_api_key_env": "A_KEY_OF_MINE"}
        assert run("refine", *about.get(role, ["--image", "given.png"]), *given(asked)) == 3
    if role != "captioner":  # without a brief there is no run
        assert run("show", "--calls", "9") == 0
    check_silence(told, line)
