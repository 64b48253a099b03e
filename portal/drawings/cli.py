"""`flask render`: the renderer as a command, with its own arguments and exit codes."""

from __future__ import annotations

import sys

import click

from portal.rendering import command


@click.command("render", context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def render(arguments: tuple[str, ...]) -> None:
    """Render SOURCE into --out DIR; exits 0 drawn or partial, 2 wrong use, 3 refused, 70 a bug."""
    sys.exit(command.main(arguments))
