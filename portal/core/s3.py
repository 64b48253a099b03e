"""Blobs in any S3-compatible object store. Loaded only when BLOB_URL names one."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BufferedReader, RawIOBase
from pathlib import Path
from typing import Any, BinaryIO, cast
from urllib.parse import SplitResult, parse_qs, unquote

import boto3
from boto3.exceptions import Boto3Error
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from urllib3.exceptions import HTTPError

from portal.core.blobs import (
    CHUNK,
    Blob,
    BlobError,
    Missing,
    NoSpace,
    Unreachable,
    check_company,
    check_key,
    check_prefix,
    company_of,
    forget_abandoned,
    spooled,
    stream_of,
)


class S3:
    """`core.blobs.Blobs` as objects of one bucket, addressed by path, which every S3-compatible server understands."""

    #: How much a listing asks for at once: as much as S3 deletes in one call.
    page = 1000

    def __init__(self, url: SplitResult, bucket: str, tmp_dir: Path) -> None:
        options = parse_qs(url.query)
        scheme = options.get("scheme", ["https"])[0]
        port = f":{url.port}" if url.port else ""
        self.bucket = bucket
        self._spool_dir = tmp_dir
        self._arguments = {
            "endpoint_url": f"{scheme}://{url.hostname}{port}",
            "region_name": options.get("region", ["us-east-1"])[0],
            "aws_access_key_id": unquote(url.username or ""),
            "aws_secret_access_key": unquote(url.password or ""),
        }
        self._client: tuple[int, Any] | None = None
        self._making = threading.Lock()
        tmp_dir.mkdir(parents=True, exist_ok=True)
        forget_abandoned(tmp_dir)

    def put(self, company: str, stream: BinaryIO, *, limit: int | None) -> Blob:
        with spooled(self._spool_dir, check_company(company), stream, limit) as (path, sha256, size):
            blob = Blob(sha256, size, f"{company}/{sha256}")
            try:
                known = self.size(blob.key) == size
            except Missing:
                known = False
            if not known:
                self._upload(blob.key, path, "application/octet-stream")
            return blob

    def put_named(self, key: str, source: Path | BinaryIO, content_type: str) -> int:
        check_key(key)
        with stream_of(source) as stream, spooled(self._spool_dir, company_of(key), stream, None) as (path, _, size):
            self._upload(key, path, content_type)
            return size

    def open(self, key: str) -> BinaryIO:
        with self._asking(key):
            body = self._s3.get_object(Bucket=self.bucket, Key=check_key(key))["Body"]
        return cast("BinaryIO", BufferedReader(_Body(body), CHUNK))

    @contextmanager
    def path_for(self, key: str) -> Iterator[Path]:
        with self.open(key) as body, spooled(self._spool_dir, company_of(key), body, None) as (path, _, _size):
            yield path

    def size(self, key: str) -> int:
        with self._asking(key):
            return int(self._s3.head_object(Bucket=self.bucket, Key=check_key(key))["ContentLength"])

    def delete(self, key: str) -> None:
        check_key(key)
        self._destroy(key, lambda found: found == key)

    def delete_company(self, company: str) -> int:
        prefix = f"{check_company(company)}/"
        for half_written in self._spool_dir.glob(f"{company}.*"):
            half_written.unlink(missing_ok=True)
        with self._asking(prefix):
            for page in self._s3.get_paginator("list_multipart_uploads").paginate(
                Bucket=self.bucket, Prefix=prefix, PaginationConfig={"PageSize": self.page}
            ):
                for upload in page.get("Uploads", []):
                    self._s3.abort_multipart_upload(Bucket=self.bucket, Key=upload["Key"], UploadId=upload["UploadId"])
        return self._destroy(prefix, lambda _found: True)

    def keys(self, prefix: str = "") -> Iterator[str]:
        below = f"{check_prefix(prefix)}/" if prefix else ""
        with self._asking(prefix):
            for page in self._s3.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket, Prefix=below, PaginationConfig={"PageSize": self.page}
            ):
                for entry in page.get("Contents", []):
                    yield entry["Key"]

    @property
    def free_space(self) -> int | None:
        return None

    @property
    def _s3(self) -> Any:  # noqa: ANN401 - boto3 makes its clients at run time
        """The client of this process: a connection pool must not be shared over a fork."""
        if self._client is None or self._client[0] != os.getpid():
            with self._making:
                self._client = (os.getpid(), _s3_client(self._arguments))
        return self._client[1]

    def _upload(self, key: str, path: Path, content_type: str) -> None:
        with self._asking(key):
            self._s3.upload_file(str(path), self.bucket, key, ExtraArgs={"ContentType": content_type})

    def _destroy(self, prefix: str, wanted: Callable[[str], bool]) -> int:
        """Delete every version of what lies below `prefix`: in a versioned bucket a plain delete only hides."""
        gone: set[str] = set()
        with self._asking(prefix):
            # Always the first page: what is deleted while paging moves the pages. A key sorts before its longer names.
            while True:
                page = self._s3.list_object_versions(Bucket=self.bucket, Prefix=prefix, MaxKeys=self.page)
                versions = [entry for entry in page.get("Versions", []) if wanted(entry["Key"])]
                markers = [entry for entry in page.get("DeleteMarkers", []) if wanted(entry["Key"])]
                if not versions and not markers:
                    break
                doomed = [{"Key": entry["Key"], "VersionId": entry["VersionId"]} for entry in versions + markers]
                answer = self._s3.delete_objects(Bucket=self.bucket, Delete={"Objects": doomed, "Quiet": True})
                if answer.get("Errors"):
                    message = f"{len(answer['Errors'])} objects could not be deleted"
                    raise Unreachable(message)
                gone.update(entry["Key"] for entry in versions)
        return len(gone)

    @contextmanager
    def _asking(self, key: str) -> Iterator[None]:
        """Translate what boto3 raises into this file's errors."""
        try:
            yield
        except ClientError as error:
            raise _translated(error.response, key) from error
        except Boto3Error as error:
            cause = error.__context__
            raise (_translated(cause.response, key) if isinstance(cause, ClientError) else Unreachable(key)) from error
        except BotoCoreError as error:
            raise Unreachable(str(error)) from error


class _Body(RawIOBase):
    """The body of an S3 answer as a raw stream that BufferedReader can read from."""

    def __init__(self, body: Any) -> None:  # noqa: ANN401 - botocore's StreamingBody
        self._body = body

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - any writable buffer
        try:
            data = self._body.read(len(buffer))
        except (BotoCoreError, HTTPError) as error:
            message = "the blob store stopped answering in the middle of a blob"
            raise Unreachable(message) from error
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._body.close()
        super().close()


def _s3_client(arguments: dict[str, str]) -> Any:  # noqa: ANN401
    config = Config(
        connect_timeout=5,
        read_timeout=30,
        retries={"mode": "standard", "max_attempts": 3},
        s3={"addressing_style": "path"},
        # The newer default sends trailing checksums, which many S3-compatible servers refuse.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    return boto3.session.Session().client("s3", config=config, **arguments)


def _translated(response: dict[str, Any], key: str) -> BlobError:
    code = str(response.get("Error", {}).get("Code", ""))
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    if code in {"NoSuchKey", "404", "NotFound"}:
        return Missing(key)
    if status == 507 or code in {"XMinioStorageFull", "QuotaExceeded", "InsufficientStorage"}:  # noqa: PLR2004
        return NoSpace(code)
    return Unreachable(f"{code} ({status})")
