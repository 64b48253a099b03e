"""What every service of the outside world is handed, and how it presents itself to app.py."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint

from portal.core.settings import Settings
from portal.sandbox.faults import HTTP_KINDS, Faults
from portal.sandbox.ledger import Ledger
from portal.sandbox.store import Store


@dataclass(frozen=True, slots=True)
class World:
    """The shared parts: settings (which keys are right), memory, ledger, faults, and the clock (aware UTC)."""

    settings: Settings
    store: Store
    ledger: Ledger
    faults: Faults
    now: Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Service:
    """One service: its name in `/_control/*`, its Korean name, where its addresses begin, and its blueprint.

    `page` is the endpoint that shows people what came, where there is one.
    """

    name: str
    label: str
    prefix: str
    blueprint: Callable[[World], Blueprint]
    faults: tuple[str, ...] = HTTP_KINDS
    page: str = ""
