"""What visitors of the public pages looked at. No address, no browser name: a key that means nothing after its day."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import Date, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.db import Model, retained


class Seen(StrEnum):
    """What somebody looked at or did; the first five are the funnel, in order."""

    HOME = "home"
    PRICES = "prices"
    APPLY = "apply"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    TERMS = "terms"
    PRIVACY = "privacy"
    SIGN_IN = "sign_in"


LABELS: dict[str, str] = {
    Seen.HOME: "첫 화면",
    Seen.PRICES: "요금",
    Seen.APPLY: "신청서",
    Seen.SUBMITTED: "신청",
    Seen.APPROVED: "승인",
    Seen.TERMS: "이용약관",
    Seen.PRIVACY: "개인정보처리방침",
    Seen.SIGN_IN: "로그인 화면",
}
FUNNEL = (Seen.HOME, Seen.PRICES, Seen.APPLY, Seen.SUBMITTED, Seen.APPROVED)


class Visit(Model):
    """One look at one public page."""

    __tablename__ = "visit"
    __table_args__ = (Index("ix_visit_key_at", "key", "at"), {"info": retained("analytics", "key")})

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(32))  # of the visitor, for this day only
    page: Mapped[Seen] = mapped_column(String(10))
    source: Mapped[str] = mapped_column(String(60))  # where they came from outside; empty inside the site
    day: Mapped[date] = mapped_column(Date, index=True)  # in Seoul
    at: Mapped[datetime]


class VisitSalt(Model):
    """The salt of one day's keys. It is destroyed when the day is over, and with it the way from a visitor to a key."""

    __tablename__ = "visit_salt"
    __table_args__ = ({"info": retained("analytics", None)},)

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    salt: Mapped[bytes] = mapped_column(LargeBinary)
