"""What a store may know of a session: nothing. Values are msgpack of plain things, sealed for one session id.

AES-256-GCM under a key derived from SECRET_KEY; the digest of the session id is bound in, so that a value copied from one
session to another does not open. A pickle, a touched value, somebody else's bytes: all the same, they do not open.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import Any

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

NONCE_BYTES, TIME_BYTES = 12, 4

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(dict[str, Any]).decode


@dataclass(frozen=True, slots=True)
class Opened:
    """A value as the store has it (`sealed`), what it holds (`plain`), and when it was written (Unix seconds)."""

    sealed: bytes
    plain: bytes
    at: int

    def values(self) -> dict[str, Any]:
        """A copy of one's own to change."""
        return _decode(self.plain)


class Box:
    """Seals and opens the sessions of every server with the same SECRET_KEY."""

    def __init__(self, secret_key: str) -> None:
        self._cipher = AESGCM(HKDF(SHA256(), 32, salt=None, info=b"planroom session").derive(secret_key.encode()))

    def seal(self, key: str, values: dict[str, Any]) -> Opened:
        """`values` for the session whose id has the digest `key`. Raises TypeError for what is not a plain value."""
        plain, at, nonce = _encode(values), int(time.time()), os.urandom(NONCE_BYTES)
        box = self._cipher.encrypt(nonce, at.to_bytes(TIME_BYTES) + plain, key.encode())
        return Opened(nonce + box, plain, at)

    def open(self, key: str, sealed: bytes) -> Opened | None:
        """What was sealed for that session; None for any other bytes."""
        try:
            whole = self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], key.encode())
        except (InvalidTag, ValueError):
            return None
        return Opened(sealed, whole[TIME_BYTES:], int.from_bytes(whole[:TIME_BYTES]))
