"""`python -m portal.sandbox`: the outside world on SANDBOX_PORT, its SMTP on the port above, loopback only."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import FrameType

from sqlalchemy import create_engine, select
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.serving import WSGIRequestHandler, make_server

from portal.core.clock import ClockShift
from portal.core.settings import Settings
from portal.sandbox.app import create_sandbox
from portal.sandbox.smtp import SmtpServer


class _Quiet(WSGIRequestHandler):
    """The ledger tells what came in; a request line in the log would show keys."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


def shared_clock(settings: Settings) -> Callable[[], datetime]:
    """The portal's clock, read from its row at each call; the machine's while the portal has no database yet."""
    engine = create_engine(settings.database_url)
    file = engine.url.database if engine.url.get_backend_name() == "sqlite" else None

    def now() -> datetime:
        if file and not Path(file).exists():
            # Connecting would make an empty file, and the portal could not tell its first start any more.
            return datetime.now(UTC)
        try:
            with engine.connect() as connection:
                shift = connection.execute(select(ClockShift.microseconds)).scalar()
        except SQLAlchemyError:
            shift = None
        return datetime.now(UTC) + timedelta(microseconds=shift or 0)

    return now


def main() -> None:
    """Serve until SIGTERM or Ctrl-C. Exits with a Korean sentence when a port is taken or this is production."""
    settings = Settings.read(os.environ)
    if not settings.embedded:
        sys.exit(
            "운영 환경(PORTAL_ENV=production)에서는 모의 환경을 켜지 않습니다. Procfile에서 sandbox를 빼 주십시오."
        )
    sandbox = create_sandbox(settings, shared_clock(settings))
    port = settings.sandbox_port
    with ExitStack() as open_doors:
        smtp = SmtpServer(sandbox.box, sandbox.world.faults, sandbox.world.ledger, port + 1)
        open_doors.callback(smtp.stop)
        try:
            listener = open_doors.enter_context(socket.create_server(("127.0.0.1", port), backlog=128))
            smtp.start()
        except OSError as error:
            sys.exit(
                f"모의 환경의 포트 {port}번과 {port + 1}번을 열 수 없습니다({error.strerror})."
                " SANDBOX_PORT를 다른 번호로 적어 주십시오."
            )
        server = make_server(
            "127.0.0.1", port, sandbox.wsgi, threaded=True, request_handler=_Quiet, fd=listener.fileno()
        )
        open_doors.callback(server.server_close)

        def stop(_signal: int, _frame: FrameType | None) -> None:
            sandbox.world.faults.closing.set()
            # shutdown() waits for the loop that this handler has interrupted.
            threading.Thread(target=server.shutdown).start()

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        sys.stdout.write(f"모의 환경: http://127.0.0.1:{port}/mail (SMTP {smtp.port})\n")
        sys.stdout.flush()
        server.serve_forever()


if __name__ == "__main__":
    main()
