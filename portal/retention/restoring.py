"""A backup back onto an empty portal, on whichever engines its settings name.

Companies' databases and files first, the platform's rows last and in one commit: until then the portal is as empty as it was, and a
run that was killed is started again. What was under way outside when the backup was made is asked for, never sent again; who was
destroyed since is destroyed again.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask import current_app
from sqlalchemy import create_engine, delete, func, select
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from portal.core import audit, migrate
from portal.core.blobs import BlobError, blobs
from portal.core.db import Platform, Tenanted, company_engines, db, engine_options, write
from portal.core.errors import Refusal
from portal.core.seal import fingerprint, seal
from portal.core.settings import settings
from portal.retention import aftermath, backups, destruction, forgetting
from portal.retention.checking import UNREADABLE, Verifier
from portal.retention.dumps import LEFT_OUT, contents_of, load
from portal.tenants.databases import PURPOSE, Place, Server, servers
from portal.tenants.models import Installation, Tenant, TenantState
from portal.trials.models import Application

BY = "command"
JOURNAL = "restoring.json"


@dataclass(slots=True)
class Restored:
    """What came back. `problems` are Korean sentences about what did not."""

    name: str
    companies: int = 0
    rows: int = 0
    files: int = 0
    destroyed_again: list[str] = field(default_factory=list)
    held: dict[str, int] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def restore(backup: Path) -> Restored:
    """Bring a backup back. Raises Refusal, with nothing changed, when this portal is not one that it fits."""
    try:
        manifest = backups.manifest_of(backup)
        _fits(manifest)
    except UNREADABLE:
        raise Refusal(
            f"{backup.name}의 목록(manifest.json)을 읽을 수 없습니다.",
            "backup verify --all 로 온전한 백업을 골라 주십시오.",
        ) from None
    if not migrate.current(db.engine):
        migrate.upgrade(db.engine, migrate.PLATFORM)
    _empty()
    verifier = Verifier()
    wrong = verifier.rows(backup)
    if wrong:
        raise Refusal(f"백업이 온전하지 않습니다. {wrong[0]}", "backup verify --all 로 온전한 백업을 골라 주십시오.")
    done = Restored(backup.name, problems=verifier.files(backup))
    gone = forgetting.register(backup.parent)
    coming = {key: said for key, said in manifest["companies"].items() if "digest" in said and key not in gone}
    _clear(sorted(coming))
    _take_name(manifest["installation"])
    places = _places(sorted(coming))
    for key, (server, place) in places.items():
        _company(backup, key, coming[key], server, place)
        done.files += _files(backup, key, done.problems)
    for key, said in manifest["companies"].items():
        if key not in coming and key not in gone and said["state"] != TenantState.PURGING:
            done.problems.append(f"고객사 {key}의 데이터베이스는 이 백업에 없습니다. 더 오래된 백업을 찾아 주십시오.")
    cases = _platform(backup, manifest, places, gone, done)
    _journal().unlink(missing_ok=True)
    done.companies = len(coming)
    done.rows = sum(sum(said["rows"].values()) for said in (manifest["platform"], *coming.values()))
    for case_id in cases:
        _destroy_again(case_id, done)
    return done


# ----- whether it fits -----------------------------------------------------------------------------------------------


def _fits(manifest: dict[str, Any]) -> None:
    said = manifest["revisions"]
    here = {tree: migrate.head(tree) for tree in (migrate.PLATFORM, migrate.TENANT)}
    behind = [
        key
        for key, one in manifest["companies"].items()
        if "digest" in one and one.get("revision", here["tenant"]) != here["tenant"]
    ]
    if said != here or behind:
        of = f"도면실 {manifest['version']} (플랫폼 {said['platform']}, 고객사 {said['tenant']})"
        raise Refusal(
            f"이 백업은 {of}의 것이고, 지금 도면실은 {backups.version()} (플랫폼 {here['platform']}, 고객사 {here['tenant']})입니다."
            + (f" 고객사 {', '.join(behind)}의 표는 그보다 오래되었습니다." if behind else ""),
            "백업과 같은 버전을 설치해 복구한 뒤 새 버전으로 올려 주십시오.",
        )
    if manifest["sealed_with"] != fingerprint():
        raise Refusal(
            "SECRET_KEY가 이 백업을 만든 때와 다릅니다. 다른 값으로는 봉인한 것을 열 수 없습니다.",
            "백업할 때 쓰던 SECRET_KEY를 적고 다시 실행해 주십시오.",
        )


def _empty() -> None:
    if migrate.current(db.engine) != migrate.head(migrate.PLATFORM):
        raise Refusal(
            "플랫폼 데이터베이스의 표가 다른 버전의 것입니다.",
            "빈 데이터베이스를 DATABASE_URL에 적고 다시 실행해 주십시오.",
        )
    for model in (Tenant, Application):
        if db.session.scalar(select(func.count()).select_from(model)):
            raise Refusal(
                "이 도면실에는 이미 고객사나 신청서가 있습니다. 복구는 빈 곳에만 합니다.",
                "빈 DATA_DIR이나 빈 데이터베이스를 적고 다시 실행해 주십시오.",
            )
    db.session.rollback()


# ----- companies -----------------------------------------------------------------------------------------------------


def _clear(keys: list[str]) -> None:
    """Take away what a killed restore made; what somebody else made stops this one before it has changed anything."""
    mine = set(json.loads(_journal().read_text(encoding="utf-8"))) if _journal().is_file() else set()
    there = [(server, thing) for server in servers().values() for thing in server.found() if thing.key in keys]
    for server, thing in there:
        if thing.key not in mine:
            raise Refusal(
                f"{server.name} 서버에 고객사 {thing.key}의 데이터베이스나 역할이 이미 있습니다.",
                "쓰고 있는 서버라면 다른 빈 서버를 TENANT_DATABASE_URLS에 적고, 아니라면 그것을 옮기거나 지운 뒤 다시 실행해 주십시오.",
            )
    for server, thing in sorted(there, key=lambda pair: pair[1].kind == "role"):
        server.remove(thing)
    _journal().parent.mkdir(parents=True, exist_ok=True)
    _journal().write_text(json.dumps(keys), encoding="utf-8")


def _take_name(name: str) -> None:
    """The portal keeps its random name: orders at the payment company and marks on servers are made of it."""
    with write() as session:
        session.execute(delete(Installation))
        session.add(Installation(id=1, name=name))
    current_app.extensions.pop("planroom.servers", None)


def _places(keys: list[str]) -> dict[str, tuple[Server, Place]]:
    """Where each company will lie: on the servers in turn."""
    found = list(servers().values())
    made = {}
    for number, key in enumerate(keys):
        server = found[number % len(found)]
        made[key] = (server, Place(key, server.database_name(key), server.new_password()))
    return made


def _journal() -> Path:
    """Names the companies whose databases are this restore's own, until it is over."""
    return settings().data_dir / JOURNAL


