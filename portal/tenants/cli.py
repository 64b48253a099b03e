"""`flask tenants`: open, bring up, and check companies from a terminal."""

from __future__ import annotations

import sys

import click
from flask.cli import AppGroup

from portal.core.cli import CHECK_FAILED, ROW_ID, WRONG_USE, print_json
from portal.core.db import db, write
from portal.tenants import keys as api_keys
from portal.tenants import migration, orphans, provisioning
from portal.tenants.models import TENANT, Tenant

tenants = AppGroup("tenants", help="Companies and their databases.")


@tenants.command("provision")
@click.argument("tenant_id", type=ROW_ID)
def provision(tenant_id: int) -> None:
    """Go on with the opening of company TENANT_ID now, without a worker."""
    if db.session.get(Tenant, tenant_id) is None:
        click.echo(f"{tenant_id} 번 회사가 없습니다. 직원 화면의 회사 목록에서 번호를 확인해 주십시오.", err=True)
        sys.exit(WRONG_USE)
    provisioning.provision(tenant_id)
    tenant = db.session.get_one(Tenant, tenant_id, populate_existing=True)
    click.echo(f"{tenant.name}: {TENANT.look(tenant.state).word}", err=True)
    sys.exit(0 if tenant.has_database else CHECK_FAILED)


@tenants.command("migrate")
@click.option("--canary", default="", help="Key of the company to go first.")
@click.option("--parallel", default=2, type=click.IntRange(1, 32), show_default=True, help="Companies at once.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def migrate(canary: str, parallel: int, *, as_json: bool) -> None:
    """Bring every company's database to the newest schema."""
    try:
        moved = migration.migrate_all(canary, parallel)
    except LookupError as error:
        click.echo(str(error), err=True)
        sys.exit(WRONG_USE)
    document = migration.as_document(moved)
    if as_json:
        print_json(document)
    else:
        for one in moved:
            click.echo(f"{'×' if one.error else '○'} {one.key} {one.revision} {one.error}".rstrip())
        click.echo(f"{len(moved) - document['failed']} of {len(moved)} companies at {document['head']}", err=True)
    sys.exit(CHECK_FAILED if document["failed"] else 0)


@tenants.command("check")
@click.option("--repair", is_flag=True, help="Take away what is ours, no company's, and never used.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def check(*, repair: bool, as_json: bool) -> None:
    """Find databases, roles and files without a company, and companies without a database."""
    document = orphans.as_document(orphans.check(repair=repair))
    if as_json:
        print_json(document)
    else:
        for row in document["findings"]:
            click.echo(
                f"{'○' if row['removed'] else '×'} {row['trouble']} {row['kind']} {row['name']} on {row['server']}: {row['message']}"
            )
        click.echo(f"{document['standing']} left" if document["findings"] else "servers and companies agree", err=True)
    sys.exit(CHECK_FAILED if document["standing"] else 0)


keys = AppGroup("keys", help="Keys for other programs.")


@keys.command("create")
@click.option("--scope", type=click.Choice(list(api_keys.SCOPES)), required=True)
@click.option("--tenant", "tenant_id", type=ROW_ID, help="The only company the key may speak of.")
@click.option("--label", default="명령줄에서 만든 열쇠", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def create_key(scope: str, tenant_id: int | None, label: str, *, as_json: bool) -> None:
    """Make a key and print it; it is shown this once."""
    if tenant_id is not None and db.session.get(Tenant, tenant_id) is None:
        click.echo(f"{tenant_id} 번 회사가 없습니다. 직원 화면의 회사 목록에서 번호를 확인해 주십시오.", err=True)
        sys.exit(WRONG_USE)
    with write() as session:
        key, secret = api_keys.create(session, scope, tenant_id=tenant_id, label=label[:60], by="command")
        document = {"id": key.id, "scope": scope, "tenant": tenant_id, "key": secret}
    if as_json:
        print_json(document)
    else:
        click.echo(secret)
