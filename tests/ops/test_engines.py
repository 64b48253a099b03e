"""The engines that other tests lean on are real ones, and do not outlive the run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import psutil
import psycopg
import pytest
from redis import Redis
from redis.sentinel import Sentinel

from tests.engines import PostgresServer, RedisServer, Sentinels, wait_for


def test_redis_is_empty_for_each_test_and_runs_streams_and_scripts(redis_url: str) -> None:
    with Redis.from_url(redis_url, decode_responses=True) as client:
        assert client.dbsize() == 0
        client.xadd("events", {"a": "1"})
        assert client.eval("return redis.call('xlen', KEYS[1])", 1, "events") == 1


def test_redis_with_aof_keeps_what_it_acknowledged_over_a_kill(tmp_path: Path) -> None:
    server = RedisServer(tmp_path / "redis", options=("--appendonly", "yes", "--appendfsync", "everysec")).start()
    with Redis.from_url(server.url) as client:
        for number in range(100):
            client.set(f"key{number}", number)
    server.stop(signal.SIGKILL)
    server.start()
    with Redis.from_url(server.url) as client:
        assert client.dbsize() == 100
    server.stop()


def test_sentinels_name_a_new_master_when_the_old_one_is_killed(sentinels: Sentinels) -> None:
    hosts = [("127.0.0.1", watcher.port) for watcher in sentinels.watchers]
    old = sentinels.master()
    with Sentinel(hosts).master_for("planroom") as client:
        client.set("kept", "yes")
        assert client.wait(2, 2000) == 2
    old.stop(signal.SIGKILL)
    wait_for(lambda: sentinels.master().port != old.port, "another server is the master")
    with Redis(port=sentinels.master().port) as client:
        assert client.get("kept") == b"yes"


def test_postgresql_speaks_utf8_and_asks_every_role_for_its_password(
    postgres: PostgresServer, postgres_url: str
) -> None:
    assert postgres.password in postgres_url
    with postgres.connect() as connection:
        (encoding,) = connection.execute("SHOW server_encoding").fetchone() or ("",)
        connection.execute("CREATE ROLE company LOGIN PASSWORD 'right'")
        connection.execute("CREATE DATABASE company OWNER company")
    assert encoding == "UTF8"
    wrong = {"host": "127.0.0.1", "port": postgres.port, "user": "company", "dbname": "company"}
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(**wrong, password="wrong")
    with psycopg.connect(**wrong, password="right") as connection:
        assert connection.execute("SELECT '도면'").fetchone() == ("도면",)


def test_what_the_test_before_left_in_postgresql_is_gone(postgres: PostgresServer, postgres_url: str) -> None:
    assert postgres_url
    with postgres.connect() as connection:
        assert connection.execute("SELECT 1 FROM pg_roles WHERE rolname = 'company'").fetchone() is None
        assert connection.execute("SELECT 1 FROM pg_database WHERE datname = 'company'").fetchone() is None


def test_the_s3_server_answers_for_the_bucket_of_the_url(s3_url: str) -> None:
    place, bucket = s3_url.removeprefix("s3://").split("@")[1].split("/")
    assert httpx.get(f"http://{place}/{bucket}").status_code in {200, 403}
    assert httpx.get(f"http://{place}/{bucket}-not").status_code == 404


@pytest.mark.needs("linux")
def test_an_engine_ends_when_the_run_that_started_it_is_killed(tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from tests.engines import RedisServer;"
        "server = RedisServer(Path(sys.argv[1])).start(); print(server.process.pid, flush=True); time.sleep(60)"
    )
    run = subprocess.Popen([sys.executable, "-c", program, str(tmp_path / "redis")], stdout=subprocess.PIPE, text=True)
    assert run.stdout
    engine = psutil.Process(int(run.stdout.readline()))
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    run.stdout.close()
    wait_for(lambda: not engine.is_running() or engine.status() == psutil.STATUS_ZOMBIE, "the engine has ended")
