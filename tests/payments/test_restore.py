"""A backup that comes back charges nobody for what was charged after it was made."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select

from portal.billing.models import Invoice
from portal.core.clock import fresh, set_to
from portal.core.db import db
from portal.payments.models import Charge, ChargeState
from portal.retention import backups, making, restoring
from tests.billing.office import office
from tests.payments.conftest import Till


def test_a_charge_made_after_the_backup_is_found_and_not_made_again(till: Till, tmp_path: Path) -> None:
    till.register()
    charge = till.collect()
    name = making.create().name
    assert till.until_known(charge).state == ChargeState.SUCCEEDED
    assert till.taken() == [13_200]
    source = backups.root()
    moment = fresh()
    db.session.remove()
    where = {"SANDBOX_PORT": str(till.outside.port), "BACKUP_DIR": str(source)}
    with office(tmp_path / "new", **where):
        set_to(moment)
        done = restoring.restore(source / name)
        assert done.held["charges"] == 1
        found = db.session.scalars(select(Charge)).one()
        assert found.state == ChargeState.REQUESTED
        assert till.until_known(found).state == ChargeState.SUCCEEDED
        assert db.session.scalars(select(Invoice.state)).one() == "paid"
    assert till.taken() == [13_200]
