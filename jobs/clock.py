"""The clock process: relays every outbox to RQ, and keeps the schedule.

Several may run: a message told twice is harmless, and a line of the schedule belongs to whoever claims its row first.
"""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Callable

from flask import Flask
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from jobs.schedule import SCHEDULE
from jobs.telling import relay_one, tell_again
from portal.core import outbox, turns
from portal.core.redis import connect
from portal.tenants import service as tenants

log = logging.getLogger("planroom.clock")

#: The relay looks by itself this often at the platform's outbox, and at the companies' ones.
PLATFORM_SECONDS = 1
COMPANIES_SECONDS = 20
#: And this often at all of them for events that were lost.
AGAIN_SECONDS = 30


def run(app: Flask) -> None:
    """Relay and keep the schedule until SIGTERM or SIGINT."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    relay = threading.Thread(target=_relay, args=(app, stop), name="relay", daemon=True)
    relay.start()
    while not stop.wait(1):
        _keep_schedule(app)
    relay.join(timeout=5)


def _keep_schedule(app: Flask) -> None:
    for line in SCHEDULE:
        with app.app_context():
            try:
                if turns.take(line.name, line.every):
                    line.run()
            except Exception:  # one line that fails does not keep the others from their turn
                log.exception("%s failed; it gets its next turn", line.name)


def _relay(app: Flask, stop: threading.Event) -> None:
    connection = connect(app.extensions["planroom.settings"], patient=True)
    companies_due = 0.0
    again_due = time.monotonic() + AGAIN_SECONDS
    while not stop.is_set():
        try:
            woken = _wait(connection)
            if time.monotonic() >= companies_due:
                with app.app_context():
                    woken |= {str(tenant_id) for tenant_id in tenants.ids_with_database()}
                companies_due = time.monotonic() + COMPANIES_SECONDS
            for database in {outbox.PLATFORM, *woken}:
                _or_go_on(app, relay_one, connection, database)
            if time.monotonic() >= again_due:
                with app.app_context():
                    everybody = [outbox.PLATFORM, *map(str, tenants.ids_with_database())]
                for database in everybody:
                    _or_go_on(app, tell_again, connection, database)
                again_due = time.monotonic() + AGAIN_SECONDS
        except (RedisError, SQLAlchemyError) as error:
            log.warning("the relay waits: %s", type(error).__name__)
            stop.wait(1)
        except Exception:  # the relay outlives whatever one database does to it
            log.exception("the relay met a bug; it goes on")
            stop.wait(1)


def _or_go_on(app: Flask, act: Callable[[Redis, str], int], connection: Redis, database: str) -> None:
    """Look at one database; what is wrong with it alone does not keep the others waiting."""
    with app.app_context():
        try:
            act(connection, database)
        except (SQLAlchemyError, LookupError) as error:
            log.warning("the relay leaves %s for its next round: %s", database, type(error).__name__)


def _wait(connection: Redis) -> set[str]:
    """The databases that have news, after at most a second."""
    first = connection.blpop([outbox.WAKE], timeout=PLATFORM_SECONDS)
    if first is None:
        return set()
    rest = connection.lpop(outbox.WAKE, 1000) or []
    return {name.decode() for name in (first[1], *rest)}
