"""The worker killed for real at every moment of a destruction: one certificate each, and nothing of anybody left anywhere."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import uuid4

import pytest
from redis import Redis
from sqlalchemy import update

from portal.billing import service as billing
from portal.core.blobs import blobs
from portal.core.clock import now
from portal.core.db import Platform, db, write
from portal.core.gate import Caller
from portal.core.mail import Mail, MailState
from portal.core.outbox import Message
from portal.payments.models import Card
from portal.retention import destruction, service
from portal.retention.models import Case, CaseState, Certificate
from portal.retention.rules import TRIAL
from portal.tenants import orphans
from portal.tenants.databases import servers
from portal.tenants.models import Tenant
from tests.faults.conftest import Site
from tests.faults.wholeness import every, troubles
from tests.retention.conftest import ASKER, OTHER
from tests.tenants.premises import open_company

BEGUN = date(2026, 9, 1)
STEPS = tuple(name for name, _step in destruction.STEPS)
#: Every moment of every step, and of the certificate.
MOMENTS = (
    "seal.before", "destroy.before",
    *(f"{step}.{moment}" for step in STEPS for moment in ("before", "during", "after", "noted")),
    "certify.before", "certificate.after", "certify.after", "destroy.after",
)  # fmt: skip
#: Around what cannot be undone, and inside the transaction that proves it.
DECISIVE = (
    "stock.noted",
    "cards.after",
    "apart.after",
    "database.after",
    "files.after",
    "rows.after",
    "certificate.after",
)
ON_POSTGRES = ("database.after", "rows.after", "certificate.after")


@dataclass
class Doomed:
    """A company to be destroyed, with a word that is found nowhere else."""

    tenant_id: int
    key: str
    word: str


def _company(site: Site, word: str) -> Doomed:
    """A company with a file, a card and a database of its own, all of it marked with `word`."""
    tenant = open_company(f"{word} 종합건설", f"{word.lower()}@example.com")
    told = next(row.id for row in every(Message) if (row.name, row.args) == ("tenant.opened", [tenant.id]))
    billing.open_trial(told, tenant.id)
    owner = Caller(person_id=tenant.owner_id, tenant_id=tenant.id, tenant_name=tenant.name, role="owner")
    site.card_of(owner)
    blobs().put(tenant.key, io.BytesIO(word.encode()), limit=None)
    return Doomed(tenant.id, tenant.key, word)


def _seal(site: Site, companies: list[Doomed]) -> date:
    """Let the trials of these companies lapse, up to the last day of the seal; that day."""
    ended = BEGUN + timedelta(days=31)
    site.office.at(ended)
    billing.end_due()
    for company in companies:
        service.heard_ended(str(uuid4()), company.tenant_id)
    for day in (ended + timedelta(days=TRIAL.looking), ended + timedelta(days=TRIAL.looking + TRIAL.kept)):
        site.office.at(day)
        service.step_due()
    for case in every(Case):
        service.ask(ASKER, case.id, case.tenant.name)
        service.agree(OTHER, case.id)
    return ended + timedelta(days=TRIAL.looking + TRIAL.kept + TRIAL.sealed)


def _tell_nothing_old() -> None:
    """What led up to this day was told and mailed in its time; only the destruction is left to the processes."""
    with write() as session:
        session.execute(update(Message).values(sent_at=now()))
        session.execute(update(Mail).values(state=MailState.SENT, body=""))


def _destroyed(site: Site, moments: tuple[str, ...]) -> tuple[list[Doomed], Doomed]:
    """A company for each moment at which its worker dies, and a neighbour that stays; after the destruction."""
    site.office.at(BEGUN)
    doomed = [_company(site, f"CANARY{number:02}OF{uuid4().hex[:8].upper()}") for number in range(len(moments))]
    names = [
        f"{0 if moment.startswith('seal') else company.tenant_id}.{moment}"
        for company, moment in zip(doomed, moments, strict=True)
    ]
    site.deaths.plan(names)
    day = _seal(site, doomed)
    site.office.at(day - timedelta(days=3))
    neighbour = _company(site, f"NEIGHBOUR{uuid4().hex[:8].upper()}")
    _tell_nothing_old()
    site.office.at(day)
    with site.alive():
        site.live_on(
            lambda: all(case.state == CaseState.DESTROYED for case in every(Case)) and not site.deaths.missed(),
            "every company is destroyed",
            timedelta(minutes=6),
        )
    return doomed, neighbour


def _check(site: Site, doomed: list[Doomed], neighbour: Doomed) -> None:
    assert troubles(site) == []
    papers = {paper.company_key: paper for paper in every(Certificate)}
    assert sorted(papers) == sorted(company.key for company in doomed)
    assert len(every(Certificate)) == len(doomed)
    # Who died tells no less than who did not: each had one database, one file, its own rows, and what the law keeps.
    said = [
        {name: paper.document[name] for name in ("databases", "files", "set_apart", "people")}
        for paper in papers.values()
    ]
    assert all(each == said[0] for each in said), said
    assert said[0]["databases"] >= 1
    assert said[0]["files"] == 1
    assert [case.inventory.get("scope") for case in every(Case)] == [None] * len(doomed)
    assert _left(site, doomed) == []
    (server,) = servers().values()
    assert {thing.key for thing in server.found() if thing.kind != "template"} == {neighbour.key}
    assert [each for each in orphans.check() if each.trouble != "exposed"] == []
    states = {row.id: str(row.state) for row in every(Tenant)}
    assert states == {company.tenant_id: "purged" for company in doomed} | {neighbour.tenant_id: "trial"}
    assert [row.tenant_id for row in every(Card)] == [neighbour.tenant_id]


def _left(site: Site, doomed: list[Doomed]) -> list[str]:
    """Where a word of a destroyed company is still found: rows, files and their names, Redis, logs."""
    words = [company.word.encode() for company in doomed]
    places: dict[str, bytes] = {}
    for table in Platform.metadata.tables.values():
        rows = db.session.execute(table.select()).all()
        places[table.name] = "\n".join(str(tuple(row)) for row in rows).encode()
    for path in site.place.folder.rglob("*"):
        # The sandbox is the outside world; what SQLite's file keeps of deleted rows is looked for by the test of that name.
        if path.is_file() and "sandbox" not in path.parts and not path.name.startswith("platform.db"):
            places[str(path)] = path.name.encode() + path.read_bytes()
    with Redis.from_url(site.place.environ["REDIS_URL"]) as client:
        places |= {f"Redis {key!r}": key + (client.dump(key) or b"") for key in client.scan_iter()}
    return [place for place, said in places.items() for word in words if word in said or word.lower() in said]


@pytest.mark.slow
@pytest.mark.parametrize("at", ["sqlite"], indirect=True)
def test_workers_killed_around_what_cannot_be_undone_leave_one_certificate_each(at: Site) -> None:
    _check(at, *_destroyed(at, DECISIVE))


@pytest.mark.slow
@pytest.mark.parametrize("at", ["postgres"], indirect=True)
def test_on_postgresql_workers_killed_while_databases_and_rows_go_leave_one_certificate_each(at: Site) -> None:
    _check(at, *_destroyed(at, ON_POSTGRES))


@pytest.mark.slow
@pytest.mark.parametrize("at", ["sqlite", "postgres"], indirect=True)
def test_workers_killed_at_any_moment_of_a_destruction_leave_one_certificate_each(at: Site) -> None:
    _check(at, *_destroyed(at, MOMENTS))
