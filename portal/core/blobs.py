"""Files of companies, content-addressed under the company's prefix: a folder here, any S3 in production.

Everything is a stream: no file is ever held in memory whole. A blob is there entirely or not at all: it grows beside
the store and is moved in when complete. Errors are plain exceptions; core.errors turns them into sentences at the edge.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol, cast
from urllib.parse import unquote, urlsplit

from flask import current_app

CHUNK = 1024 * 1024
LONGEST_KEY = 512
#: Half-written files of a killed process; nothing that is still being written is this old.
ABANDONED_SECONDS = 24 * 3600
_COMPANY = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class BlobError(Exception):
    """What every error of this file is."""


class TooLarge(BlobError):  # noqa: N818 - reads as what happened
    """The stream is longer than the limit; nothing of it was kept. `limit` in bytes."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"more than {limit} bytes")
        self.limit = limit


class NoSpace(BlobError):  # noqa: N818 - reads as what happened
    """The disk or the quota is full; nothing of the stream was kept."""


def no_room(error: Exception) -> bool:
    """Whether an error of the store or the disk means that there is no room left."""
    return isinstance(error, NoSpace) or (isinstance(error, OSError) and error.errno in _FULL)


class Missing(BlobError):  # noqa: N818 - reads as what happened
    """There is no blob under this key."""


class BadKey(BlobError):  # noqa: N818 - reads as what happened
    """The key or company is not of the allowed form."""


class Unreachable(BlobError):  # noqa: N818 - reads as what happened
    """The store does not answer, or not as it should; trying later may help."""


@dataclass(frozen=True, slots=True)
class Blob:
    """What `put` made of a stream: its digest (64 hex), its size in bytes, its key `<company>/<sha256>`."""

    sha256: str
    size: int
    key: str


class Blobs(Protocol):
    """What a store can do. Keys are `<company>/part/…`; a part begins with a letter or digit, then also . _ -"""

    def put(self, company: str, stream: BinaryIO, *, limit: int | None) -> Blob:
        """Keep a stream under its digest; the same content twice is one blob. Raises TooLarge, NoSpace."""
        ...

    def put_named(self, key: str, source: Path | BinaryIO, content_type: str) -> int:
        """Keep a stream or file under a key of ours (renders), replacing what is there. Returns its size in bytes."""
        ...

    def open(self, key: str) -> BinaryIO:
        """The blob as a stream to read and close. Raises Missing."""
        ...

    def path_for(self, key: str) -> AbstractContextManager[Path]:
        """The blob as a local file, to read only, while the context lasts. Raises Missing."""
        ...

    def size(self, key: str) -> int:
        """Bytes. Raises Missing."""
        ...

    def delete(self, key: str) -> None:
        """Let go of one blob; one that is not there is no error."""
        ...

    def delete_company(self, company: str) -> int:
        """Let go of everything of a company, half-written files included. Returns how many blobs; may be run again."""
        ...

    def keys(self, prefix: str = "") -> Iterator[str]:
        """Keys below a prefix of whole parts (`acme` finds `acme/…`, not `acme2/…`), each once."""
        ...

    @property
    def free_space(self) -> int | None:
        """Bytes that still fit, None where nobody can say."""
        ...


def check_company(company: str) -> str:
    """The company's key itself; BadKey when it could lead outside its folder."""
    if not _COMPANY.fullmatch(company):
        message = f"not a company key: {company[:80]!r}"
        raise BadKey(message)
    return company


def check_key(key: str) -> str:
    """The key itself; BadKey for `..`, an absolute one, odd characters, or one too long."""
    company, *parts = key.split("/")
    if len(key) > LONGEST_KEY or not parts or not all(_PART.fullmatch(part) for part in parts):
        message = f"not a blob key: {key[:80]!r}"
        raise BadKey(message)
    check_company(company)
    return key


def company_of(key: str) -> str:
    """The company a key belongs to."""
    return key.partition("/")[0]


def blobs() -> Blobs:
    """The store of the running app."""
    return cast("Blobs", current_app.extensions["planroom.blobs"])


def make_blobs(url: str, tmp_dir: Path) -> Blobs:
    """The store a BLOB_URL names: a path, `file:///path`, or `s3://key:secret@host:port/bucket?scheme=http&region=…`.

    `tmp_dir` is where S3 spools on the way. ValueError for anything else.
    """
    parts = urlsplit(url)
    if parts.scheme in {"", "file"}:
        return Folder(Path(unquote(parts.path)))
    bucket = parts.path.strip("/")
    if parts.scheme == "s3" and parts.hostname and bucket and "/" not in bucket:
        from portal.core.s3 import S3  # noqa: PLC0415 - boto3 costs 0.3 s and 20 MB that a folder store does not need

        return S3(parts, bucket, tmp_dir)
    message = "BLOB_URL must be file:///folder or s3://key:secret@host:port/bucket"
    raise ValueError(message)


