"""Whether this process and what it leans on are well: for the load balancer, the start, and `doctor`."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from typing import Any

from flask import Blueprint, current_app, jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy import text

from portal.core.db import db
from portal.core.gate import access
from portal.core.korea import particle
from portal.core.redis import redis
from portal.core.settings import settings

health = Blueprint("health", __name__)
#: Below this the portal says that the disk is nearly full.
LEAST_FREE_BYTES = 200 * 1024 * 1024


@health.get("/healthz")
@access("public")
def healthz() -> ResponseReturnValue:
    """200 while the platform database answers; Redis and disk are told, but do not take the server out."""
    found = {check["name"]: check["ok"] for check in checks()}
    status = 200 if found["database"] else 503
    return jsonify(ok=all(found.values()), checks=found), status


def checks() -> list[dict[str, Any]]:
    """Name, ok and a sentence for each thing the portal leans on. `unused`: well, because nobody wants it here."""
    problems = settings().problems
    rows = [{"name": "settings", "ok": not problems, "message": " ".join(problems) or "설정값이 모두 바릅니다."}]
    for name, well, ask in (
        ("database", "플랫폼 데이터베이스가 응답합니다.", _database),
        ("redis", "Redis가 응답합니다.", lambda: redis().ping()),
        ("disk", "저장 공간이 넉넉합니다.", _disk),
    ):
        rows.append(_check(name, well, ask))
    return rows


def outside() -> list[dict[str, Any]]:
    """What of the outside world is set up. None of it is needed to run, so it is told to operators only."""
    known = settings()
    cards = "카드 결제를 받습니다." if known.cards_set_up else "설정되지 않음: 계좌이체로만 받습니다."
    papers = (
        "세금계산서를 발행합니다." if known.tax_invoices_set_up else "설정되지 않음: 세금계산서를 발행하지 않습니다."
    )
    return [
        {"name": "cards", "ok": True, "unused": not known.cards_set_up, "message": cards},
        {"name": "tax_invoices", "ok": True, "unused": not known.tax_invoices_set_up, "message": papers},
    ]


def _check(name: str, well: str, ask: Callable[[], object]) -> dict[str, Any]:
    try:
        ask()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the answer of this check
        current_app.logger.warning("check %s failed: %s", name, error)
        return {
            "name": name,
            "ok": False,
            "message": f"{name}{particle(name, '이/가')} 응답하지 않습니다: {type(error).__name__}",
        }
    return {"name": name, "ok": True, "message": well}


def _database() -> None:
    with db.engine.connect() as connection:
        connection.execute(text("SELECT 1"))


def _disk() -> None:
    if shutil.disk_usage(settings().data_dir).free < LEAST_FREE_BYTES:
        message = "less than 200 MB free"
        raise OSError(message)
