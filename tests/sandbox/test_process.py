"""The sandbox as a process: its clock, its ports, its end, and what it refuses."""

from __future__ import annotations

import socket
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.sandbox.conftest import Outside


def test_its_clock_is_the_portals(own_outside: Outside) -> None:
    own_outside.folder.mkdir()
    with closing(sqlite3.connect(own_outside.folder / "platform.db")) as rows:
        rows.execute("CREATE TABLE clock_shift (id INTEGER PRIMARY KEY, microseconds BIGINT NOT NULL)")
        rows.execute("INSERT INTO clock_shift VALUES (1, ?)", (400 * 86400 * 1_000_000,))
        rows.commit()
    own_outside.start()
    own_outside.send("alice@example.com", "later", "x")
    with closing(sqlite3.connect(own_outside.folder / "platform.db")) as rows:
        rows.execute("UPDATE clock_shift SET microseconds = 0")
        rows.commit()
    own_outside.send("alice@example.com", "now", "x")
    now, later = own_outside.get("/_control/mail").json()
    assert int(later["at"][:4]) in {int(now["at"][:4]) + 1, int(now["at"][:4]) + 2}


def test_it_makes_no_database_of_the_portals(own_outside: Outside) -> None:
    own_outside.start()
    own_outside.send("alice@example.com", "x", "x")
    assert [path.name for path in own_outside.folder.iterdir()] == ["sandbox"]


def test_a_taken_port_is_a_sentence_not_a_traceback(own_outside: Outside) -> None:
    for taken in (own_outside.port, own_outside.port + 1):
        with socket.create_server(("127.0.0.1", taken)):
            done = own_outside.run()
        assert done.returncode == 1
        assert "포트" in done.stderr
        assert "Traceback" not in done.stderr


def test_it_does_not_start_in_production(own_outside: Outside) -> None:
    done = own_outside.run(PORTAL_ENV="production")
    assert done.returncode == 1
    assert "운영 환경" in done.stderr


def test_told_to_end_it_ends_at_once_though_a_slow_answer_is_due(own_outside: Outside) -> None:
    own_outside.start()
    own_outside.fault("business-status", "slow", seconds=500)
    body = b'{"b_no":["1208800767"]}'
    head = f"POST /api/nts-businessman/v1/status?serviceKey=sandbox HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", own_outside.port)) as waiting:
        waiting.sendall(head.encode() + body)
        own_outside.until(lambda: any(entry["status"] for entry in own_outside.get("/_control/ledger").json()))
        assert own_outside.stop() == 0


def test_ctrl_c_ends_it_quietly(own_outside: Outside) -> None:
    own_outside.start()
    assert own_outside.process is not None
    own_outside.process.send_signal(2)
    output, _ = own_outside.process.communicate(timeout=20)
    assert own_outside.process.returncode == 0
    assert "Traceback" not in output
