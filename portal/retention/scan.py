"""Looks for a company in every place where something of it could be left. A count of nought everywhere is the proof."""

from __future__ import annotations

import json

from sqlalchemy import JSON, ColumnElement, String, Table, cast, func, or_, select
from sqlalchemy.orm import Session

from portal.core import sessions
from portal.core.blobs import blobs
from portal.core.db import Platform
from portal.core.redis import redis
from portal.core.settings import settings
from portal.retention import forgetting
from portal.retention.rules import Fate
from portal.retention.scope import Scope, count, rows_of, tables
from portal.tenants.databases import servers
from portal.tenants.models import Tenant
from portal.trials.models import Application

#: A shorter word is found in other people's words.
SHORTEST = 4
#: Tables whose rows stay although they are the company's: nameless, or of ids and digests only.
STAY = frozenset({"tenant", "person", "audit_entry", "audit_personal", "acting_grant", "staff_access"})


def residues(session: Session, scope: Scope) -> dict[str, int]:
    """Place -> how much of the company is still there."""
    found = {
        "데이터베이스": sum(thing.key == scope.key for server in servers().values() for thing in server.found()),
        "파일": sum(1 for _ in blobs().keys(scope.key)),
        "백업": forgetting.left(settings().backup_dir, scope.key),
        "행": _rows(session, scope),
        "낱말": _words(session, scope),
        "로그인과 대기열": _redis(scope),
    }
    session.rollback()
    return found


def _rows(session: Session, scope: Scope) -> int:
    left = 0
    for table, policy in tables():
        condition = rows_of(table, scope)
        if condition is not None and table.name not in STAY and policy.fate is not Fate.STAY:
            left += count(session, table, condition)
    return left


def _words(session: Session, scope: Scope) -> int:
    """Rows of any table in which a name, number or address of the company still stands."""
    words = own_words(session, scope)
    left = 0
    for table in Platform.metadata.tables.values():
        condition = _mentions(table, words)
        if condition is not None:
            left += session.scalar(select(func.count()).select_from(table).where(condition)) or 0
    return left


def own_words(session: Session, scope: Scope) -> list[str]:
    """The words that only this company can have left: not those that another one or its applicants share."""
    others = (
        select(Tenant.name).where(Tenant.id != scope.tenant_id),
        select(Tenant.business_number).where(Tenant.id != scope.tenant_id),
        select(Application.company).where(Application.id.not_in(scope.applications)),
        select(Application.business_number).where(Application.id.not_in(scope.applications)),
    )
    shared = {word for query in others for word in session.scalars(query)}
    people = {word for word in scope.words if "@" not in word and not word.isdigit() and len(word) <= SHORTEST}
    return sorted(word for word in scope.words - people - shared if len(word) >= SHORTEST)


def _mentions(table: Table, words: list[str]) -> ColumnElement[bool] | None:
    conditions: list[ColumnElement[bool]] = []
    for column in table.columns:
        if isinstance(column.type, JSON):
            text = cast(column, String)
            # JSON may be written with its Hangul escaped.
            forms = {form for word in words for form in (word, json.dumps(word)[1:-1])}
            conditions += [text.contains(form, autoescape=True) for form in forms]
        elif isinstance(column.type, String):
            conditions += [column.contains(word, autoescape=True) for word in words]
    return or_(*conditions) if conditions else None


def _redis(scope: Scope) -> int:
    client = redis()
    long_ones = [word for word in (*scope.words, scope.key) if len(word) >= SHORTEST]
    words = [word.encode() for word in long_ones]
    left = len(sessions.holding(long_ones))  # sealed in the store, so opened first
    for key in client.scan_iter("planroom:*", count=500):
        if key.startswith(sessions.PREFIX.encode()):
            continue
        if scope.key.encode() in key:
            left += 1
        elif client.type(key) == b"string":
            value = client.get(key) or b""
            left += any(word in value for word in words)
    return left