def _company(backup: Path, key: str, said: dict[str, Any], server: Server, place: Place) -> None:
    """A database as a company's opening makes it, and all rows in one commit."""
    server.make_role(place)
    server.make_database(place)
    company_engines().forget(server.url(place))
    url = server.owner_url(place)
    engine = create_engine(url, poolclass=NullPool, **engine_options_of(url))
    try:
        with engine.connect().execution_options(planroom_write=True) as connection, connection.begin():
            load(connection, Tenanted.metadata, backup / "tenants" / f"{key}.jsonl.gz")
            _same(key, contents_of(connection, Tenanted.metadata).digest, said["digest"])
    finally:
        engine.dispose()


def engine_options_of(url: str) -> dict[str, Any]:
    """For an engine without a pool."""
    return {name: value for name, value in engine_options(url).items() if not name.startswith("pool_")}


def _same(name: str, here: str, said: str) -> None:
    """What lies in the database is read again, and has to give the digest of the backup: counts and every value."""
    if here != said:
        message = f"{name}: the rows that came in are not those of the backup"
        raise RuntimeError(message)


def _files(backup: Path, key: str, problems: list[str]) -> int:
    store, live, count = backups.store(), blobs(), 0
    for one in backups.files_of(backup / "tenants" / f"{key}.files.gz"):
        try:
            with store.open(f"{key}/{one.sha256}") as stream:
                if one.key == f"{key}/{one.sha256}":
                    live.put(key, stream, limit=None)
                else:
                    live.put_named(one.key, stream, "image/svg+xml")
            count += 1
        except BlobError as error:
            problems.append(f"{one.key} 파일을 되살리지 못했습니다 ({type(error).__name__}).")
    return count


# ----- the platform --------------------------------------------------------------------------------------------------


def _platform(
    backup: Path,
    manifest: dict[str, Any],
    places: dict[str, tuple[Server, Place]],
    gone: dict[str, dict[str, Any]],
    done: Restored,
) -> list[int]:
    """All rows, exactly, and then what must not stay as it was; one commit. Returns the cases to destroy again."""
    with write() as session:
        connection = session.connection()
        for table in reversed(Platform.metadata.sorted_tables):
            if table.name not in LEFT_OUT:
                connection.execute(delete(table))
        load(connection, Platform.metadata, backup / backups.PLATFORM)
        _same("platform", contents_of(connection, Platform.metadata).digest, manifest["platform"]["digest"])
        session.expire_all()
        _settle_places(session, places)
        aftermath.open_again(session)
        done.held = aftermath.hold_what_went_out(session)
        cases = aftermath.destroy_again(session, gone)
        done.destroyed_again = sorted(cases)
        audit.record(session, "backup.restore", actor=BY, subject=f"backup:{backup.name}", made_at=manifest["made_at"])
        aftermath.ask_staff(session, backup.name, manifest["made_at"], done.held)
    return list(cases.values())


def _settle_places(session: Session, places: dict[str, tuple[Server, Place]]) -> None:
    """Each company lies where its rows were put just now, or nowhere."""
    for tenant in session.scalars(select(Tenant)):
        tenant.server = tenant.database = tenant.role_password = None
        if tenant.key in places:
            server, place = places[tenant.key]
            tenant.server, tenant.database = server.name, place.database
            tenant.role_password = seal(place.password, PURPOSE) if place.password else None


def _destroy_again(case_id: int, done: Restored) -> None:
    """At once. What cannot be finished now has its item for the staff, and goes on with the schedule."""
    try:
        destruction.destroy(case_id)
    except Exception as error:  # noqa: BLE001 - whatever it is: the restore itself is done, and the schedule goes on with this
        db.session.rollback()
        current_app.logger.warning("destruction %s after a restore: %s", case_id, type(error).__name__)
    if not destruction.finished(case_id):
        done.problems.append(
            f"파기 건 {case_id}의 다시 파기를 마치지 못했습니다. flask --app wsgi retention run 으로 마쳐 주십시오."
        )
