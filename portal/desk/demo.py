"""A fresh portal that is alive: staff, an open company with drawings and people, and applications that wait.

Everything goes through the same verbs as the real thing; running it again changes nothing. The passwords are made at
random for each data folder and kept beside its data, so that they can be printed again.
"""

from __future__ import annotations

import json
import secrets
import tempfile
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, select, update

from portal.accounts import passwords, second_factor
from portal.accounts import service as accounts
from portal.accounts.models import Person
from portal.billing import service as billing
from portal.core import korea
from portal.core.clock import now, today
from portal.core.db import db, write
from portal.core.gate import Caller
from portal.core.settings import settings
from portal.desk import demo_year
from portal.desk.demo_quality import make_quality
from portal.desk.samples import make_samples
from portal.drawings import receiving
from portal.drawings import service as drawings
from portal.drawings.models import Drawing, Folder
from portal.tenants import service as tenants
from portal.tenants.models import Membership, Tenant, TenantState
from portal.trials import review
from portal.trials import service as trials
from portal.trials.models import UNDECIDED, Application
from portal.visits import service as visits
from portal.visits.models import Seen
from portal.work.models import WorkItem

FILE = "demo.json"
OWNER_NUMBER = "124810099"


@dataclass(frozen=True, slots=True)
class Part:
    """One of the cast: who they are in the demo, and what they may do."""

    who: str
    name: str
    email: str
    roles: tuple[str, ...] = ()
    membership: str = ""


CAST: tuple[Part, ...] = (
    Part("Rita, 심사 담당 직원", "정리타", "rita@planroom.example", roles=("reviewer", "support")),
    Part("Bill, 청구 담당 직원", "박필", "bill@planroom.example", roles=("billing",)),
    Part("Dana, 개발 담당 직원", "서다나", "dana@planroom.example", roles=("developer",)),
    Part("관리 직원", "한도윤", "admin@planroom.example", roles=("admin",)),
    Part("Alice, 한빛종합건설 소유자", "김서연", "alice@hanbit.example", membership="owner"),
    Part("Bob, 한빛종합건설 편집", "박지훈", "bob@hanbit.example", membership="editor"),
    Part("한빛종합건설 보기", "최인", "choi@hanbit.example", membership="viewer"),
)


def make_demo() -> dict[str, Any]:
    """Make what is missing, and give addresses and sign-ins: {"address", "sign_ins": [...], "company", ...}."""
    known = _secrets()
    fresh = settings().embedded and db.session.scalar(select(Tenant.id).limit(1)) is None
    tenant, count = _with_a_year(known) if fresh else _now(known)
    _applications()
    owner = _caller(tenant)
    if tenant.state in {TenantState.TRIAL, TenantState.ACTIVE}:
        make_quality(owner, _staff_caller("developer"))
    address = settings().public_url
    return {
        "address": address,
        "mail": f"{address}/sandbox/" if settings().embedded else None,
        "company": tenant.name,
        "tenant": tenant.id,
        "drawings": count,
        "invoices": len(billing.invoices_for(owner)),
        "sign_ins": [_sign_in(part, known[part.email]) for part in CAST],
    }


def _now(known: dict[str, dict[str, str]]) -> tuple[Tenant, int]:
    """Staff, company, people and drawings, whatever of them is missing."""
    _staff(known)
    tenant = _company()
    _members(tenant, known)
    return tenant, _drawings(tenant)


def _with_a_year(known: dict[str, dict[str, str]]) -> tuple[Tenant, int]:
    """The same in an empty portal, begun thirteen months ago, and lived through until today."""
    day = today()
    demo_year.at(demo_year.first_day(day) - timedelta(days=20))
    try:
        tenant, count = _now(known)
        if tenant.state == TenantState.TRIAL:
            owner, people = _caller(tenant), _people()
            demo_year.open_trial(tenant, owner, people[1])
            demo_year.live_through(owner, _staff_caller("billing"), people, day)
    finally:
        demo_year.back_to_today()
    return db.session.get_one(Tenant, tenant.id, populate_existing=True), count


def _people() -> tuple[int, ...]:
    """The company's people in the order of the cast."""
    found = [accounts.person_by_email(part.email) for part in CAST if part.membership]
    return tuple(person.id for person in found if person is not None)


def _staff_caller(role: str) -> Caller:
    """The member of staff whose first role this is, as services want it."""
    part = next(part for part in CAST if role in part.roles[:1])
    person = accounts.person_by_email(part.email)
    assert person is not None  # noqa: S101 - made a moment ago
    return Caller(person_id=person.id, person_name=person.name, email=person.email, staff_roles=frozenset(part.roles))


def _sign_in(part: Part, known: dict[str, str]) -> dict[str, str | None]:
    secret = known["secret"] if part.roles else None
    return {
        "who": part.who,
        "email": part.email,
        "password": known["password"],
        "secret": secret,
        "code_url": second_factor.address(secret, part.email) if secret else None,
    }


def _secrets() -> dict[str, dict[str, str]]:
    """Password and one-time-code secret by address, from the data folder; only its owner may read the file."""
    path = settings().data_dir / FILE
    known: dict[str, dict[str, str]] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    missing = [part for part in CAST if part.email not in known]
    if missing:
        for part in missing:
            known[part.email] = {"password": secrets.token_urlsafe(9), "secret": second_factor.new_secret()}
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".part")
        unfinished.touch(0o600)
        unfinished.write_text(json.dumps(known), encoding="utf-8")
        unfinished.replace(path)
    return known


def _staff(known: dict[str, dict[str, str]]) -> None:
    for part in CAST:
        if part.roles and accounts.person_by_email(part.email) is None:
            own = known[part.email]
            with write() as session:
                accounts.make_staff(
                    session,
                    email=part.email,
                    name=part.name,
                    roles=part.roles,
                    password=own["password"],
                    totp_secret=own["secret"],
                )


