"""The texts sent to models: one Markdown file per (node, method) and version, rendered strictly.

A file `<name>.v<version>.md` has YAML front matter (`purpose`, `variables`) and a Jinja body of two parts, what the
model is told (system) and what it is asked (human), parted by a line `<!-- human -->`. A variable that is missing,
or given but not declared, is an error: a prompt never goes out with a hole in it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml
from jinja2 import StrictUndefined, Template
from jinja2.sandbox import SandboxedEnvironment

_PARTING = "<!-- human -->"


@dataclass(frozen=True)
class Prompt:
    """One version of one text. `label` names it on records: name, version and the hash of the file."""

    name: str
    version: int
    purpose: str
    variables: frozenset[str]
    system: str
    human: str
    sha256: str

    @property
    def label(self) -> str:
        """Such as "v1 3fa9c0d2e1b7": what a record keeps, so that a changed text is never mistaken for the old one."""
        return f"v{self.version} {self.sha256[:12]}"

    def render(self, **values: Any) -> tuple[str, str]:
        """Fill in the variables.

        Returns:
            The system text and the human text.

        Raises:
            TypeError: a declared variable is missing, or an undeclared one is given.
        """
        if values.keys() != self.variables:
            missing, extra = sorted(self.variables - values.keys()), sorted(values.keys() - self.variables)
            raise TypeError(f"prompt {self.name}.v{self.version}: missing {missing}, not declared {extra}")
        return _fill(self.system, values), _fill(self.human, values)


@cache
def load(name: str, version: int = 1) -> Prompt:
    """Read the text `name` of the given version from this package.

    Raises:
        FileNotFoundError: there is no such text.
        ValueError: its front matter is malformed.
    """
    return parse(name, version, files(__name__).joinpath(f"{name}.v{version}.md").read_text("utf-8"))


def parse(name: str, version: int, source: str) -> Prompt:
    """The text that a file of this form holds.

    Raises:
        ValueError: its front matter is malformed, or a part is missing.
    """
    _, front, body = [*source.split("---\n", 2), "", ""][:3]
    try:
        meta = yaml.safe_load(front)
    except yaml.YAMLError:
        meta = None
    system, parting, human = body.partition(_PARTING)
    whole = parting and isinstance(meta, dict) and set(meta) == {"purpose", "variables"}
    if not whole or not isinstance(meta["variables"], list):
        raise ValueError(f"prompt {name}.v{version}: wants purpose, variables, and a line {_PARTING}")
    digest = hashlib.sha256(source.encode()).hexdigest()
    variables = frozenset(map(str, meta["variables"]))
    return Prompt(name, version, str(meta["purpose"]), variables, system.strip(), human.strip(), digest)


def names() -> list[str]:
    """Every text there is, as "name.vN"."""
    return sorted(f.name.removesuffix(".md") for f in files(__name__).iterdir() if f.name.endswith(".md"))


def _fill(body: str, values: dict[str, Any]) -> str:
    return _template(body).render(values).strip()


@cache
def _template(body: str) -> Template:
    # Autoescape is for HTML; what must not happen here is a value that closes the tag it stands in.
    environment = SandboxedEnvironment(
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, finalize=_defuse
    )
    return environment.from_string(body)


def _defuse(value: Any) -> Any:
    return value.replace("</", "<\\/") if isinstance(value, str) else value
