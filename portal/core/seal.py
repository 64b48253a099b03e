"""Secrets as the database or a session may hold them: encrypted under a key derived from SECRET_KEY for one purpose.

What was sealed for one purpose does not open for another, so that a value copied from one column to another is worthless.
"""

from __future__ import annotations

import base64
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import Dialect, Text, TypeDecorator

from portal.core.settings import settings


class SealBrokenError(Exception):
    """The sealed text was made with another SECRET_KEY, for another purpose, or was touched."""


def seal(text: str, purpose: str) -> str:
    """`text`, readable only with `unseal` for the same purpose."""
    return _box(settings().secret_key, purpose).encrypt(text.encode()).decode()


def unseal(sealed: str, purpose: str) -> str:
    """What `seal` closed. Raises SealBrokenError."""
    try:
        return _box(settings().secret_key, purpose).decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise SealBrokenError(purpose) from None


def fingerprint() -> str:
    """Tells whether two portals seal with the same SECRET_KEY, and nothing else about it."""
    derived = HKDF(SHA256(), 8, salt=None, info=b"planroom fingerprint").derive(settings().secret_key.encode())
    return derived.hex()


class Sealed(TypeDecorator[str]):
    """A column whose text is sealed for a purpose on its way into the database. Nothing stays nothing.

    What does not open any more (SECRET_KEY is another one) reads as nothing.
    """

    impl = Text
    cache_ok = True

    def __init__(self, purpose: str) -> None:
        super().__init__()
        self.purpose = purpose

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's signature
        return seal(value, self.purpose) if value else value

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        try:
            return unseal(value, self.purpose) if value else value
        except SealBrokenError:
            return ""


@lru_cache(maxsize=16)
def _box(secret_key: str, purpose: str) -> Fernet:
    derived = HKDF(SHA256(), 32, salt=None, info=f"planroom {purpose}".encode()).derive(secret_key.encode())
    return Fernet(base64.urlsafe_b64encode(derived))
