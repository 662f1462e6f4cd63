"""Links to pictures: where one is served, and the signatures by which whoever holds a link may fetch it for a time."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlencode

from overpaint.tools.faults import BadInput
from overpaint.tools.files import checked_sha256
from overpaint.tools.home import disk_faults, known_home, open_home
from overpaint.tools.images import ImageRef, ImageStore

WEEK = 7 * 24 * 3600
"""Seconds that a signed link lasts where OVERPAINT_LINK_SECONDS does not say."""

_SHORTEST = 16
_read: dict[Path, bytes] = {}
"""Secrets of files by their homes: read once, because links are also made where nothing may block."""


def secret() -> bytes:
    """What links and grants are signed with: OVERPAINT_SECRET, else the file `secret` in the home folder.

    The file is made where there is none, readable by its owner alone. It is read once in a process, which blocks; where
    the home is named by a relative path, every call does.

    Raises:
        BadInput: it is too short to be one, or the disk refused.
    """
    if given := os.environ.get("OVERPAINT_SECRET", "").strip():
        return _checked(given, "OVERPAINT_SECRET")
    home = known_home()
    if home is None or home not in _read:
        home = open_home()
        _read[home] = _checked(_kept(home / "secret"), f"the file {home / 'secret'}")
    return _read[home]


def sign(purpose: str, *said: str) -> str:
    """The HMAC-SHA256 (hex) of some texts; a signature for one purpose is none for another."""
    return hmac.new(secret(), json.dumps([purpose, *said]).encode(), hashlib.sha256).hexdigest()


def is_signed(signature: str, purpose: str, *said: str) -> bool:
    """Whether `sign` gives this signature; compared in a time that tells nothing."""
    return hmac.compare_digest(sign(purpose, *said).encode(), signature.encode("utf-8", "replace"))


def picture_path(ref: ImageRef, *, width: int | None = None) -> str:
    """Where the server has a picture, from its root on; signed, and with an end, where OVERPAINT_API_KEYS is set.

    Blocks as `secret` does.

    Args:
        ref: the picture.
        width: of a thumbnail, in pixels; None: the picture as it is stored.
    """
    sha256 = checked_sha256(ref["sha256"])
    query: dict[str, str] = {} if width is None else {"w": str(width)}
    if needs_signature():
        expires = str(_end(time.time(), _lifetime()))
        query |= {"expires": expires, "signature": sign("picture", sha256, expires)}
    path = f"/images/{sha256}" if width is None else f"/images/{sha256}/thumb"
    return f"{path}?{urlencode(query)}" if query else path


def picture_link(ref: ImageRef, images_folder: Path) -> str:
    """The address of a picture for people: on the server that OVERPAINT_URL names, else that of its file."""
    if server := os.environ.get("OVERPAINT_URL", "").rstrip("/"):
        return server + picture_path(ref)
    return ImageStore(images_folder).path(ref).absolute().as_uri()


def check_signature(sha256: str, expires: str | None, signature: str | None) -> bool:
    """Whether a link's signature is one of ours for this picture, and its end (seconds since 1970) has not come."""
    if not (expires and signature and expires.isascii() and expires.isdecimal() and len(expires) < 16):
        return False
    return int(expires) >= time.time() and is_signed(signature, "picture", sha256, expires)


def needs_signature() -> bool:
    """Whether pictures are shown only to those who hold a signed link."""
    return bool(os.environ.get("OVERPAINT_API_KEYS", "").strip(" ,"))


def _end(now: float, lifetime: int) -> int:
    """When a link made now ends. In steps of a 24th of the lifetime, so that browsers meet the same address again."""
    step = max(1, lifetime // 24)
    return -(-(int(now) + lifetime) // step) * step


def _lifetime() -> int:
    given = os.environ.get("OVERPAINT_LINK_SECONDS", "").strip()
    if not given:
        return WEEK
    if given.isascii() and given.isdecimal() and 0 < int(given) <= 100 * 365 * 24 * 3600:
        return int(given)
    raise BadInput(f"OVERPAINT_LINK_SECONDS is {given[:40]!r}: give whole seconds, such as {WEEK} for a week")


def _checked(text: str, where: str) -> bytes:
    if len(text) < _SHORTEST:
        raise BadInput(f"{where} has {len(text)} characters: give a random text of {_SHORTEST} or more")
    return text.encode()


def _kept(file: Path) -> str:
    with disk_faults(file):
        if not file.exists():
            _make(file)
        return file.read_text("utf-8", "replace").strip()


def _make(file: Path) -> None:
    """Write a new secret whole, unless another process was faster."""
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=".writing-")
    try:
        with os.fdopen(handle, "w", encoding="ascii") as written:
            written.write(secrets.token_hex(32))
            written.flush()
            os.fsync(written.fileno())
        with suppress(FileExistsError):
            os.link(name, file)
    finally:
        Path(name).unlink()
