"""The SMTP door of the mail box: loopback only, no sign-in, and able to misbehave when told to."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any, cast

from aiosmtpd.smtp import SMTP, Envelope, Session

from portal.sandbox.faults import Faults
from portal.sandbox.ledger import Ledger
from portal.sandbox.mail import MailBox

if TYPE_CHECKING:
    from asyncio.base_events import Server

SERVICE = "smtp"
HANG_SECONDS = 120.0
LARGEST_MAIL = 32 * 1024 * 1024


class SmtpServer:
    """Listens on its own thread. `port` 0 takes a free one; after `start` it is the one in use. OSError when taken."""

    def __init__(self, box: MailBox, faults: Faults, ledger: Ledger, port: int) -> None:
        self.port = port
        self._handler = _Handler(box, faults, ledger)
        self._faults = faults
        self._loop = asyncio.new_event_loop()
        self._server: Server | None = None
        self._thread = threading.Thread(target=self._loop.run_forever, name="sandbox-smtp", daemon=True)

    def start(self) -> None:
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result()
        self.port = self._server.sockets[0].getsockname()[1]

    def stop(self) -> None:
        """Close the door and end the thread, started or not."""
        if self._thread.is_alive():
            asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(timeout=5)
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(timeout=5)
        self._loop.close()

    async def _listen(self) -> Server:
        return await self._loop.create_server(self._connection, "127.0.0.1", self.port)

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
        others = [task for task in asyncio.all_tasks(self._loop) if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def _connection(self) -> SMTP:
        return _Door(self._handler, self._faults, loop=self._loop)


class _Door(SMTP):
    """One connection; hangs up at once when told to refuse."""

    def __init__(self, handler: _Handler, faults: Faults, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(handler, data_size_limit=LARGEST_MAIL, enable_SMTPUTF8=True, hostname="sandbox", loop=loop)
        self._faults = faults

    def connection_made(self, transport: Any) -> None:  # noqa: ANN401 - asyncio's transports
        if self._faults.take(SERVICE, kinds=("refuse",)):
            transport.abort()
            return
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        if self.transport is not None:
            super().connection_lost(error)


class _Handler:
    """What aiosmtpd calls. `path` of a fault is compared with the addresses a mail is for."""

    def __init__(self, box: MailBox, faults: Faults, ledger: Ledger) -> None:
        self._box, self._faults, self._ledger = box, faults, ledger

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self._faults.take(SERVICE, address, kinds=("550",)):
            number = self._ledger.received(SERVICE, "RCPT", address, "", fault="550")
            self._ledger.answered(number, 550, "")
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        addresses = ", ".join(envelope.rcpt_tos)
        fault = self._faults.take(SERVICE, addresses, kinds=("451", "hang", "answer-lost"))
        kind = fault.kind if fault else ""
        number = self._ledger.received(SERVICE, "DATA", addresses, "", fault=kind)
        if kind == "451":
            self._ledger.answered(number, 451, "")
            return "451 4.3.0 try again later"
        if fault is not None and kind == "hang":
            await asyncio.sleep(fault.seconds or HANG_SECONDS)
            return "421 4.4.2 took too long"
        self._box.receive(envelope.mail_from or "", list(envelope.rcpt_tos), envelope.original_content or b"")
        self._ledger.answered(number, 250, "")
        if kind == "answer-lost":
            cast("asyncio.Transport", server.transport).abort()
        return "250 OK"
