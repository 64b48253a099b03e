"""How long a company takes from approval to use, on both engines: `make bench WHAT=provisioning`.

The whole way with real processes (commit, relay, queue, worker, six steps), measured from the approval's commit to the
first row read from the company's own database; and the making of the database alone, by template copy as the portal does
it, beside running the migrations in an empty one (the baseline). Medians of 20; 1 company at a time on a quiet machine.
Prints {"rows": [{name, unit, median, runs}], "ratios": [{name, value}]}.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import psycopg
from sqlalchemy import create_engine, select
from sqlalchemy.engine import URL, make_url
from sqlalchemy.pool import NullPool

from portal.core import db, ids, migrate
from portal.tenants import service as tenants
from portal.tenants.databases import Place, servers
from portal.tenants.models import Belonging, Tenant, TenantState
from tests.engines import PostgresServer, RedisServer
from tests.tenants.premises import Premises, premises, request_company

RUNS = 20
GIVE_UP_SECONDS = 60


def approval_to_use(portal: Premises) -> float:
    """Seconds from the approval's commit until the company's database answers its own session."""
    tenant_id = request_company()
    begun = time.perf_counter()
    while time.perf_counter() - begun < GIVE_UP_SECONDS:
        with portal.app.app_context():
            state = db.db.session.scalar(select(Tenant.state).where(Tenant.id == tenant_id))
            if state == TenantState.TRIAL and tenants.session(tenant_id).scalar(select(Belonging.key)):
                return time.perf_counter() - begun
        time.sleep(0.002)
    raise SystemExit(f"company {tenant_id} was not usable after {GIVE_UP_SECONDS} s")


def by_template(_portal: Premises) -> float:
    (server,) = servers().values()
    key = ids.company_key()
    place = Place(key, server.database_name(key), server.new_password())
    server.make_role(place)
    begun = time.perf_counter()
    server.make_database(place)
    return time.perf_counter() - begun


def by_migrations(portal: Premises) -> float:
    name = f"bench_{ids.company_key()}"
    begun = time.perf_counter()
    url: URL
    if companies := portal.environ.get("TENANT_DATABASE_URLS"):
        url = make_url(companies)
        with psycopg.connect(
            **url.translate_connect_args(username="user", database="dbname"), autocommit=True
        ) as admin:
            admin.execute(f"CREATE DATABASE {name}")
        url = url.set(database=name)
    else:
        url = URL.create("sqlite", database=str(portal.folder / f"{name}.db"))
    engine = create_engine(url, poolclass=NullPool)
    migrate.upgrade(engine, migrate.TENANT)
    engine.dispose()
    return time.perf_counter() - begun


def row(name: str, measure: Callable[[Premises], float], portal: Premises) -> dict[str, Any]:
    measure(portal)  # the first one makes the template and warms the caches
    runs = [round(measure(portal) * 1000, 1) for _ in range(RUNS)]
    print(f"{name}: {median(runs):.0f} ms", file=sys.stderr)
    return {"name": name, "unit": "ms", "median": round(median(runs), 1), "runs": runs}


@contextmanager
def engines() -> Iterator[list[tuple[str, Premises]]]:
    with ExitStack() as stack:
        folder = Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="planroom-bench-", ignore_cleanup_errors=True))
        )
        folder.chmod(0o755)
        postgres = PostgresServer(folder / "postgres").start()
        stack.callback(postgres.stop)
        made = []
        for name, server in (("sqlite", None), ("postgresql", postgres)):
            redis = RedisServer(folder / f"redis-{name}").start()
            stack.callback(redis.stop)
            (folder / name).mkdir()
            made.append((name, stack.enter_context(premises(folder / name, redis.url, server))))
        yield made


def main() -> None:
    rows, ratios = [], []
    with engines() as portals:
        for name, portal in portals:
            with portal.app.app_context():
                with portal.process("jobs", "clock"), portal.process("jobs", "worker", "work"):
                    rows.append(row(f"{name}: approval to usable company", approval_to_use, portal))
                ours = row(f"{name}: database by template copy", by_template, portal)
                theirs = row(f"{name}: database by running migrations (baseline)", by_migrations, portal)
            rows += [ours, theirs]
            ratios.append(
                {"name": f"{name}: migrations / template copy", "value": round(theirs["median"] / ours["median"], 2)}
            )
    print(json.dumps({"rows": rows, "ratios": ratios}, ensure_ascii=False))


if __name__ == "__main__":
    main()
