"""Random names: tokens that open doors, their digests for the database, and short keys for companies."""

from __future__ import annotations

import hashlib
import secrets

TOKEN_BYTES = 32
COMPANY_KEY_LENGTH = 12
#: No vowels (no words by chance) and none of 0 1 l o: a key is read aloud on the phone. All lower case, because file
#: systems and PostgreSQL fold case differently.
_LETTERS = "bcdfghjkmnpqrstvwxz"
_LETTERS_AND_DIGITS = _LETTERS + "23456789"


def token() -> str:
    """A secret of 256 bits, safe in a URL (43 letters). Store its `digest`, never itself."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def digest(secret: str) -> str:
    """SHA-256 of `secret` as 64 hex letters. Enough for a random token, too fast for a password."""
    return hashlib.sha256(secret.encode()).hexdigest()


def company_key() -> str:
    """A random key of a company: 12 letters and digits, a letter first (about 56 bits).

    It is the company's blob folder and part of its database's and role's name, so it says nothing of who they are.
    """
    rest = "".join(secrets.choice(_LETTERS_AND_DIGITS) for _ in range(COMPANY_KEY_LENGTH - 1))
    return secrets.choice(_LETTERS) + rest
