"""The second factor: six digits that change every 30 seconds (RFC 6238), and ten codes for when the phone is lost.

Pure of the database: secrets come and go as text. A secret lies in the database sealed with SECRET_KEY, so that a copy of
the database alone gives nobody a code.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime

import pyotp
import segno
from markupsafe import Markup

from portal.core.errors import Refusal
from portal.core.seal import SealBrokenError, seal, unseal
from portal.core.settings import settings

ISSUER = "도면실"
STEP_SECONDS = 30
#: Clocks of phones go wrong by half a minute: the step before and after count too.
DRIFT_STEPS = 1
PURPOSE = "second factor"
RECOVERY_CODES = 10
#: Without letters and digits that look alike; ten of them are 50 bits.
RECOVERY_ALPHABET = "ABCDEFGHJKMNPQRSTVWXYZ0123456789"
RECOVERY_LENGTH = 10


def new_secret() -> str:
    """160 random bits in base32, as authenticator apps take them."""
    return pyotp.random_base32()


def code_at(secret: str, moment: datetime) -> str:
    """The six digits a phone shows at an instant."""
    return pyotp.TOTP(secret, interval=STEP_SECONDS).at(moment)


def matching_step(secret: str, code: str, moment: datetime, after: int) -> int | None:
    """The step (of 30 s since 1970) that `code` belongs to, if it is later than `after`; a code taken once is dead."""
    digits = "".join(code.split())
    totp = pyotp.TOTP(secret, interval=STEP_SECONDS)
    now_step = int(moment.timestamp()) // STEP_SECONDS
    found = None
    for step in range(now_step - DRIFT_STEPS, now_step + DRIFT_STEPS + 1):
        if hmac.compare_digest(totp.generate_otp(step).encode(), digits.encode()) and step > after:
            found = step
    return found


def sealed(text: str) -> str:
    """A secret as the database or the session may hold it."""
    return seal(text, PURPOSE)


def opened(token: str) -> str:
    """What `sealed` sealed. Raises Refusal when SECRET_KEY has changed since."""
    try:
        return unseal(token, PURPOSE)
    except SealBrokenError:
        raise Refusal(
            "2단계 인증 정보를 읽을 수 없습니다.", "관리자에게 2단계 인증 초기화를 요청해 주십시오."
        ) from None


def address(secret: str, email: str) -> str:
    """The otpauth address that an authenticator app reads from the picture."""
    return pyotp.TOTP(secret, interval=STEP_SECONDS).provisioning_uri(name=email, issuer_name=ISSUER)


def picture(text: str) -> Markup:
    """A QR code as inline SVG without style attributes, dark on white in every theme: cameras want it so."""
    drawn = segno.make(text, error="m", micro=False)
    svg = drawn.svg_inline(
        border=4, dark="#000", light="#fff", scale=5, svgclass="qr", lineclass=None, title="2단계 인증 QR 코드"
    )
    return Markup(svg)  # noqa: S704 - the modules of a QR code and our own title


def grouped(secret: str) -> str:
    """A key in groups of four, for typing."""
    return " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))


def new_recovery_codes() -> list[str]:
    """Ten codes like 'ABCDE-12345'."""
    half = RECOVERY_LENGTH // 2
    made = ["".join(secrets.choice(RECOVERY_ALPHABET) for _ in range(RECOVERY_LENGTH)) for _ in range(RECOVERY_CODES)]
    return [f"{code[:half]}-{code[half:]}" for code in made]


def recovery_digest(typed: str) -> str | None:
    """The keyed digest of a recovery code however it was typed, or None when it can be none."""
    letters = "".join(letter for letter in typed.upper() if letter.isalnum()).translate(str.maketrans("OILU", "011V"))
    if len(letters) != RECOVERY_LENGTH or set(letters) - set(RECOVERY_ALPHABET):
        return None
    return hmac.new(settings().secret_key.encode(), f"recovery:{letters}".encode(), hashlib.sha256).hexdigest()
