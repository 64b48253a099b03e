"""The life of a trial that nobody converts: looking, locked away with notices, two people's word, the seal, the destruction, the proof."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile

from sqlalchemy import select

from jobs.lifecycle.opening import Company, drawing
from jobs.lifecycle.people import Person
from jobs.lifecycle.record import digest
from portal.core import audit
from portal.core.blobs import blobs
from portal.core.db import Platform, Tenanted, db
from portal.core.redis import redis
from portal.retention.models import Case, Certificate, KeptRecord
from portal.tenants import service as tenants
from portal.tenants.databases import servers
from portal.tenants.models import Tenant

#: Rows of these classes tell of machines and clocks, and change while nothing happens to a company.
RESTLESS = frozenset({"operations", "access_log"})
FORBIDDEN = 403


def lapse(company: Company) -> None:
    """The trial is over: its people may still look, but change nothing."""
    walk = company.walk
    case = _case_in(company, "looking")
    browser = company.owner.sign_in()
    walk.begin()
    page = browser.go(f"/drawings/{company.drawing_id}")
    walk.must(company.name in page.text, "the drawing cannot be looked at any more")
    files = [("files", ("더.dxf", drawing("더"), "application/dxf"))]
    refused = browser.post("/drawings/uploads", files=files)
    walk.must(refused.status == FORBIDDEN, f"a company whose trial is over may upload: {refused.status}")
    company.owner.mail("이용이 끝났습니다")
    facts = {"lock_on": str(case.lock_on), "due_on": str(case.due_on), "upload": refused.status}
    walk.done("lapsed", ids={"case": case.id}, facts=facts)


def be_locked(company: Company) -> None:
    """Nobody enters any more; all data can still be taken along."""
    walk = company.walk
    walk.begin()
    case = _case_in(company, "kept")
    browser = company.owner.sign_in()
    page = browser.look("/drawings")
    walk.must(page.status == FORBIDDEN, f"the locked company still sees its drawings: {page.status}")
    taken = browser.go("/data/everything.zip")
    with zipfile.ZipFile(io.BytesIO(taken.body)) as packed:
        inside = {name: digest(packed.read(name)) for name in sorted(packed.namelist())}
    walk.must(any(name.endswith(".dxf") for name in inside), "the export lacks the drawing")
    facts = {"files": inside, "due_on": str(case.due_on)}
    walk.done("locked", ids={"case": case.id}, sha256={"everything.zip": digest(taken.body)}, facts=facts)


def be_noticed(company: Company, days: int) -> None:
    """The mail that says in how many days it may be destroyed."""
    company.walk.begin()
    company.owner.mail(rf"{days}일 뒤")
    company.walk.done(f"noticed_{days}", facts={"mail": company.owner.email, "days": days})


def two_agree(company: Company, asker: Person, other: Person) -> None:
    """One asks and types the name, cannot agree to it; another agrees; it is sealed."""
    walk = company.walk
    first, second = asker.sign_in(), other.sign_in()
    walk.begin()
    case = _case_in(company, "due")
    address = f"/staff/retention/{case.id}"
    wrong = first.send(first.go(address), "/ask", {"name": "다른 회사"}, expect=422)
    walk.must("다릅니다" in wrong.text, "a wrong name was taken")
    page = first.send(first.go(address), "/ask", {"name": company.name})
    walk.must("다른 직원의 승인을 기다립니다" in page.text, "who asks must not agree")
    walk.done("asked", ids={"case": case.id}, facts={"by": asker.email})
    page = second.send(second.go(address), "/agree")
    walk.must("승인했습니다" in page.text, "the second word was not taken")
    case = _case_in(company, "sealed")
    walk.done("sealed", ids={"case": case.id}, facts={"by": other.email, "destroy_on": str(case.destroy_on)})


def still_there(company: Company) -> None:
    """The day before the seal is broken everything lies there."""
    company.walk.begin()
    case = _case_in(company, "sealed")
    with company.house.app.app_context():
        files = len(list(blobs().keys(company.key)))
        places = [thing.name for server in servers().values() for thing in server.found() if thing.key == company.key]
    company.walk.must(files > 0, "files are gone before their day")
    company.walk.must(places, "the database is gone before its day")
    company.walk.done("kept_to_the_last_day", ids={"case": case.id}, facts={"files": files, "places": places})


def be_destroyed(company: Company, staff: Person, neighbour: Company) -> None:
    """The worker destroys, scans and certifies; nothing is found afterwards, and the neighbour did not notice."""
    walk, house = company.walk, company.house
    walk.begin()
    case = _case_in(company, "destroyed")
    walk.done("destroyed", ids={"case": case.id}, facts={"steps": list(case.done)})
    with house.app.app_context():
        made = db.session.scalars(select(Certificate).where(Certificate.case_id == case.id)).one()
        kept = {row.record_class: row.rows for row in db.session.scalars(select(KeptRecord))}
        document, number, hashed, certificate = made.document, made.number, made.digest, made.id
    own = hashlib.sha256(json.dumps(document, ensure_ascii=False, sort_keys=True).encode()).hexdigest()
    walk.must(own == hashed, "the certificate's digest is another than its document's")
    walk.must(kept == document["set_apart"], f"set apart is {kept}, certified {document['set_apart']}")
    left = remains(company)
    walk.must(not any(left.values()), f"something is left: {left}")
    walk.done("scanned", facts={"found": left, "scanned": document["scanned"], "set_apart": kept})
    browser = staff.sign_in()
    walk.begin()
    register = browser.go("/staff/retention")
    walk.must(number in register.text and hashed in register.text, "the register does not tell of it")
    pdf = browser.go(f"/staff/retention/certificates/{certificate}.pdf")
    walk.must(pdf.body.startswith(b"%PDF"), "the certificate is no PDF")
    counts = {name: document[name] for name in ("rows", "files", "file_bytes", "databases", "people")}
    walk.done(
        "certified",
        ids={"certificate": number, "case": case.id},
        sha256={"certificate.pdf": digest(pdf.body), "certificate": hashed},
        facts={"destroyed": counts, "asked_by": document["asked_by"], "agreed_by": document["agreed_by"]},
    )
    page = company.owner.browser.go("/sign-in")
    gone = {"email": company.owner.email, "password": company.owner.password}
    company.owner.browser.send(page, "/sign-in", gone, expect=422)
    with house.app.app_context():
        walk.must(audit.verify(db.session()) is None, "the chain of the audit is broken")
    walk.done("nobody_comes_in", ids={"tenant": company.tenant_id}, facts={"neighbour": neighbour.key})


def remains(company: Company) -> dict[str, int]:
    """Place -> where the company's name, number or address is still found; looked for apart from the portal's own scan."""
    words = [company.name, company.number, company.owner.email, company.owner.name]
    forms = {form for word in words for form in (word, json.dumps(word)[1:-1])}
    with company.house.app.app_context():
        rows = sum(
            any(word in str(tuple(row)) for word in forms)
            for table in Platform.metadata.tables.values()
            for row in db.session.execute(table.select())
        )
        files = sum(1 for key in blobs().keys("") if key.startswith(company.key))
        places = sum(thing.key == company.key for server in servers().values() for thing in server.found())
        client = redis()
        kept = sum(
            any(word.encode() in value for word in forms)
            for key in client.scan_iter("*", count=500)
            if client.type(key) == b"string"
            for value in [client.get(key) or b""]
        )
        state = db.session.get_one(Tenant, company.tenant_id).state
    logs = sum(
        any(word in log.read_text(encoding="utf-8", errors="replace") for word in forms)
        for log in (company.house.data / "logs").glob("*.log")
    )
    return {
        "rows": rows, "files": files, "databases": places, "redis": kept, "logs": logs,
        "not_purged": int(state != "purged"),
    }  # fmt: skip


def dump_digest(company: Company) -> str:
    """A digest of everything of a company: its database, its files, and its rows on the platform that stand still."""
    said = hashlib.sha256()
    with company.house.app.app_context():
        session = tenants.session_by_id(company.tenant_id)
        for table in Tenanted.metadata.sorted_tables:
            for row in sorted(repr(tuple(row)) for row in session.execute(table.select())):
                said.update(f"{table.name}{row}".encode())
        session.rollback()
        for key in sorted(blobs().keys(company.key)):
            with blobs().open(key) as stream:
                said.update(key.encode() + stream.read())
        for table in Platform.metadata.sorted_tables:
            if "tenant_id" in table.c and table.info.get("record_class") not in RESTLESS:
                query = table.select().where(table.c.tenant_id == company.tenant_id)
                for row in sorted(repr(tuple(row)) for row in db.session.execute(query)):
                    said.update(f"{table.name}{row}".encode())
    return said.hexdigest()


def _case_in(company: Company, state: str) -> Case:
    """The company's case, once it is in `state`."""

    def found() -> Case | None:
        with company.house.app.app_context():
            query = select(Case).where(Case.tenant_id == company.tenant_id, Case.state == state)
            case = db.session.scalars(query).first()
            if case is not None:
                db.session.expunge(case)
            return case

    case = company.house.wait(found, f"the case of {company.name} is {state}")
    if case is None:
        raise LookupError(company.name)
    return case
