"""People and how they prove who they are: devices, login history, one-use links, recovery codes.

No table here holds a password, a token or a full network address: only hashes, digests and coarse networks.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import JSON, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.core.db import Model, retained
from portal.core.states import Look, Machine, step

#: What staff may be, with the word for the screen. `admin` keeps the list of staff itself.
STAFF_ROLES: dict[str, str] = {
    "reviewer": "신청 검토",
    "billing": "청구",
    "support": "고객 지원",
    "developer": "개발",
    "admin": "관리",
}


class PersonState(StrEnum):
    ACTIVE = "active"  #: may sign in
    DISABLED = "disabled"  #: may not, and no session of theirs holds


PERSON = Machine(
    noun="계정",
    looks={
        PersonState.ACTIVE: Look("사용 중", "green", "check", "언제든 로그인할 수 있습니다."),
        PersonState.DISABLED: Look("사용 중지", "grey", "lock", "다시 사용하게 하면 로그인할 수 있습니다."),
    },
    steps=(
        step(PersonState.ACTIVE, "disable", PersonState.DISABLED, "관리 직원"),
        step(PersonState.DISABLED, "enable", PersonState.ACTIVE, "관리 직원"),
    ),
)


class Person(Model):
    """Somebody who may sign in; one account per person, in however many companies."""

    __tablename__ = "person"
    __table_args__ = ({"info": retained("personal", "id")},)

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)  # lower case
    name: Mapped[str] = mapped_column(String(60))
    phone: Mapped[str] = mapped_column(String(20), default="")
    state: Mapped[PersonState] = mapped_column(String(8), default=PersonState.ACTIVE, index=True)
    staff_roles: Mapped[list[str]] = mapped_column(JSON, default=list)
    password_hash: Mapped[str | None] = mapped_column(String(200))
    password_version: Mapped[int] = mapped_column(
        default=0
    )  # grows with each new password: what began before it is dead
    password_changed_at: Mapped[datetime | None]
    totp_secret: Mapped[str | None] = mapped_column(String(200))  # sealed with SECRET_KEY
    totp_step: Mapped[int] = mapped_column(
        default=0
    )  # the last 30-second step a code was taken for: none is taken twice
    stamp: Mapped[int] = mapped_column(default=0)  # grows with each change of rights: a session renews its id then
    created_at: Mapped[datetime]

    @property
    def staff(self) -> bool:
        return bool(self.staff_roles)

    @property
    def second_factor(self) -> bool:
        return self.totp_secret is not None

    @property
    def look(self) -> Look:
        return PERSON.look(self.state)


class Device(Model):
    """One sign-in of one browser. Its sessions hold as long as this row has no end."""

    __tablename__ = "device"
    __table_args__ = (
        Index("ix_device_person_id_ended_at", "person_id", "ended_at"),
        {"info": retained("personal", "person_id")},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey(Person.id))
    label: Mapped[str] = mapped_column(String(60))
    network: Mapped[str] = mapped_column(String(50))  # /24 or /48, never an address
    browser: Mapped[str] = mapped_column(
        String(64), index=True
    )  # digest of the browser's own mark; known again next time
    remembered: Mapped[bool] = mapped_column(default=False)  # its person asked to stay signed in
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    person: Mapped[Person] = relationship()


class Outcome(StrEnum):
    SIGNED_IN = "signed_in"
    WRONG_PASSWORD = "wrong_password"  # noqa: S105 - the name of an outcome
    WRONG_CODE = "wrong_code"
    DISABLED = "disabled"


OUTCOMES: dict[str, Look] = {
    Outcome.SIGNED_IN: Look("로그인", "green", "check"),
    Outcome.WRONG_PASSWORD: Look("비밀번호 틀림", "amber", "warn"),
    Outcome.WRONG_CODE: Look("인증번호 틀림", "amber", "warn"),
    Outcome.DISABLED: Look("중지된 계정", "red", "lock"),
}


class LoginRecord(Model):
    """An attempt to sign in, and what came of it. No person when nobody has the address that was tried."""

    __tablename__ = "login_record"
    __table_args__ = ({"info": retained("access_log", "person_id")},)

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey(Person.id), index=True)
    at: Mapped[datetime] = mapped_column(index=True)
    outcome: Mapped[Outcome] = mapped_column(String(16))
    label: Mapped[str] = mapped_column(String(60))
    network: Mapped[str] = mapped_column(String(50))

    @property
    def look(self) -> Look:
        return OUTCOMES[self.outcome]


class TicketKind(StrEnum):
    INVITATION = "invitation"  #: set the first password
    RESET = "reset"  #: set a new password
    EMAIL = "email"  #: prove that a new address is one's own


class Ticket(Model):
    """A link of one use. The link itself is known only to the mail that carried it; here lies its digest.

    A reset that was asked for an address nobody has is a row without a person, so that asking costs the same work.
    """

    __tablename__ = "ticket"
    __table_args__ = ({"info": retained("personal", "person_id")},)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[TicketKind] = mapped_column(String(10))
    digest: Mapped[str | None] = mapped_column(String(64), unique=True)  # none until the mail is written
    person_id: Mapped[int | None] = mapped_column(ForeignKey(Person.id), index=True)
    email: Mapped[str | None] = mapped_column(String(254))  # the new address, of kind EMAIL
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]
    person: Mapped[Person | None] = relationship()


class RecoveryCode(Model):
    """One of ten codes that stand in for the second factor once each."""

    __tablename__ = "recovery_code"
    __table_args__ = ({"info": retained("personal", "person_id")},)

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey(Person.id), index=True)
    digest: Mapped[str] = mapped_column(String(64))
    used_at: Mapped[datetime | None]


class DeviceKey(Model):
    """What a session of a device is made anew from when its store has lost it.

    The key itself is in the browser's cookie only. Each use brings the next one; the one before still opens, because the
    answer that carried the next may never have arrived.
    """

    __tablename__ = "device_key"
    __table_args__ = ({"info": retained("personal", "person_id")},)

    device_id: Mapped[int] = mapped_column(ForeignKey(Device.id), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey(Person.id), index=True)
    digest: Mapped[str] = mapped_column(String(64))
    before: Mapped[str] = mapped_column(String(64), default="")
    kept: Mapped[dict[str, int]] = mapped_column(
        JSON, default=dict
    )  # what of a session must survive: the chosen company
    device: Mapped[Device] = relationship()
