"""Prompt texts that a user's own replace: those of conversations, of the default methods and of the socratic method."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from jinja2 import TemplateError, meta
from jinja2.sandbox import SandboxedEnvironment

from overpaint.prompts import Prompt, load, parse
from overpaint.tools.faults import BadInput

NODES = {
    "follow_up": "intake",
    "describe": "intake",
    "describe.question": "intake",
    "upsample": "upsample",
    "specify": "specify",
    "specify.whole": "specify",
    "judge.checklist": "judge",
    "judge.again": "judge",
    "judge.details": "judge",
    "judge.yes": "judge",
    "critique.edit": "critique",
    "critique.instruct": "critique",
    "critique.revise": "critique",
    "critique.restart": "critique",
    "caption.similar": "judge",
    "caption.rewrite": "critique",
    "caption.best": "compare",
}
"""The prompts that may be replaced, and the node that asks each."""
VERSIONS = {"critique.edit": 3, "critique.instruct": 2, "critique.revise": 3, "critique.restart": 3}
"""The versions in use, where it is not the first."""
PARTS = ("system", "human")
WITHOUT_SYSTEM = ("specify.whole", "judge.details")
"""Prompts that are a part of another's human message, and have no system message."""
TEXTS = tuple((name, part) for name in NODES for part in PARTS if part == "human" or name not in WITHOUT_SYSTEM)
REPLACEABLE = tuple(f"{name}.{part}" for name, part in TEXTS)
LONGEST = 8000
"""Characters of one text."""
LONGEST_TOGETHER = 64_000
"""Characters of all texts of a run: every checkpoint holds them."""
LONGEST_FILLED = 100_000
"""Characters that a text may have once it is filled in with short values."""

_PAINTED = {"id": "0.0", "prompt": "a prompt", "caption": "a caption"}
_BOX = [0.0, 0.0, 0.5, 0.5]
_TOLD = {"id": "r1", "text": "a text", "question": "a question", "kind": "object", "expected": "yes", "weight": 1.0}
_FAILED = {**_TOLD, "said": "no", "evidence": "a text"}
SAMPLES: tuple[dict[str, Any], ...] = (
    {
        "history": [_PAINTED],
        "captions": [_PAINTED, _PAINTED],
        "token_limit": 77,
        "questions": ["a question", "a question"],
        "places": [_BOX, _BOX],
        "failed": [{**_FAILED, "box": _BOX}, {**_FAILED, "box": None}],
        "attempts": ["a prompt"],
        "count": 2,
        "remark": "a text",
    },
    {
        "history": [],
        "captions": [_PAINTED, _PAINTED],
        "token_limit": None,
        "questions": ["a question"],
        "places": [_BOX],
        "failed": [],
        "attempts": [],
        "count": 1,
        "remark": "",
    },
)
"""What the templates are tried with, such as most runs have it and as little as some have: no caption, no remark, …"""


def text_of(name: str, templates: Mapping[str, str] | None) -> Prompt:
    """A prompt file, with what replaces its parts; its label is then that of the text in force."""
    prompt = load(name, VERSIONS.get(name, 1))
    ours = {part: text for part in PARTS if (text := (templates or {}).get(f"{name}.{part}")) is not None}
    if not ours:
        return prompt
    replaced = replace(prompt, **ours)  # type: ignore[arg-type]
    digest = hashlib.sha256(f"{replaced.system}\n{replaced.human}".encode()).hexdigest()
    return replace(replaced, sha256=digest)


def read_templates(paths: Mapping[str, str]) -> dict[str, str]:
    """The texts of the files that a user names; the graph itself opens none.

    Args:
        paths: a file by the part of a prompt that it replaces; or by the prompt's bare name a whole prompt file, with
            front matter and both parts. A part that is named too goes before.

    Raises:
        BadInput: no such part, or a file that cannot be read or used.
    """
    whole = [part for name, path in paths.items() if name in NODES for part in _parts(name, Path(path)).items()]
    texts = {name: _read(name, Path(path)) for name, path in paths.items() if name not in NODES}
    texts = {**dict(whole), **texts}
    check_templates(texts)
    return texts


def check_templates(templates: Mapping[str, str] | None) -> None:
    """Refuse texts that could not be sent.

    Raises:
        BadInput: no such part, texts that are too long, or one that asks for a value that it is not given.
    """
    if not templates:
        return
    for name, text in templates.items():
        if name not in REPLACEABLE:
            known = ", ".join(REPLACEABLE)
            raise BadInput(f"there is no template {name[:60]!r}; there are: {known}; or a name without its part")
        if not text.strip() or len(text) > LONGEST:
            told = f"{len(text):,} characters" if text.strip() else "no text"
            raise BadInput(f"the template {name} has {told} and needs 1 to {LONGEST:,} characters")
    if (together := sum(map(len, templates.values()))) > LONGEST_TOGETHER:
        raise BadInput(f"the templates have {together:,} characters together and may have {LONGEST_TOGETHER:,}")
    for name in dict.fromkeys(text.rpartition(".")[0] for text in templates):
        _try(name, templates)


def _parts(name: str, path: Path) -> dict[str, str]:
    """The parts of a whole prompt file."""
    text = _read(name, path)
    try:
        prompt = parse(name, 1, text)
    except ValueError:
        shape = "front matter between two lines '---', the system text, a line '<!-- human -->' and the human text"
        raise BadInput(f"the template {name} in {str(path)[:200]!r} is no prompt file, which has {shape}") from None
    parts = {f"{name}.system": prompt.system, f"{name}.human": prompt.human}
    return {part: text for part, text in parts.items() if text or part in REPLACEABLE}


def _read(name: str, path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, ValueError) as fault:
        why = fault.strerror if isinstance(fault, OSError) else "it is not UTF-8 text"
        raise BadInput(f"the template {name[:60]} cannot be read from {str(path)[:200]!r}: {why}") from None


def _try(name: str, templates: Mapping[str, str] | None) -> None:
    """Fill in both parts with values such as a run has, and look for names that only some runs would come across."""
    prompt = text_of(name, templates)
    try:
        for sample in SAMPLES:
            filled = prompt.render(**{variable: sample.get(variable, "a text") for variable in prompt.variables})
            if max(map(len, filled)) > LONGEST_FILLED:
                raise ValueError(f"it becomes longer than {LONGEST_FILLED:,} characters")
        unknown = _unknown(prompt)
    except (TemplateError, TypeError, ValueError, LookupError, AttributeError, ArithmeticError) as fault:
        raise _refusal(prompt, " ".join(str(fault).split())) from None
    except (RecursionError, MemoryError):
        raise _refusal(prompt, "it calls itself without end, or takes more memory than there is") from None
    if unknown:
        raise _refusal(prompt, f"{', '.join(sorted(unknown))[:200]} is not given")


def _unknown(prompt: Prompt) -> set[str]:
    environment = SandboxedEnvironment()
    named = meta.find_undeclared_variables(environment.parse(f"{prompt.system}\n{prompt.human}"))
    return named - prompt.variables - environment.globals.keys()


def _refusal(prompt: Prompt, why: str) -> BadInput:
    given = ", ".join(sorted(prompt.variables))
    return BadInput(f"the template {prompt.name} cannot be filled in: {why}; what it is given: {given}")
