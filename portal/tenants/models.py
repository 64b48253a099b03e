"""Customer companies: who they are, where their database lies, who belongs to them, and how far their opening has come.

A company's row exists from approval on and is never deleted; whatever is made for it on a server carries its `key`, so
that anything found there can be traced to a row, or to none.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.accounts.models import Device, Person
from portal.core.clock import SEOUL
from portal.core.db import Model, Tenanted, retained
from portal.core.states import Look, Machine, step


class TenantState(StrEnum):
    REQUESTED = "requested"  #: approved; nothing made yet
    PROVISIONING = "provisioning"  #: a worker is making its database
    FAILED = "failed"  #: tried too often; a person has to look
    TRIAL = "trial"
    ACTIVE = "active"
    SUSPENDED = "suspended"  #: may look and download, not change
    ENDED = "ended"
    RETAINED = "retained"
    PURGING = "purging"
    PURGED = "purged"


T = TenantState

TENANT = Machine(
    noun="고객사",
    looks={
        T.REQUESTED: Look("준비 대기", "grey", "clock", "곧 데이터베이스를 만들기 시작합니다."),
        T.PROVISIONING: Look("준비 중", "amber", "clock", "데이터베이스가 다 되면 초대 메일을 보냅니다."),
        T.FAILED: Look("준비 실패", "red", "warn", "원인을 고친 뒤 다시 시도해 주십시오."),
        T.TRIAL: Look("체험 중", "blue", "check", "체험 기간이 끝나기 전에 이용권을 고를 수 있습니다."),
        T.ACTIVE: Look("이용 중", "green", "check", "이용 제한이나 해지를 할 수 있습니다."),
        T.SUSPENDED: Look("이용 제한", "red", "lock", "제한을 풀면 바로 다시 쓸 수 있습니다."),
        T.ENDED: Look("해지", "grey", "stop", "보존 기간이 지나면 파기합니다."),
        T.RETAINED: Look("보존 중", "grey", "hold", "보존 기간이 지나면 파기합니다."),
        T.PURGING: Look("파기 중", "amber", "destroy", "파기가 끝나면 증명서가 나옵니다."),
        T.PURGED: Look("파기됨", "grey", "destroy", "남은 자료가 없습니다."),
    },
    steps=(
        step(T.REQUESTED, "begin", T.PROVISIONING, "worker"),
        step(T.PROVISIONING, "open", T.TRIAL, "worker"),
        step(T.PROVISIONING, "fail", T.FAILED, "worker"),
        step(T.FAILED, "retry", T.REQUESTED, "직원"),
        step((T.TRIAL, T.ENDED, T.RETAINED), "activate", T.ACTIVE, "billing"),
        step((T.TRIAL, T.ACTIVE), "suspend", T.SUSPENDED, "직원, dunning"),
        step(T.SUSPENDED, "resume_trial", T.TRIAL, "직원"),
        step(T.SUSPENDED, "resume", T.ACTIVE, "직원, payment"),
        step((T.TRIAL, T.ACTIVE, T.SUSPENDED), "end", T.ENDED, "owner, 직원"),
        step(T.ENDED, "retain", T.RETAINED, "retention"),
        step(T.RETAINED, "purge", T.PURGING, "retention"),
        step(T.PURGING, "finish_purge", T.PURGED, "retention"),
    ),
)
#: States in which the company's database is there and usable.
WITH_DATABASE = (T.TRIAL, T.ACTIVE, T.SUSPENDED, T.ENDED, T.RETAINED)
#: States in which a worker has something to do for its opening.
OPENING = (T.REQUESTED, T.PROVISIONING)


class Mode(StrEnum):
    """What staff allow a company to do, whatever its state."""

    OPEN = "open"
    READ_ONLY = "read_only"
    CLOSED = "closed"


class Role(StrEnum):
    OWNER = "owner"
    ADMIN = "admin"
    EDITOR = "editor"
    VIEWER = "viewer"
    BILLING = "billing"


class StepName(StrEnum):
    """The steps of opening a company, in their order."""

    RESERVE = "reserve"
    ROLE = "role"
    DATABASE = "database"
    SCHEMA = "schema"
    SEED = "seed"
    OPEN = "open"


class StepState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"


class Tenant(Model):
    """A customer company. `server` names one of TENANT_DATABASE_URLS; `role_password` is sealed with SECRET_KEY.

    `lease_token` names the one job that may go on with its opening until `lease_until`; `next_try_at` holds the next
    attempt back after a failure; `migration_error` says why its schema could not be brought to the newest revision.
    """

    __tablename__ = "tenant"
    __table_args__ = ({"info": retained("contract", "id")},)

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(16), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    business_number: Mapped[str] = mapped_column(String(10), index=True)
    state: Mapped[TenantState] = mapped_column(String(12), index=True)
    mode: Mapped[Mode] = mapped_column(String(10), default=Mode.OPEN)
    mode_reason: Mapped[str] = mapped_column(String(200), default="")
    most_devices: Mapped[int | None]  # devices that one of its people may use at once; none sets no limit
    owner_id: Mapped[int] = mapped_column(ForeignKey(Person.id))
    application_id: Mapped[int | None] = mapped_column(unique=True)

    server: Mapped[str | None] = mapped_column(String(200))
    database: Mapped[str | None] = mapped_column(String(63))
    role_password: Mapped[str | None] = mapped_column(String(200))
    schema_revision: Mapped[str] = mapped_column(String(40), default="")
    migration_error: Mapped[str | None] = mapped_column(String(500))

    lease_token: Mapped[str | None] = mapped_column(String(43))
    lease_until: Mapped[datetime | None]
    next_try_at: Mapped[datetime | None]
    nudged_at: Mapped[datetime | None]

    created_at: Mapped[datetime]
    opened_at: Mapped[datetime | None]
    trial_ends_at: Mapped[datetime | None]
    subscribed_at: Mapped[datetime | None]
    state_since: Mapped[datetime]

    owner: Mapped[Person] = relationship()

    @property
    def trial_ends_on(self) -> date | None:
        """The day in Seoul on which a running trial ends."""
        if self.state != TenantState.TRIAL or self.trial_ends_at is None:
            return None
        return self.trial_ends_at.astimezone(SEOUL).date()

    @property
    def has_database(self) -> bool:
        return self.state in WITH_DATABASE


class Membership(Model):
    """A person in a company, with one role."""

    __tablename__ = "membership"
    __table_args__ = (UniqueConstraint("person_id", "tenant_id"), {"info": retained("personal", "person_id")})

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey(Person.id))
    tenant_id: Mapped[int] = mapped_column(ForeignKey(Tenant.id), index=True)
    role: Mapped[Role] = mapped_column(String(8))
    created_at: Mapped[datetime]

    person: Mapped[Person] = relationship()
    tenant: Mapped[Tenant] = relationship()


class ActingGrant(Model):
    """One visit of support to a company: who, why, with which device, until when. Kept: ids, and a reason that goes with the
    company.
    """

    __tablename__ = "acting_grant"
    __table_args__ = ({"info": retained("access_log", "tenant_id")},)

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey(Person.id))
    device_id: Mapped[int] = mapped_column(ForeignKey(Device.id))
    tenant_id: Mapped[int] = mapped_column(ForeignKey(Tenant.id), index=True)
    reason: Mapped[str] = mapped_column(String(200))
    started_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None] = mapped_column(String(80))

    person: Mapped[Person] = relationship()
    tenant: Mapped[Tenant] = relationship()


class ProvisionStep(Model):
    """How far one step of a company's opening has come. `error` is the last attempt's, for staff."""

    __tablename__ = "provision_step"
    __table_args__ = (UniqueConstraint("tenant_id", "name"), {"info": retained("operations", "tenant_id")})

    id: Mapped[int] = mapped_column(primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey(Tenant.id))
    name: Mapped[StepName] = mapped_column(String(10))
    position: Mapped[int]
    state: Mapped[StepState] = mapped_column(String(8), default=StepState.WAITING)
    attempts: Mapped[int] = mapped_column(default=0)
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    error: Mapped[str | None] = mapped_column(String(500))


class Installation(Model):
    """One row: the random name of this portal, written on all that it makes on a shared PostgreSQL server."""

    __tablename__ = "installation"
    __table_args__ = ({"info": retained("operations", None)},)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(16))


class Belonging(Tenanted):
    """One row in every company's database: whose it is. A database that says another key is never served."""

    __tablename__ = "belonging"
    __table_args__ = ({"info": retained("contract", "key")},)

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(16))
    made_at: Mapped[datetime]
