"""Applications that came to nothing are forgotten after a month, with everything that names their applicant."""

from __future__ import annotations

from sqlalchemy import delete, select, update

from portal.core import audit
from portal.core.audit import AuditEntry, AuditPersonal
from portal.core.clock import now
from portal.core.db import db, write
from portal.core.mail import Mail
from portal.trials import rules
from portal.trials.models import Application, ApplicationMessage, ApplicationState
from portal.trials.service import ITEM
from portal.work.models import WorkItem

CAME_TO_NOTHING = (ApplicationState.REJECTED, ApplicationState.WITHDRAWN, ApplicationState.EXPIRED)
MOST_AT_ONCE = 100


def forget() -> int:
    """Delete rejected, withdrawn and expired applications a month after their decision. For the schedule; gives how many.

    Their audit entries stay, without the part that names a person (PIPA 21).
    """
    over = Application.state.in_(CAME_TO_NOTHING) & (Application.decided_at <= now() - rules.FORGOTTEN)
    old = select(Application).where(over).limit(MOST_AT_ONCE)
    if db.session.scalars(old.limit(1)).first() is None:
        return 0
    with write() as session:
        rows = list(session.scalars(old))
        ids = [row.id for row in rows]
        subjects = [f"application:{row_id}" for row_id in ids]
        entries = select(AuditEntry.id).where(AuditEntry.subject.in_(subjects))
        session.execute(update(AuditPersonal).where(AuditPersonal.entry_id.in_(entries)).values(body=None))
        session.execute(delete(ApplicationMessage).where(ApplicationMessage.application_id.in_(ids)))
        session.execute(delete(WorkItem).where(WorkItem.kind == ITEM, WorkItem.subject.in_(subjects)))
        mails = Mail.template.startswith("application_") & Mail.recipient.in_([row.email for row in rows])
        session.execute(delete(Mail).where(mails))
        session.execute(delete(Application).where(Application.id.in_(ids)))
        audit.record(session, "application.forget", actor="schedule", subject="application", count=len(ids))
        return len(ids)
