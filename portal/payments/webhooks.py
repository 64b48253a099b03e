"""What the payment company tells unasked. It is not signed, so it is never believed: it only makes us ask.

A charge by billing key is never told of (its answer and the query are the truth); cancellations and deleted keys are.
"""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from portal.core.clock import now
from portal.core.db import write
from portal.core.outbox import later
from portal.payments.models import PENDING, Charge, WebhookCall

LONGEST_ID = 100


def read(body: bytes) -> dict[str, Any]:
    """What was sent; nothing, when it is no JSON object: anybody may call, with anything."""
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except (ValueError, RecursionError):  # DecodeError is a ValueError
        return {}


def hear(transmission_id: str, body: dict[str, Any]) -> bool:
    """Note one call, and have the charge it speaks of looked at. False when this call was heard before."""
    data = body.get("data")
    told: dict[str, Any] = data if isinstance(data, dict) else {}
    order_id, kind = _text(told, "orderId", 64), _text(body, "eventType", 60)
    with write() as session:
        insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
        row = {
            "transmission_id": transmission_id[:LONGEST_ID],
            "kind": kind,
            "order_id": order_id,
            "body": {"status": _text(told, "status", 20)},
            "received_at": now(),
        }
        done = session.execute(insert(WebhookCall).values(**row).on_conflict_do_nothing())
        if not getattr(done, "rowcount", 0):
            return False
        charge = session.scalar(select(Charge).where(Charge.order_id == order_id)) if order_id else None
        if charge is not None and charge.state in PENDING:
            later(session, "payments.charge", charge.id)
        return True


def _text(told: dict[str, Any], name: str, longest: int) -> str:
    value = told.get(name)
    return value.replace("\x00", "")[:longest] if isinstance(value, str) else ""
