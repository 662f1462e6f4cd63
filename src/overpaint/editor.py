"""A text changed in the editor of whoever sits at the terminal."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from pathlib import Path

from overpaint.phrases import clean
from overpaint.tools.faults import BadInput


def edited(text: str, suffix: str) -> str:
    """Open $VISUAL or $EDITOR on a temporary file that holds the text, and return what was saved.

    Args:
        text: what to change.
        suffix: of the file's name, such as ".yaml", by which editors choose their colours.

    Raises:
        BadInput: no editor is set, it failed, or what it saved cannot be read.
    """
    command = os.environ.get("VISUAL") or os.environ.get("EDITOR") or ""
    if not command.strip():
        raise BadInput("no editor is set: set EDITOR to one, such as nano, or answer in another way")
    with tempfile.TemporaryDirectory(prefix="overpaint-") as folder:
        file = Path(folder) / f"edit{suffix}"
        file.write_text(text, "utf-8")
        _open(command, file)
        try:
            return file.read_text("utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise BadInput(f"what the editor saved cannot be read: {clean(str(error), 200)}") from None


def _open(command: str, file: Path) -> None:
    try:
        code = subprocess.run([*shlex.split(command), str(file)], check=False).returncode  # noqa: S603  the user's own
    except (OSError, ValueError) as error:
        raise BadInput(f"cannot open the editor {clean(command, 100)}: {clean(str(error), 200)}") from None
    if code:
        raise BadInput(f"the editor {clean(command, 100)} ended with code {code}, so nothing was changed")
