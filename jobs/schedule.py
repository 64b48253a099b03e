"""Every periodic job, one line each. Sweeps write nudges from the rows; none of them does the work itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from portal.accounts import tickets
from portal.billing import closing, receivables, reminding, subscriptions
from portal.core import mail, outbox, sessions
from portal.drawings import renders
from portal.duties import service as duties
from portal.payments import cards, charges, dunning, refunds, transfers
from portal.quality import digests, items, tidying
from portal.retention import cases, kept
from portal.taxinvoices import watching
from portal.tenants import provisioning
from portal.tenants import service as tenants
from portal.trials import forgetting
from portal.trials import service as trials
from portal.visits import service as visits
from portal.work import service as work


@dataclass(frozen=True, slots=True)
class Periodic:
    """`run` is called every `every`, by one clock process of however many there are."""

    name: str
    every: timedelta
    run: Callable[[], object]


def seconds(count: int) -> timedelta:
    return timedelta(seconds=count)


def minutes(count: int) -> timedelta:
    return timedelta(minutes=count)


SCHEDULE: tuple[Periodic, ...] = (
    Periodic("mail.nudge_waiting", seconds(10), mail.nudge_waiting),
    Periodic("tenants.sweep", seconds(5), provisioning.sweep),
    Periodic("drawings.sweep", seconds(10), renders.sweep),
    Periodic("trials.expire", minutes(30), trials.expire),
    Periodic("trials.forget", minutes(60), forgetting.forget),
    Periodic("billing.end_due", minutes(1), subscriptions.end_due),
    Periodic("billing.remind_due", minutes(5), reminding.remind_due),
    Periodic("billing.close_due", minutes(1), closing.start_due),
    Periodic("billing.fall_due", minutes(5), receivables.fall_due),
    Periodic("payments.cards", seconds(10), cards.sweep),
    Periodic("payments.charges", seconds(5), charges.sweep),
    Periodic("payments.refunds", seconds(10), refunds.sweep),
    Periodic("payments.dunning", minutes(1), dunning.step_due),
    Periodic("payments.transfers", minutes(5), transfers.try_again),
    Periodic("taxinvoices.sweep", seconds(10), watching.sweep),
    Periodic("taxinvoices.deadlines", minutes(60), watching.watch_deadlines),
    Periodic("retention.step_due", minutes(1), cases.step_due),
    Periodic("retention.sweep", seconds(30), cases.sweep),
    Periodic("retention.forget_kept", minutes(60), kept.forget_kept),
    Periodic("quality.end_quarantines", minutes(5), items.end_quarantines),
    Periodic("quality.send_digests", seconds(30), digests.send),
    Periodic("quality.tidy", minutes(60), tidying.tidy),
    Periodic("work.wake_due", minutes(1), work.wake_due),
    Periodic("accounts.tidy", minutes(60), tickets.tidy),
    Periodic("duties.open_due", minutes(30), duties.open_due),
    Periodic("duties.forget_old", minutes(60), duties.forget_old),
    Periodic("visits.tidy", minutes(10), visits.tidy),
    Periodic("outbox.tidy", minutes(60), outbox.tidy_platform),
    Periodic("tenants.tidy_outboxes", minutes(360), tenants.tidy_outboxes),
    Periodic("sessions.tidy", minutes(60), sessions.tidy),
)
