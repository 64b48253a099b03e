"""The house's first price list."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, date, datetime, time

import sqlalchemy as sa
from alembic import op

from portal.core.db import Instant

revision = "0004a"
down_revision = "0004"
branch_labels = None
depends_on = None

#: The house's own price list. Terms are what `portal.billing.rules.reading.document` writes; a version is never changed.
PLANS = (
    (
        "trial",
        "체험",
        "우리 도면으로 먼저 써 봅니다.",
        False,
        {"prices": [], "limits": {"seats": 5, "stored_bytes": 5_000_000_000}, "trial_days": 30, "currency": "KRW"},
    ),
    (
        "starter",
        "스타터",
        "작은 설계 사무소에 맞습니다.",
        True,
        {
            "prices": [
                {"key": "base", "name": "기본료", "kind": "flat", "amount": "39000"},
                {
                    "key": "seats",
                    "name": "추가 이용권",
                    "kind": "seat",
                    "amount": "9000",
                    "included": 3,
                    "unit_word": "명",
                },
                {
                    "key": "storage",
                    "name": "저장 용량",
                    "kind": "usage",
                    "meter": "stored_bytes",
                    "unit_word": "GB",
                    "formula": {"model": "unit", "unit": "300", "size": "1", "free_units": "20"},
                },
            ],
            "limits": {"seats": 10, "stored_bytes": 200_000_000_000},
            "currency": "KRW",
        },
    ),
    (
        "team",
        "팀",
        "설계 사무소와 전문건설사에 맞습니다.",
        True,
        {
            "prices": [
                {"key": "seats", "name": "이용권", "kind": "seat", "amount": "12000", "unit_word": "명"},
                {
                    "key": "storage",
                    "name": "저장 용량",
                    "kind": "usage",
                    "meter": "stored_bytes",
                    "unit_word": "GB",
                    "formula": {"model": "unit", "unit": "200", "size": "1", "free_units": "100"},
                },
                {
                    "key": "views",
                    "name": "도면 열람",
                    "kind": "usage",
                    "meter": "drawing_views",
                    "unit_word": "회",
                    "formula": {
                        "model": "graduated",
                        "size": "1",
                        "tiers": [{"up_to": "3000"}, {"up_to": "20000", "unit": "5"}, {"unit": "2.5"}],
                    },
                    "maximum": "200000",
                },
            ],
            "limits": {"seats": None, "stored_bytes": 2_000_000_000_000},
            "currency": "KRW",
        },
    ),
    (
        "enterprise",
        "기업",
        "여러 현장과 협력사를 함께 관리합니다.",
        False,
        {
            "prices": [
                {"key": "base", "name": "기본료", "kind": "flat", "amount": "500000"},
                {"key": "seats", "name": "이용권", "kind": "seat", "amount": "8000", "included": 30, "unit_word": "명"},
                {
                    "key": "storage",
                    "name": "저장 용량",
                    "kind": "usage",
                    "meter": "stored_bytes",
                    "unit_word": "GB",
                    "formula": {
                        "model": "volume",
                        "size": "1",
                        "tiers": [{"up_to": "1000", "unit": "120"}, {"unit": "90"}],
                    },
                },
                {
                    "key": "views",
                    "name": "도면 열람",
                    "kind": "usage",
                    "meter": "drawing_views",
                    "unit_word": "회",
                    "formula": {"model": "package", "unit": "10000", "size": "10000", "free_units": "50000"},
                },
            ],
            "limits": {"seats": None, "stored_bytes": None},
            "currency": "KRW",
        },
    ),
)
BEGUN = date(2024, 1, 1)


def upgrade() -> None:
    plan = sa.table("plan", *(sa.column(name) for name in ("key", "name", "summary", "public", "position")))
    version = sa.table(
        "plan_version",
        *(sa.column(name) for name in ("plan_id", "number", "digest", "offered_from", "published_by")),
        sa.column("terms", sa.JSON()),
        sa.column("published_at", Instant()),
    )
    rows = [
        {"key": key, "name": name, "summary": summary, "public": public, "position": n}
        for n, (key, name, summary, public, _terms) in enumerate(PLANS, 1)
    ]
    op.bulk_insert(plan, rows)
    versions = [
        {
            "plan_id": n,
            "number": 1,
            "terms": terms,
            "digest": hashlib.sha256(json.dumps(terms, ensure_ascii=False, sort_keys=True).encode()).hexdigest(),
            "offered_from": BEGUN,
            "published_at": datetime.combine(BEGUN, time(), UTC),
            "published_by": "house",
        }
        for n, (_key, _name, _summary, _public, terms) in enumerate(PLANS, 1)
    ]
    op.bulk_insert(version, versions)


def downgrade() -> None:
    op.execute("DELETE FROM plan_version")
    op.execute("DELETE FROM plan")
