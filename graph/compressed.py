"""Checkpoints in a fifth of their size: what LangGraph keeps of a run says the same things over and over.

LangGraph lets bytes be changed on their way to the database by a cipher; this one only compresses. What was kept
before is read as it is, since its type names no cipher.
"""

from __future__ import annotations

import zlib

from langgraph.checkpoint.serde.base import CipherProtocol
from langgraph.checkpoint.serde.encrypted import EncryptedSerializer


class _Zlib(CipherProtocol):
    def encrypt(self, plaintext: bytes) -> tuple[str, bytes]:
        return "zlib", zlib.compress(plaintext)

    def decrypt(self, ciphername: str, ciphertext: bytes) -> bytes:
        if ciphername != "zlib":
            raise ValueError(f"this checkpoint was written with {ciphername!r}, which overpaint does not use")
        return zlib.decompress(ciphertext)


def compressed() -> EncryptedSerializer:
    """The serializer of our savers."""
    return EncryptedSerializer(_Zlib())
