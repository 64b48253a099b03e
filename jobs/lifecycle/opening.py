"""The beginning of both lives: apply, confirm, be reviewed, get a database of one's own, come in, send a drawing, see it."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, field

import ezdxf
from sqlalchemy import select

from jobs.lifecycle.house import House
from jobs.lifecycle.people import Person
from jobs.lifecycle.record import Walk, digest
from portal.core.db import db
from portal.tenants.models import Tenant

WIDTH, HEIGHT = 8400, 6300


@dataclass(slots=True)
class Company:
    """A company on its walk: what it says of itself, its owner, and what becomes of it."""

    walk: Walk
    name: str
    number: str
    owner: Person
    ceo: str
    address: str
    drawing_id: int = 0
    tenant_id: int = 0
    key: str = ""
    words: list[str] = field(default_factory=list)

    @property
    def house(self) -> House:
        return self.owner.house


def open_company(company: Company, reviewer: Person) -> None:
    """From the homepage to the first drawing on the screen."""
    company.walk.begin()
    apply(company)
    approve(company, reviewer)
    move_in(company)
    send_drawing(company)


def apply(company: Company) -> None:
    """The form of the homepage, and the mail that confirms the address."""
    walk, owner = company.walk, company.owner
    browser = owner.browser
    page = browser.go("/")
    page = browser.go(page.link("/apply"))
    said = {
        "company": company.name,
        "business_number": company.number,
        "ceo": company.ceo,
        "industry": "construction",
        "people": "6-20",
        "purpose": "현장 도면을 나누어 주고 개정을 관리합니다.",
        "applicant": owner.name,
        "email": owner.email,
        "phone": "02-6000-0115",
        "terms": "y",
    }
    page = browser.send(page, "/apply", said)
    walk.must("/apply/status/" in page.url, f"the application was not taken: {page.text[:300]}")
    walk.done("applied", facts={"company": company.name, "business_number": company.number})
    page = browser.go(owner.mailed_link("/apply/confirm/"))
    page = browser.send(page, "/apply/confirm/[^/]+")
    walk.must("메일 주소를 확인했습니다" in page.text, "the address was not confirmed")
    walk.done("confirmed", facts={"mail": owner.email})


def approve(company: Company, reviewer: Person) -> None:
    """The reviewer finds the application in the queue and says yes; the worker makes the database."""
    walk, browser = company.walk, reviewer.browser
    page = browser.go(f"/staff/applications?q={company.name}")
    page = browser.go(page.link(r"/staff/applications/\d+[^/]*"))
    walk.must(company.name in page.text, "the queue shows another company")
    application = int(re.findall(r"\d+", page.url.partition("/staff/applications/")[2])[0])
    page = browser.send(page, "/approve")
    walk.must("승인했습니다" in page.text, f"the application was not approved: {page.text[:300]}")
    walk.done("approved", ids={"application": application}, facts={"by": reviewer.email})
    company.owner.mail(link="/invitations/")
    with company.house.app.app_context():
        tenant = db.session.scalars(select(Tenant).where(Tenant.application_id == application)).one()
        company.tenant_id, company.key = tenant.id, tenant.key
        walk.must(tenant.state == "trial", f"the company is {tenant.state}, not on trial")
        where = {"server": tenant.server, "database": tenant.database, "trial_ends": str(tenant.trial_ends_at)}
    walk.tenant = company.key
    walk.done("provisioned", ids={"tenant": company.tenant_id, "key": company.key}, facts=where)


def move_in(company: Company) -> None:
    """The owner sets a password by the mailed link and stands in the company's own room."""
    page = company.owner.accept(company.owner.mailed_link("/invitations/"))
    company.walk.must(page.url.endswith("/drawings"), f"the invitation led to {page.url}")
    company.walk.done("invited", facts={"owner": company.owner.email})


def send_drawing(company: Company) -> None:
    """One DXF goes up, a worker draws it, the owner looks at its sheet."""
    walk, browser = company.walk, company.owner.browser
    body = drawing(company.name)
    files = [("files", (f"{company.name} 평면도.dxf", body, "application/dxf"))]
    page = browser.send(browser.go("/drawings"), "/drawings/uploads", files=files)
    company.drawing_id = int(page.link(r"/drawings/\d+").rpartition("/")[2])
    walk.done(
        "uploaded", ids={"drawing": company.drawing_id}, sha256={"original": digest(body)}, facts={"bytes": len(body)}
    )
    address = f"/drawings/{company.drawing_id}"
    pattern = r"/drawings/revisions/\d+/sheets/\d+\.svg"

    def drawn() -> str:
        found = re.search(pattern, browser.go(address).answer.text)
        return found[0] if found else ""

    sheet = company.house.wait(drawn, "the drawing is drawn")
    picture = browser.go(sheet)
    walk.must(company.name in picture.answer.text or b"<path" in picture.body, "the sheet shows nothing")
    back = browser.go(sheet.partition("/sheets/")[0] + "/file")
    walk.must(back.body == body, "the original came back changed")
    walk.done("viewed", ids={"drawing": company.drawing_id}, sha256={"sheet": digest(picture.body)})


def drawing(title: str) -> bytes:
    """A small plan as DXF: walls, an axis, a name."""
    document = ezdxf.new("R2010")  # type: ignore[attr-defined]  # exported by ezdxf's package
    document.layers.add("벽체", color=7)
    document.layers.add("중심선", color=1)
    space = document.modelspace()
    corners = [(0, 0), (WIDTH, 0), (WIDTH, HEIGHT), (0, HEIGHT)]
    space.add_lwpolyline(corners, close=True, dxfattribs={"layer": "벽체"})
    space.add_line((WIDTH / 2, 0), (WIDTH / 2, HEIGHT), dxfattribs={"layer": "중심선"})
    space.add_text(f"{title} 평면도", height=250).set_placement((400, 400))
    text = io.StringIO()
    document.write(text)
    return text.getvalue().encode()
