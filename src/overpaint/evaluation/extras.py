"""Packages that only an evaluation needs, imported when they are used."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from overpaint.tools.faults import BadInput


def extra(module: str, what: str) -> ModuleType:
    """Import a module of the extra `eval`.

    Args:
        module: such as "scipy.stats".
        what: what it is wanted for, such as "an interval".

    Raises:
        BadInput: it is not installed.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise BadInput(f"{what} needs overpaint[eval]: pip install 'overpaint[eval]' ({error})") from error