class Folder:
    """Blobs as files under one folder; half-written ones lie in `.incoming` of the same file system until renamed."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._incoming = root / ".incoming"
        self._incoming.mkdir(parents=True, exist_ok=True)
        forget_abandoned(self._incoming)

    def put(self, company: str, stream: BinaryIO, *, limit: int | None) -> Blob:
        with spooled(self._incoming, check_company(company), stream, limit) as (path, sha256, size):
            blob = Blob(sha256, size, f"{company}/{sha256}")
            target = self.root / blob.key
            if not (target.is_file() and target.stat().st_size == size):
                self._move_in(path, target)
            return blob

    def put_named(self, key: str, source: Path | BinaryIO, content_type: str) -> int:  # noqa: ARG002 - a file has no type
        target = self.root / check_key(key)
        with stream_of(source) as stream, spooled(self._incoming, company_of(key), stream, None) as (path, _, size):
            self._move_in(path, target)
            return size

    def open(self, key: str) -> BinaryIO:
        with _missing(key):
            return (self.root / check_key(key)).open("rb")

    @contextmanager
    def path_for(self, key: str) -> Iterator[Path]:
        path = self.root / check_key(key)
        if not path.is_file():
            raise Missing(key)
        yield path

    def size(self, key: str) -> int:
        with self.path_for(key) as path, _missing(key):
            return path.stat().st_size

    def delete(self, key: str) -> None:
        (self.root / check_key(key)).unlink(missing_ok=True)

    def delete_company(self, company: str) -> int:
        count = sum(1 for _ in self.keys(check_company(company)))
        for half_written in self._incoming.glob(f"{company}.*"):
            half_written.unlink(missing_ok=True)
        folder = self.root / company
        if folder.exists():
            shutil.rmtree(folder)
        return count

    def keys(self, prefix: str = "") -> Iterator[str]:
        for folder, folders, files in os.walk(self.root / check_prefix(prefix)):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            below = Path(folder).relative_to(self.root)
            yield from (str(below / name) for name in sorted(files) if not name.startswith("."))

    @property
    def free_space(self) -> int | None:
        return shutil.disk_usage(self.root).free

    def _move_in(self, path: Path, target: Path) -> None:
        """Make a complete file visible under its name, and make that survive a power cut."""
        with _full_disk():
            with path.open("rb") as file:
                os.fsync(file.fileno())
            target.parent.mkdir(parents=True, exist_ok=True)
            path.replace(target)
            folder = os.open(target.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)


@contextmanager
def spooled(folder: Path, company: str, stream: BinaryIO, limit: int | None) -> Iterator[tuple[Path, str, int]]:
    """Copy a stream into a file of `folder` named after its company: (path, sha256, size), gone with the context."""
    digest, size = hashlib.sha256(), 0
    path = folder / f"{company}.{secrets.token_hex(8)}"
    try:
        with _full_disk(), path.open("xb") as file:
            while chunk := stream.read(CHUNK):
                size += len(chunk)
                if limit is not None and size > limit:
                    raise TooLarge(limit)
                digest.update(chunk)
                file.write(chunk)
        yield path, digest.hexdigest(), size
    finally:
        path.unlink(missing_ok=True)


@contextmanager
def stream_of(source: Path | BinaryIO) -> Iterator[BinaryIO]:
    if isinstance(source, Path):
        with source.open("rb") as stream:
            yield stream
    else:
        yield source


@contextmanager
def _full_disk() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise NoSpace(os.strerror(error.errno)) from error
        raise


@contextmanager
def _missing(key: str) -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
        raise Missing(key) from error


def check_prefix(prefix: str) -> str:
    """A key, a company, or nothing, without a slash at the end."""
    prefix = prefix.removesuffix("/")
    if prefix:
        check_key(prefix) if "/" in prefix else check_company(prefix)
    return prefix


def forget_abandoned(folder: Path) -> None:
    """Remove what killed processes left half written."""
    before = time.time() - ABANDONED_SECONDS
    for path in folder.iterdir():
        with suppress(FileNotFoundError):
            if path.is_file() and path.stat().st_mtime < before:
                path.unlink()
