"""Names: tokens that open doors, their digests for the database, short keys for companies, numbers of rows in addresses."""

from __future__ import annotations

import hashlib
import secrets

from werkzeug.routing import IntegerConverter, Map

#: Ids are 32-bit in PostgreSQL; a longer number in an address is an absent row, not an error of the database.
LARGEST_ID = 2**31 - 1

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


class RowNumber(IntegerConverter):
    """`<int:…>` of a route: a number that a row can have, in ASCII digits; no route answers to any other."""

    regex = r"[0-9]{1,10}"

    def __init__(self, addresses: Map) -> None:
        super().__init__(addresses, min=1, max=LARGEST_ID)


def whole(words: str | None) -> int | None:
    """A positive number that somebody wrote into an address or a form, when a row can have it; or None."""
    words = words or ""
    # Its length comes first: thousands of digits take long, and Python refuses them.
    number = int(words) if len(words) <= len(str(LARGEST_ID)) and words.isascii() and words.isdigit() else 0
    return number if 0 < number <= LARGEST_ID else None
