"""How visitors became customers: the funnel by day, and where they came from."""

from __future__ import annotations

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from portal.core.clock import today
from portal.core.gate import access
from portal.core.page import page
from portal.visits import service
from portal.visits.models import FUNNEL, LABELS

visits_staff = Blueprint("visits_staff", __name__)
PERIODS = (7, 30, 90)
DEFAULT = 30


@visits_staff.get("/staff/visits")
@access("staff")
def visits() -> ResponseReturnValue:
    wanted = request.args.get("days", DEFAULT, type=int)
    days = wanted if wanted in PERIODS else DEFAULT
    found = service.funnel(days)
    bars = [
        {"label": f"{day.month}월 {day.day}일", "short": str(day.day), "value": row["visitors"], "now": day == today()}
        for day, row in zip(found.days, found.rows, strict=True)
    ]
    return page(
        "visits/visits.html",
        found=found,
        bars=bars,
        days=days,
        periods=PERIODS,
        default=DEFAULT,
        stages=[{"key": stage, "label": LABELS[stage]} for stage in FUNNEL],
    )
