"""`python -m tests.faults.closers COUNT FIRST_DAY`: so many runs of a month's close at once, each a process of its own.

Every run begins the close and then does the job of every company, as a worker would that was told of all of them. They
start together at a barrier. Exits 0 when none of them met an error; what one met is on stderr.
"""

from __future__ import annotations

import logging
import multiprocessing
import sys
from datetime import date
from multiprocessing.synchronize import Barrier
from uuid import uuid4

from flask import Flask
from sqlalchemy import select

import jobs.billing
from portal import create_app
from portal.billing import closing, service
from portal.billing.models import CloseStep
from portal.core import db


def close(app: Flask, first_day: str, together: Barrier) -> None:
    """One run."""
    db.dispose(app, close=False)
    with app.app_context():
        together.wait(60)
        closing.start(service.month(date.fromisoformat(first_day)))
        companies = db.db.session.scalars(select(CloseStep.tenant_id).order_by(CloseStep.tenant_id)).all()
    for tenant_id in companies:
        with app.app_context():
            jobs.billing.close_company(str(uuid4()), first_day, tenant_id)


def main(count: int, first_day: str) -> int:
    logging.basicConfig(level=logging.INFO)
    app = create_app()
    db.dispose(app)
    forking = multiprocessing.get_context("fork")
    together = forking.Barrier(count)
    runs = [forking.Process(target=close, args=(app, first_day, together)) for _ in range(count)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    return max(run.exitcode or 0 for run in runs)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2]))
