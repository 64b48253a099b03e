"""Static files: addresses with a digest, so that they are kept for ever, and packed for the wire.

Modules import each other by relative addresses, which carry no query: theirs have the digest of all modules in the path
(/static/js/<digest>/viewer.js), so that a module and what it imports are of one version and none is asked for twice.
"""

from __future__ import annotations

import functools
import hashlib
import re
import time
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import quote

from flask import Flask, current_app, request
from werkzeug.wrappers import Response

from portal.core import packing

MODULES: Final = "js"
PACKED: Final = frozenset({"text/css", "text/javascript", "application/javascript", "image/svg+xml"})
FOR_EVER: Final = "public, max-age=31536000, immutable"
#: Seconds for which an address stands without a look at the disk: a page has a dozen, and the scripts' look at them all.
LOOKED_AT: Final = 1.0
_OF_MODULES = re.compile(rf"{MODULES}/([0-9a-f]{{12}})/(.+)")
#: By where files are and a name: its address, and until when that stands. Names come from templates, so they are few.
_addresses: dict[tuple[str, str, str], tuple[str, float]] = {}


def asset(name: str) -> str:
    """The address of a static file, with its digest.

    Made without the router, which a request with a broken Host has none of: the error page must show even then.
    """
    at = (current_app.static_url_path or "", current_app.static_folder or "", name)
    found, until = _addresses.get(at, ("", 0.0))
    if until < time.monotonic():
        found = _address(at[0], name)
        _addresses[at] = (found, time.monotonic() + LOOKED_AT)
    return found


def _address(address: str, name: str) -> str:
    path = _folder() / name
    if not path.is_file():
        return f"{address}/{quote(name)}"
    if name.startswith(f"{MODULES}/"):
        return f"{address}/{MODULES}/{_modules()}/{quote(name.removeprefix(f'{MODULES}/'))}"
    return f"{address}/{quote(name)}?v={_digest(path, path.stat().st_mtime)}"


def init_app(app: Flask) -> None:
    served = cast("Callable[..., Response]", app.view_functions["static"])

    @functools.wraps(served)
    def static(filename: str) -> Response:
        return served(filename=_place(filename)[0])

    app.view_functions["static"] = static
    app.after_request(_keep)


def _keep(response: Response) -> Response:
    if request.endpoint != "static" or response.status_code not in {200, 304}:
        return response
    name, digest = _place((request.view_args or {}).get("filename", ""))
    path = _folder() / name
    if not path.is_file():
        return response
    changed = path.stat().st_mtime
    fits = digest == _modules() if digest else request.args.get("v") == _digest(path, changed)
    response.headers["Cache-Control"] = FOR_EVER if fits else "no-cache"
    if response.mimetype in PACKED:
        _pack(response, path, changed)
    return response


def _pack(response: Response, path: Path, changed: float) -> None:
    """The validator is weak then, because all forms of a file share it."""
    response.vary.add("Accept-Encoding")
    tag, _ = response.get_etag()
    if tag:
        response.set_etag(tag, weak=True)
    coding = packing.chosen(request.headers.get("Accept-Encoding", ""))
    if response.status_code == 304 or not coding or "Range" in request.headers:  # noqa: PLR2004 - Not Modified
        return
    response.response.close()  # type: ignore[union-attr]  # the file it was about to send
    response.direct_passthrough = False
    response.set_data(_packed(path, changed, coding))
    response.headers["Content-Encoding"] = coding


def _place(filename: str) -> tuple[str, str]:
    """The file of an address, and the digest of the modules that it names."""
    found = _OF_MODULES.fullmatch(filename)
    return (f"{MODULES}/{found[2]}", found[1]) if found else (filename, "")


def _folder() -> Path:
    return Path(current_app.static_folder or "")


def _modules() -> str:
    files = sorted((_folder() / MODULES).glob("*.js"))
    return _digest_of_all(tuple((file, file.stat().st_mtime) for file in files))


@lru_cache(maxsize=4)
def _digest_of_all(files: tuple[tuple[Path, float], ...]) -> str:
    told = "".join(f"{file.name} {_digest(file, changed)}\n" for file, changed in files)
    return hashlib.sha256(told.encode()).hexdigest()[:12]


@lru_cache(maxsize=512)
def _digest(path: Path, _changed: float) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


@lru_cache(maxsize=512)
def _packed(path: Path, _changed: float, coding: Any) -> bytes:  # noqa: ANN401 - a packing.Coding; lru_cache loses the type
    return b"".join(packing.packed([path.read_bytes()], coding))
