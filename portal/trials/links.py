"""The links an applicant gets by mail. They are worked out from the row and the portal's secret: the database holds digests only."""

from __future__ import annotations

import base64
import hashlib
import hmac

from portal.core.settings import settings

STATUS = "status"
CONFIRM = "confirm"


def link_token(kind: str, nonce: str) -> str:
    """The token of an application's link (43 letters); the same whenever it is worked out again."""
    made = hmac.digest(settings().secret_key.encode(), f"trials.{kind}:{nonce}".encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(made).rstrip(b"=").decode()


def status_url(nonce: str) -> str:
    """The page where the applicant follows the application."""
    return f"{settings().public_url}/apply/status/{link_token(STATUS, nonce)}"


def confirm_url(nonce: str) -> str:
    """The page that confirms the applicant's mail address."""
    return f"{settings().public_url}/apply/confirm/{link_token(CONFIRM, nonce)}"
