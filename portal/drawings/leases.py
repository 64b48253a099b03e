"""The lease of a render: one worker may finish it, and as long as that worker lives it stays so."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import cast

from flask import Flask, current_app
from sqlalchemy import Engine, update
from sqlalchemy.orm import Session

from portal.core.clock import fresh
from portal.drawings.models import Render

LEASE = timedelta(seconds=30)
RENEW_SECONDS = 10


@contextmanager
def renewed(session: Session, render_id: int, token: str) -> Iterator[None]:
    """Keep the lease while the block runs; it runs out by itself when this process is killed."""
    app = cast("Flask", current_app._get_current_object())  # type: ignore[attr-defined]  # noqa: SLF001 - Flask's own idiom for threads
    engine = cast("Engine", session.get_bind())
    over = threading.Event()

    def renew() -> None:
        while not over.wait(RENEW_SECONDS):
            with (
                app.app_context(),
                engine.connect().execution_options(planroom_write=True) as connection,
                connection.begin(),
            ):
                mine = (Render.id == render_id, Render.lease_token == token)
                connection.execute(update(Render).where(*mine).values(lease_until=fresh() + LEASE))

    thread = threading.Thread(target=renew, name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(timeout=5)
