"""People from the command line: the first admin of a new portal, and a second factor that was lost with its phone."""

from __future__ import annotations

import sys

import click
from flask.cli import AppGroup

from portal.accounts import own, service
from portal.accounts.models import STAFF_ROLES
from portal.core.cli import print_json
from portal.core.db import write
from portal.core.errors import Refusal
from portal.core.korea import particle
from portal.core.settings import settings

REFUSED = 3
people = AppGroup("people", help="People who sign in.")


@people.command("invite-staff")
@click.argument("email")
@click.argument("name")
@click.option(
    "--role",
    "roles",
    multiple=True,
    required=True,
    type=click.Choice(list(STAFF_ROLES)),
    help="May be given more than once.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def invite_staff(*, email: str, name: str, roles: tuple[str, ...], as_json: bool) -> None:
    """Make EMAIL staff and print the one-use link (7 days) with which they set a password."""
    with write() as session:
        made = service.ensure_person(session, email=email, name=name)
        service.set_staff_roles(session, made.id, roles, by="house")
        path = "/sign-in" if made.password_hash else f"/invitations/{service.invitation(session, made)}"
    link = settings().public_url + path
    if as_json:
        print_json({"person": made.id, "email": made.email, "roles": made.staff_roles, "link": link})
    else:
        click.echo(link)


@people.command("reset-second-factor")
@click.argument("email")
def reset_second_factor(*, email: str) -> None:
    """Let EMAIL set up a second factor anew at the next sign-in; their devices are signed out."""
    found = service.person_by_email(email)
    if found is None:
        click.echo(f"'{email}'{particle(email, '을/를')} 쓰는 사람이 없습니다. 이메일을 확인해 주십시오.", err=True)
        sys.exit(REFUSED)
    try:
        own.reset_second_factor(found.id, by="house")
    except Refusal as refusal:
        click.echo(f"{refusal.message} {refusal.next_step}", err=True)
        sys.exit(REFUSED)
    click.echo("2단계 인증을 초기화했습니다.", err=True)
