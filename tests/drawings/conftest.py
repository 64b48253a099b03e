"""Two companies with equal ids in their own SQLite databases, and drawings small enough to be drawn in a second."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import ezdxf
import pytest
from flask import request
from sqlalchemy import create_engine

from portal import create_app
from portal.accounts.models import Person
from portal.core import db
from portal.core.clock import now
from portal.core.db import Tenanted, write
from portal.core.gate import Caller
from portal.tenants.databases import servers
from portal.tenants.models import Tenant, TenantState
from tests.drawings.world import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with standing(tmp_path) as made:
        yield made


@contextmanager
def standing(tmp_path: Path) -> Iterator[World]:
    """Both companies with their data in a folder, until the block ends."""
    app = create_app(
        {
            "DATA_DIR": str(tmp_path),
            "SECRET_KEY": "s" * 40,
            "SESSION_STORE": "memory",
            "REDIS_URL": f"unix://{tmp_path}/none",
        }
    )
    people: dict[str, Caller] = {}

    def identify() -> Caller:
        return people.get(request.headers.get("X-As", ""), Caller())

    app.extensions["planroom.identify"] = identify
    with app.app_context():
        db.db.create_all()
        company_a, company_b = (
            _company(tmp_path, key, name)
            for key, name in (("bcdfghjkmnpq", "한빛종합건설"), ("cdfghjkmnpqr", "대성정밀"))
        )
        roles = {"alice": "owner", "bob": "editor", "vera": "viewer", "bill": "billing"}
        for number, (name, role) in enumerate(roles.items(), start=1):
            people[name] = Caller(
                number, name.title(), f"{name}@a.example", 1, company_a, "한빛종합건설", role, companies=1
            )
        people["charlie"] = Caller(9, "Charlie", "charlie@b.example", 1, company_b, "대성정밀", "owner", companies=1)
        people["looking"] = replace(people["alice"], read_only="이용이 제한되어 있습니다.")
        yield World(app, people)
        db.db.session.remove()
    db.dispose(app)


def _company(folder: Path, key: str, name: str) -> int:
    companies = folder / "companies"
    companies.mkdir(exist_ok=True)
    engine = create_engine(f"sqlite:///{companies / key}.db")
    Tenanted.metadata.create_all(engine)
    engine.dispose()
    with write() as session:
        owner = Person(
            email=f"owner@{key}.example", name=name, phone="", staff_roles=[], state="active", created_at=now()
        )
        session.add(owner)
        session.flush()
        tenant = Tenant(
            key=key,
            name=name,
            business_number="1234567890",
            state=TenantState.TRIAL,
            owner_id=owner.id,
            server=next(iter(servers())),
            database=f"{key}.db",
            created_at=now(),
            state_since=now(),
        )
        session.add(tenant)
        session.flush()
        return tenant.id


@pytest.fixture
def dxf() -> Callable[..., bytes]:
    """Make a small DXF: `dxf("거실", "침실")` draws a frame and these words; `solid=True` adds what cannot be drawn."""

    def make(*words: str, solid: bool = False) -> bytes:
        document = ezdxf.new("R2000", units=4)
        document.layers.add("벽체", color=1)
        space = document.modelspace()
        space.add_lwpolyline([(0, 0), (4000, 0), (4000, 3000), (0, 3000)], close=True, dxfattribs={"layer": "벽체"})
        for place, word in enumerate(words):
            space.add_text(word, height=200, dxfattribs={"insert": (200, 300 + 400 * place)})
        if solid:
            space.add_3dsolid().sat = ["400 0 1 0 ", "End-of-ACIS-data"]
        stream = io.StringIO()
        document.write(stream)
        return stream.getvalue().encode("utf-8")

    return make
