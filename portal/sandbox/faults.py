"""What the outside world should do wrong next: set by `/_control/faults`, played at the door of each service.

`answer-lost`, `500-after-commit`, `half-json` and `slow` happen after the service did its work, as outside; `500` and
`refuse` before anything was done.
"""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from portal.sandbox.ledger import Ledger
from portal.sandbox.store import Store

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

HTTP_KINDS = ("answer-lost", "slow", "500", "500-after-commit", "half-json", "refuse")
SMTP_KINDS = ("451", "550", "hang", "answer-lost", "refuse")
LONGEST_SECONDS = 600.0
LONGEST_BODY = 1024 * 1024
#: Close with a reset instead of a polite end, as a host that is not there does.
_RESET = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True)
class Fault:
    """`kind` for `service`; `path` empty or a part of the address it is for; `remaining` None until cleared."""

    id: int
    service: str
    kind: str
    path: str
    seconds: float
    remaining: int | None


class Faults:
    """Which faults are set, for which services (name -> kinds it can play)."""

    def __init__(self, store: Store, services: Mapping[str, tuple[str, ...]]) -> None:
        self._store = store
        self.services = services
        #: Set at shutdown, so that nobody waits for a slow answer.
        self.closing = threading.Event()

    def all(self) -> list[Fault]:
        return [Fault(**row) for row in self._store.rows("SELECT * FROM fault ORDER BY id")]

    def set(self, service: str, kind: str, *, path: str = "", seconds: float = 0, count: int | None = 1) -> None:
        """Play `kind` the next `count` times (None: until cleared). Faults of one service are played in order."""
        with self._store.open() as rows:
            rows.execute(
                "INSERT INTO fault (service, kind, path, seconds, remaining) VALUES (?,?,?,?,?)",
                (service, kind, path, seconds, count),
            )

    def clear(self, service: str = "") -> None:
        """Forget the faults of one service, or all."""
        with self._store.open() as rows:
            rows.execute("DELETE FROM fault WHERE ?1 = '' OR service = ?1", (service,))

    def take(self, service: str, path: str = "", kinds: Iterable[str] = ()) -> Fault | None:
        """The fault to play now, one time less to go; None when all is well. `kinds` narrows the choice."""
        wanted = tuple(kinds)
        with self._store.open() as rows:
            for row in rows.execute("SELECT * FROM fault WHERE service = ? ORDER BY id", (service,)).fetchall():
                fault = Fault(**dict(row))
                if fault.path not in path or (wanted and fault.kind not in wanted):
                    continue
                if fault.remaining is not None:
                    rows.execute("UPDATE fault SET remaining = remaining - 1 WHERE id = ?", (fault.id,))
                    rows.execute("DELETE FROM fault WHERE id = ? AND remaining <= 0", (fault.id,))
                return fault
        return None

    def control(self) -> Blueprint:
        """GET, POST and DELETE `/_control/faults`.

        POST takes `{"service","kind","path"?,"seconds"?,"count"?}`: `count` 1 unless given, null until cleared; `kind`
        null clears the service. DELETE `[?service=]` clears. Each answers with what is set.
        """
        control = Blueprint("faults", __name__)

        @control.get("/_control/faults")
        def read() -> ResponseReturnValue:
            return jsonify(faults=[asdict(fault) for fault in self.all()], services=self.services)

        @control.post("/_control/faults")
        def change() -> ResponseReturnValue:
            wanted: Any = request.get_json(force=True, silent=True)
            problem = self._problem(wanted)
            if problem:
                return jsonify(error=problem), 400
            if wanted.get("kind") is None:
                self.clear(wanted["service"])
            else:
                self.set(
                    wanted["service"],
                    wanted["kind"],
                    path=wanted.get("path", ""),
                    seconds=float(wanted.get("seconds", 0)),
                    count=wanted.get("count", 1),
                )
            return read()

        @control.delete("/_control/faults")
        def clear() -> ResponseReturnValue:
            self.clear(request.args.get("service", ""))
            return read()

        return control

    def _problem(self, wanted: Any) -> str | None:  # noqa: ANN401 - whatever JSON came in
        if not isinstance(wanted, dict) or wanted.get("service") not in self.services:
            return f"service must be one of {', '.join(self.services)}"
        kind, seconds, count = wanted.get("kind"), wanted.get("seconds", 0), wanted.get("count", 1)
        if kind is not None and kind not in self.services[wanted["service"]]:
            return f"kind must be null or one of {', '.join(self.services[wanted['service']])}"
        if type(seconds) not in {int, float} or not 0 <= seconds <= LONGEST_SECONDS:
            return f"seconds must be between 0 and {LONGEST_SECONDS:.0f}"
        if count is not None and (type(count) is not int or count < 1):
            return "count must be null or at least 1"
        if not isinstance(wanted.get("path", ""), str):
            return "path must be a part of an address"
        return None


