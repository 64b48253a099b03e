"""Both stores behave alike: the folder, and S3 against a real HTTP server."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import resource
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from moto.server import ThreadedMotoServer

from portal.core.blobs import BadKey, Blobs, Folder, Missing, NoSpace, TooLarge, Unreachable, blobs, make_blobs
from portal.core.s3 import S3

DRAWING = b"0\nSECTION\n" * 1000
SHA = hashlib.sha256(DRAWING).hexdigest()


@pytest.fixture(scope="module")
def s3_server() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"{host}:{port}"
    server.stop()


def bucket_of(store: Blobs) -> tuple[Any, str]:
    assert isinstance(store, S3)
    return store._s3, store.bucket


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    if request.param == "folder":
        return make_blobs(f"file://{tmp_path / 'blobs'}", tmp_path / "tmp")
    address = request.getfixturevalue("s3_server")
    made = make_blobs(f"s3://key:se%2Fcret@{address}/{os.urandom(6).hex()}?scheme=http", tmp_path / "tmp")
    client, bucket = bucket_of(made)
    client.create_bucket(Bucket=bucket)
    return made


class Trickle(io.RawIOBase):
    """A stream that remembers the largest piece anybody asked of it, and may break off."""

    def __init__(self, length: int, breaks_at: int | None = None) -> None:
        self.left, self.breaks_at, self.largest = length, breaks_at, 0

    def read(self, size: int = -1) -> bytes:
        self.largest = max(self.largest, size if size >= 0 else 1 << 62)
        if self.breaks_at is not None and self.left <= self.breaks_at:
            raise ConnectionResetError(errno.ECONNRESET, "the browser left")
        piece = min(size, self.left)
        self.left -= piece
        return b"x" * piece


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def content(store: Blobs, key: str) -> bytes:
    with store.open(key) as stream:
        return stream.read()


def test_a_stream_comes_back_as_it_was(store: Blobs) -> None:
    blob = store.put("acme", io.BytesIO(DRAWING), limit=None)
    assert (blob.sha256, blob.size, blob.key) == (SHA, len(DRAWING), f"acme/{SHA}")
    assert store.size(blob.key) == len(DRAWING)
    with store.open(blob.key) as stream:
        assert stream.read(10) == DRAWING[:10]
        assert stream.read() == DRAWING[10:]
    with store.path_for(blob.key) as path:
        assert path.read_bytes() == DRAWING


def test_an_empty_file_is_a_file(store: Blobs) -> None:
    blob = store.put("acme", io.BytesIO(b""), limit=10)
    assert blob.size == 0
    with store.open(blob.key) as stream:
        assert stream.read() == b""


def test_the_same_content_twice_is_one_blob_but_not_over_two_companies(store: Blobs) -> None:
    assert store.put("acme", io.BytesIO(DRAWING), limit=None) == store.put("acme", io.BytesIO(DRAWING), limit=None)
    store.put("acme2", io.BytesIO(DRAWING), limit=None)
    assert list(store.keys("acme")) == [f"acme/{SHA}"]
    assert list(store.keys()) == [f"acme/{SHA}", f"acme2/{SHA}"]


def test_many_at_once_of_the_same_content_leave_one_whole_blob(store: Blobs, tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        made = set(threads.map(lambda _: store.put("acme", io.BytesIO(DRAWING), limit=None), range(16)))
    assert len(made) == 1
    assert store.size(made.pop().key) == len(DRAWING)
    assert [path.name for path in files_below(tmp_path)] in ([SHA], [])


def test_one_byte_over_the_limit_is_refused_and_leaves_nothing(store: Blobs, tmp_path: Path) -> None:
    with pytest.raises(TooLarge) as refused:
        store.put("acme", io.BytesIO(DRAWING), limit=len(DRAWING) - 1)
    assert refused.value.limit == len(DRAWING) - 1
    assert list(store.keys()) == []
    assert files_below(tmp_path) == []
    assert store.put("acme", io.BytesIO(DRAWING), limit=len(DRAWING)).size == len(DRAWING)


def test_an_upload_that_breaks_off_leaves_nothing(store: Blobs, tmp_path: Path) -> None:
    with pytest.raises(ConnectionResetError):
        store.put("acme", Trickle(5_000_000, breaks_at=2_000_000), limit=None)  # type: ignore[arg-type]
    assert list(store.keys()) == []
    assert files_below(tmp_path) == []


def test_a_large_file_is_read_in_small_pieces(store: Blobs) -> None:
    stream = Trickle(20 * 1024 * 1024)
    assert store.put("acme", stream, limit=None).size == 20 * 1024 * 1024  # type: ignore[arg-type]
    assert stream.largest <= 1024 * 1024


def test_a_render_is_kept_under_its_name_and_replaced_by_the_next(store: Blobs, tmp_path: Path) -> None:
    key = f"acme/renders/v3/{SHA}/sheet-0/part-1.svg.gz"
    assert store.put_named(key, io.BytesIO(b"first"), "image/svg+xml") == 5
    file = tmp_path / "second.svg"
    file.write_bytes(b"the second")
    assert store.put_named(key, file, "image/svg+xml") == 10
    assert content(store, key) == b"the second"
    assert list(store.keys("acme/renders/v3")) == [key]
    assert list(store.keys("acme/renders/v")) == []


def test_what_is_not_there_is_missing_and_deleting_it_is_no_error(store: Blobs) -> None:
    store.put_named("acme/renders/v1/a.svg", io.BytesIO(b"x"), "image/svg+xml")
    for key in (f"acme/{SHA}", "acme/renders", "acme/renders/v1/a.svg/deeper", "nobody/x"):
        with pytest.raises(Missing):
            store.open(key).read()
        with pytest.raises(Missing):
            store.size(key)
        with pytest.raises(Missing), store.path_for(key):
            pass
    store.delete(f"acme/{SHA}")
    store.delete("nobody/x")
    assert list(store.keys()) == ["acme/renders/v1/a.svg"]


def test_a_deleted_blob_is_gone_and_its_neighbour_is_not(store: Blobs) -> None:
    store.put_named("acme/a", io.BytesIO(b"1"), "text/plain")
    store.put_named("acme/ab", io.BytesIO(b"2"), "text/plain")
    store.delete("acme/a")
    assert list(store.keys("acme")) == ["acme/ab"]


def test_a_company_goes_whole_and_alone(store: Blobs) -> None:
    for company in ("acme", "acme2", "bravo"):
        store.put(company, io.BytesIO(DRAWING), limit=None)
        store.put_named(f"{company}/renders/v1/{SHA}/0.svg", io.BytesIO(b"<svg/>"), "image/svg+xml")
    assert store.delete_company("acme") == 2
    assert store.delete_company("acme") == 0
    assert {key.split("/")[0] for key in list(store.keys())} == {"acme2", "bravo"}


@pytest.mark.parametrize(
    "key",
    [
        "", "acme", "/acme/x", "acme/", "acme//x", "acme/../bravo/x", "acme/.incoming", "acme/.", "../x/y", "Acme/x",
        "acme/x\n", "acme/x\0", "acme/도면", "acme/x y", "acme\\x/y", "acme/-rf", "acme/" + "x" * 129,
        "a/" + "x/" * 300 + "x",
        ".incoming/x", "acme/%2e%2e/x",
    ],
)  # fmt: skip
def test_a_key_that_could_lead_elsewhere_is_refused_by_every_verb(store: Blobs, key: str) -> None:
    for verb in (store.open, store.size, store.delete):
        with pytest.raises(BadKey):
            verb(key)
    with pytest.raises(BadKey):
        store.put_named(key, io.BytesIO(b""), "text/plain")
    with pytest.raises(BadKey), store.path_for(key):
        pass


@pytest.mark.parametrize("company", ["", "..", "a/b", "Acme", "a b", "회사", "-a", "x" * 64, "acme\n"])
def test_a_company_key_that_could_lead_elsewhere_is_refused(store: Blobs, company: str) -> None:
    with pytest.raises(BadKey):
        store.put(company, io.BytesIO(b""), limit=None)
    with pytest.raises(BadKey):
        store.delete_company(company)


def test_a_file_larger_than_the_system_allows_is_no_space_and_leaves_nothing(tmp_path: Path) -> None:
    """RLIMIT_FSIZE in a child of its own stands in for a full disk where nobody may mount one."""
    script = (
        "import io, sys, pathlib; from portal.core.blobs import Folder, NoSpace\n"
        "folder = pathlib.Path(sys.argv[1]); store = Folder(folder)\n"
        "try: store.put('acme', io.BytesIO(b'x' * 4_000_000), limit=None)\n"
        "except NoSpace: print('no space', [str(p) for p in folder.rglob('*') if p.is_file()])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "blobs")],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1_500_000, 1_500_000)),
    )
    assert done.stdout.strip() == "no space []"


@pytest.mark.needs("root")
def test_a_full_disk_is_no_space_and_what_was_there_stays(tmp_path: Path) -> None:
    disk = tmp_path / "small"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("this root may not mount (a container without that right)")
    try:
        store = Folder(disk / "blobs")
        blob = store.put("acme", io.BytesIO(DRAWING), limit=None)
        free = store.free_space
        with pytest.raises(NoSpace):
            store.put("acme", Trickle(5_000_000), limit=None)  # type: ignore[arg-type]
        assert store.free_space == free
        assert list(store.keys()) == [blob.key]
        assert content(store, blob.key) == DRAWING
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_what_a_killed_process_left_half_written_is_forgotten_a_day_later(tmp_path: Path) -> None:
    store = Folder(tmp_path)
    old, new = tmp_path / ".incoming" / "acme.1", tmp_path / ".incoming" / "acme.2"
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (1, 1))
    assert list(store.keys()) == []
    Folder(tmp_path)
    assert not old.exists()
    assert new.exists()
    store.delete_company("acme")
    assert not new.exists()


def test_in_a_versioned_bucket_deleting_leaves_no_older_version(s3_server: str, tmp_path: Path) -> None:
    store = make_blobs(f"s3://k:s@{s3_server}/versioned?scheme=http", tmp_path)
    client, bucket = bucket_of(store)
    client.create_bucket(Bucket=bucket)
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    for content in (b"one", b"two", b"three"):
        store.put_named("acme/render", io.BytesIO(content), "text/plain")
    store.put_named("acme/other", io.BytesIO(b"x"), "text/plain")
    store.delete("acme/render")
    assert [entry["Key"] for entry in client.list_object_versions(Bucket=bucket)["Versions"]] == ["acme/other"]
    assert store.delete_company("acme") == 1
    assert "Versions" not in client.list_object_versions(Bucket=bucket)


def test_a_company_of_more_parts_than_a_listing_holds_goes_whole(s3_server: str, tmp_path: Path) -> None:
    store = make_blobs(f"s3://k:s@{s3_server}/many?scheme=http", tmp_path)
    assert isinstance(store, S3)
    store.page = 10
    client, bucket = bucket_of(store)
    client.create_bucket(Bucket=bucket)
    for number in range(25):
        client.put_object(Bucket=bucket, Key=f"acme/p{number}", Body=b"x")
    assert len(list(store.keys("acme"))) == 25
    assert store.delete_company("acme") == 25
    assert list(store.keys()) == []


def test_a_store_that_does_not_answer_or_knows_no_such_bucket_is_unreachable(s3_server: str, tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        silent = make_blobs(f"s3://k:s@127.0.0.1:{port}/b?scheme=http", tmp_path)
        with pytest.raises(Unreachable):
            silent.size(f"acme/{SHA}")
    wrong = make_blobs(f"s3://k:s@{s3_server}/no-such-bucket?scheme=http", tmp_path)
    with pytest.raises(Unreachable):
        wrong.open(f"acme/{SHA}")


def test_an_answer_cut_in_the_middle_is_an_error_not_a_short_file(tmp_path: Path) -> None:
    def serve(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        connection.recv(65536)
        connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nETag: "x"\r\n\r\nonly this')
        connection.close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        store = make_blobs(f"s3://k:s@127.0.0.1:{listener.getsockname()[1]}/b?scheme=http", tmp_path)
        with pytest.raises(Unreachable), store.open(f"acme/{SHA}") as stream:
            stream.read()


@pytest.mark.parametrize("url", ["ftp://host/x", "s3://key:secret@host", "s3://host/a/b", "s3:///bucket"])
def test_an_address_that_names_no_store_is_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="BLOB_URL"):
        make_blobs(url, tmp_path)


def test_the_running_app_has_its_store(tmp_path: Path) -> None:
    app = Flask(__name__)
    app.extensions["planroom.blobs"] = made = make_blobs(str(tmp_path), tmp_path)
    with app.app_context():
        assert blobs() is made
    assert made.free_space