def _company() -> Tenant:
    """The open company: applied for, approved by Rita, and provisioned here and now."""
    owner = next(part for part in CAST if part.membership == "owner")
    application, _token = trials.submit(
        trials.Submission(
            form_key="demo-hanbit",
            company="한빛종합건설㈜",
            business_number=_number(OWNER_NUMBER),
            ceo="이한빛",
            industry="construction",
            people="51-200",
            purpose="현장 도면을 나눠 주고 개정을 관리합니다. 협력사 12곳과 함께 봅니다.",
            applicant=owner.name,
            email=owner.email,
            phone="02-6000-0115",
            journey_key=_journey("demo-hanbit", Seen.HOME, Seen.PRICES, Seen.APPLY, Seen.SUBMITTED),
        )
    )
    if application.state in UNDECIDED:
        application = review.approve(_staff_caller("reviewer"), application.id)
    tenant_id = application.tenant_id or 0
    tenants.provision(tenant_id)
    tenant = db.session.get_one(Tenant, tenant_id)
    db.session.refresh(tenant)
    return tenant


def _members(tenant: Tenant, known: dict[str, dict[str, str]]) -> None:
    """The people of the company, each with a password that works at once."""
    owner = _caller(tenant)
    for part in CAST:
        if not part.membership:
            continue
        person = accounts.person_by_email(part.email)
        if part.membership != "owner" and not _belongs(person, tenant):
            tenants.invite_member(owner, part.email, part.name, part.membership)
            person = accounts.person_by_email(part.email)
        if person is not None and person.password_hash is None:
            hashed = passwords.hash_of(known[part.email]["password"])
            with write() as session:
                changed = {
                    "password_hash": hashed,
                    "password_changed_at": now(),
                    "password_version": Person.password_version + 1,
                }
                session.execute(update(Person).where(Person.id == person.id).values(**changed))


def _belongs(person: Person | None, tenant: Tenant) -> bool:
    if person is None:
        return False
    query = select(Membership.id).where(Membership.person_id == person.id, Membership.tenant_id == tenant.id)
    return db.session.scalar(query) is not None


def _caller(tenant: Tenant) -> Caller:
    """The owner, as the services of customers want it."""
    person = db.session.get_one(Person, tenant.owner_id)
    return Caller(
        person_id=person.id,
        person_name=person.name,
        email=person.email,
        tenant_id=tenant.id,
        tenant_name=tenant.name,
        role="owner",
    )


def _drawings(tenant: Tenant) -> int:
    """The sample drawings, received like any upload; the worker renders them. Gives how many the company has."""
    if tenant.state not in {TenantState.TRIAL, TenantState.ACTIVE}:
        return 0
    who = _caller(tenant)
    session = tenants.session_for(who)
    count = session.scalar(select(func.count()).select_from(Drawing)) or 0
    if count:
        return count
    with tempfile.TemporaryDirectory() as name:
        for sample, path in make_samples(Path(name)):
            folder = session.scalar(select(Folder).where(Folder.name == sample.folder)) or drawings.new_folder(
                who, sample.folder
            )
            with path.open("rb") as stream:
                receiving.receive(who, [receiving.Sent(sample.file_name, stream)], receiving.Place(folder_id=folder.id))
    return session.scalar(select(func.count()).select_from(Drawing)) or 0


def _applications() -> None:
    """Two companies that wait for Rita: one since yesterday, one since a while ago."""
    waiting = (
        (
            timedelta(hours=19),
            trials.Submission(
                form_key="demo-daesung",
                company="대성정밀㈜",
                business_number=_number("215860421"),
                ceo="조대성",
                industry="manufacturing",
                people="21-50",
                purpose="가공 도면을 외주처와 나누고, 바뀐 곳을 현장에서 바로 보려고 합니다.",
                applicant="문가람",
                email="moon@daesung.example",
                phone="031-500-2010",
                journey_key=_journey("demo-daesung", Seen.HOME, Seen.PRICES, Seen.TERMS, Seen.APPLY, Seen.SUBMITTED),
            ),
        ),
        (
            timedelta(minutes=42),
            trials.Submission(
                form_key="demo-nuri",
                company="누리설비",
                business_number=_number("108880735"),
                ceo="오누리",
                industry="trade",
                people="6-20",
                purpose="설비 도면을 휴대전화로 보고 협의 내용을 적고 싶습니다.",
                applicant="오누리",
                email="oh@nuri.example",
                phone="010-4120-7733",
                advertising=True,
                journey_key=_journey("demo-nuri", Seen.HOME, Seen.APPLY, Seen.SUBMITTED),
            ),
        ),
    )
    for ago, submission in waiting:
        before = db.session.scalar(select(Application.id).where(Application.form_key == submission.form_key))
        application, _token = trials.submit(submission)
        if before is None:
            with write() as session:
                when = {"submitted_at": now() - ago, "email_confirmed_at": now() - ago + timedelta(minutes=3)}
                session.execute(update(Application).where(Application.id == application.id).values(**when))
                asked = WorkItem.subject == f"application:{application.id}"
                session.execute(
                    update(WorkItem).where(WorkItem.kind == trials.ITEM, asked).values(opened_at=now() - ago)
                )


def _journey(form_key: str, *pages: Seen) -> str:
    """What the applicant looked at before; counted once. Gives the visitor's key."""
    key = form_key.ljust(32, "-")
    if not visits.journey(key):
        for index, page in enumerate(pages):
            visits.reached(page, key, "네이버" if index == 0 else "")
    return key


def _number(nine: str) -> str:
    """A business number that passes its check, from its first nine digits."""
    return f"{nine}{korea.business_check_digit(nine)}"