class Door:
    """WSGI in front of the sandbox: writes each service call into the ledger and plays the fault that is due.

    `prefixes` maps the beginning of an address to the service behind it; other addresses pass untouched.
    """

    def __init__(self, app: WSGIApplication, prefixes: Mapping[str, str], faults: Faults, ledger: Ledger) -> None:
        self._app, self._prefixes, self._faults, self._ledger = app, prefixes, faults, ledger

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        service = next((name for prefix, name in self._prefixes.items() if path.startswith(prefix)), None)
        if service is None:
            return self._app(environ, start_response)
        fault = self._faults.take(service, path)
        kind = fault.kind if fault else ""
        if kind == "refuse":
            _hang_up(environ)
        number = self._receive(environ, service, path, kind)
        if kind == "500":
            self._ledger.answered(number, 500, "")
            return _answer(start_response, "500 INTERNAL SERVER ERROR", [], b"")
        status, headers, body = self._inner(environ)
        self._ledger.answered(number, int(status.split()[0]), body.decode("utf-8", "replace"))
        if fault is not None and fault.seconds:
            self._faults.closing.wait(fault.seconds)
        if kind == "answer-lost":
            _hang_up(environ)
        if kind == "500-after-commit":
            status, headers, body = "500 INTERNAL SERVER ERROR", [], b""
        if kind == "half-json":
            body = body[: len(body) // 2]
        return _answer(start_response, status, headers, body)

    def _receive(self, environ: WSGIEnvironment, service: str, path: str, fault: str) -> int:
        length = environ.get("CONTENT_LENGTH") or "0"
        body = environ["wsgi.input"].read(min(int(length), LONGEST_BODY)) if length.isdecimal() else b""
        environ["wsgi.input"] = BytesIO(body)
        environ["CONTENT_LENGTH"] = str(len(body))
        query = environ.get("QUERY_STRING", "")
        address = f"{path}?{query}" if query else path
        return self._ledger.received(
            service, environ["REQUEST_METHOD"], address, body.decode("utf-8", "replace"), fault=fault
        )

    def _inner(self, environ: WSGIEnvironment) -> tuple[str, list[tuple[str, str]], bytes]:
        """The service's whole answer: status line, headers, body."""
        seen: dict[str, Any] = {}

        def start(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> Callable[[bytes], object]:
            seen.update(status=status, headers=headers, exc_info=exc_info)
            return lambda data: data

        parts = self._app(environ, start)
        closer = getattr(parts, "close", None)
        try:
            body = b"".join(parts)
        finally:
            if closer:
                closer()
        return seen["status"], seen["headers"], body


def _answer(start_response: StartResponse, status: str, headers: list[tuple[str, str]], body: bytes) -> list[bytes]:
    kept = [(name, value) for name, value in headers if name.lower() != "content-length"]
    start_response(status, [*kept, ("Content-Length", str(len(body)))])
    return [body]


def _hang_up(environ: WSGIEnvironment) -> None:
    """End the connection without an answer; the server takes the error for a caller who left."""
    connection: socket.socket | None = environ.get("werkzeug.socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        connection.shutdown(socket.SHUT_RDWR)
    message = "the sandbox was told to lose this call"
    raise ConnectionResetError(message)
