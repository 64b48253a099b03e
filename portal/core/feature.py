"""What a feature hands to create_app: its pages, what it listens to, its lines in the rail, its commands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import click
    from flask import Blueprint

    from portal.core.page import Section


@dataclass(frozen=True, slots=True)
class Feature:
    """One room of the house. `subscriptions`: event -> jobs; `queues`: job -> queue, for jobs not of `work`.

    `searches` are pages behind the search field of the top bar, one for customers, one for staff.
    `checks` are lines of `doctor` (name, ok, message).
    """

    name: str
    blueprints: tuple[Blueprint, ...] = ()
    subscriptions: dict[str, tuple[str, ...]] = field(default_factory=dict)
    queues: dict[str, str] = field(default_factory=dict)
    sections: tuple[Section, ...] = ()
    searches: tuple[Section, ...] = ()
    commands: tuple[click.Command, ...] = ()
    checks: tuple[Callable[[], dict[str, Any]], ...] = ()
