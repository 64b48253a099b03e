"""Every knob of Planroom, read once from the environment.

`Settings.read` never raises for a wrong value: it collects one sentence per problem, so that `doctor` can list them
and the start can refuse with words instead of a traceback. docs/settings.md describes each name; a test holds the two
together.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, cast
from urllib.parse import urlsplit

from flask import current_app
from sqlalchemy import URL

from portal.core import supplier as suppliers
from portal.core.supplier import Supplier

Environment = Literal["embedded", "production"]
SessionStore = Literal["redis", "database", "memory"]

#: Values that have been printed somewhere, so they protect nothing. Production refuses them.
KNOWN_SECRETS = frozenset({"", "secret", "changeme", "change-me", "dev", "development", "planroom"})
SHORTEST_SECRET = 32

#: Environment name -> what it is for; the order of docs/settings.md.
NAMES: dict[str, str] = {
    "PORTAL_ENV": "`embedded` (everything on this machine, sandbox outside world) or `production`",
    "DATA_DIR": "folder for everything the portal writes",
    "PORT": "port of the web process",
    "WEB_WORKERS": "web processes",
    "PUBLIC_URL": "address people use; mailed links are built from it, never from the Host header",
    "SECRET_KEY": "signs links and encrypts stored credentials; at least 32 characters in production",
    "DATABASE_URL": "platform database",
    "TENANT_DATABASE_URLS": "where companies' databases are made: one or more servers, separated by spaces",
    "REDIS_URL": "Redis for sessions, queue and rate limits",
    "REDIS_SENTINELS": "host:port of the sentinels, separated by commas; overrides REDIS_URL",
    "REDIS_SENTINEL_MASTER": "name of the master that the sentinels watch",
    "SESSION_STORE": "`redis`, `database` or `memory`",
    "BLOB_URL": "`file:///folder` or `s3://key:secret@host:port/bucket`",
    "SANDBOX_PORT": "port of the sandbox process (its SMTP listens one above)",
    "NTS_STATUS_URL": "business-status service of the tax office",
    "NTS_STATUS_KEY": "its key; without one, numbers are checked for form only",
    "SMTP_URL": "`smtp://user:password@host:port` or `smtps://…`",
    **suppliers.NAMES,
    "STRICT": "`1`: in tests, anything that could not run is a failure",
}


@dataclass(frozen=True, slots=True)
class Settings:
    """The portal's settings after reading; `problems` has one Korean sentence per wrong value."""

    env: Environment
    data_dir: Path
    port: int
    web_workers: int
    public_url: str
    secret_key: str = field(repr=False)
    database_url: str = field(repr=False)
    tenant_database_urls: tuple[str, ...] = field(repr=False)
    redis_url: str = field(repr=False)
    redis_sentinels: tuple[tuple[str, int], ...]
    redis_sentinel_master: str
    session_store: SessionStore
    blob_url: str = field(repr=False)
    sandbox_port: int
    nts_status_url: str
    nts_status_key: str = field(repr=False)
    smtp_url: str = field(repr=False)
    strict: bool
    supplier: Supplier = field(default_factory=Supplier)
    problems: tuple[str, ...] = ()

    @property
    def embedded(self) -> bool:
        return self.env == "embedded"

    @property
    def https(self) -> bool:
        return urlsplit(self.public_url).scheme == "https"

    @property
    def sandbox_url(self) -> str:
        return f"http://127.0.0.1:{self.sandbox_port}"

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Settings:  # noqa: C901 - one line a setting reads best in one place
        """Read the settings. Wrong values fall back to a safe default and are told in `problems`."""
        problems: list[str] = []

        def text(name: str, default: str = "") -> str:
            return environ.get(name, "").strip() or default

        def number(name: str, default: int, low: int = 1, high: int = 65535) -> int:
            raw = text(name)
            if not raw:
                return default
            if raw.isascii() and raw.isdigit() and low <= int(raw) <= high:
                return int(raw)
            problems.append(f"{name} 값 '{raw}'을(를) 쓸 수 없습니다. {low}부터 {high} 사이의 숫자로 적어 주십시오.")
            return default

        def choice(name: str, options: tuple[str, ...], default: str) -> str:
            raw = text(name, default)
            if raw in options:
                return raw
            problems.append(
                f"{name} 값 '{raw}'을(를) 쓸 수 없습니다. {', '.join(options)} 가운데 하나로 적어 주십시오."
            )
            return default

        env = cast("Environment", choice("PORTAL_ENV", ("embedded", "production"), "embedded"))
        embedded = env == "embedded"
        data_dir = Path(text("DATA_DIR", "var")).expanduser().absolute()
        port = number("PORT", 8000)
        sandbox_port = number("SANDBOX_PORT", min(port + 1, 65534), high=65534)
        sandbox = f"http://127.0.0.1:{sandbox_port}"

        def outside(name: str, path: str) -> str:
            """A service of the outside world: the sandbox in embedded mode, nothing unless set in production."""
            return text(name, f"{sandbox}{path}" if embedded else "")

        public_url = text("PUBLIC_URL", f"http://localhost:{port}").rstrip("/")
        if not _is_web_address(public_url):
            problems.append(
                f"PUBLIC_URL '{public_url}'은(는) 주소가 아닙니다. https://portal.example.com 처럼 적어 주십시오."
            )
            public_url = f"http://localhost:{port}"
        sentinels, bad = _sentinels(text("REDIS_SENTINELS"))
        if bad:
            problems.append(
                f"REDIS_SENTINELS 의 '{bad}'을(를) 읽을 수 없습니다. host:port 를 쉼표로 나누어 적어 주십시오."
            )
        secret = text("SECRET_KEY") or (_kept_secret(data_dir) if embedded else "")
        supplier, wrong = suppliers.read(environ, embedded=embedded)
        problems.extend(wrong)
        if not embedded:
            problems.extend(_production_problems(environ, secret, public_url))
        return cls(
            env=env,
            data_dir=data_dir,
            port=port,
            web_workers=number("WEB_WORKERS", 2, high=64),
            public_url=public_url,
            secret_key=secret or secrets.token_urlsafe(32),
            database_url=text("DATABASE_URL", _sqlite(data_dir / "platform.db")),
            tenant_database_urls=tuple(text("TENANT_DATABASE_URLS").split()) or (_sqlite(data_dir / "companies"),),
            redis_url=text("REDIS_URL", f"unix://{data_dir / 'redis' / 'redis.sock'}"),
            redis_sentinels=sentinels,
            redis_sentinel_master=text("REDIS_SENTINEL_MASTER", "planroom"),
            session_store=cast("SessionStore", choice("SESSION_STORE", ("redis", "database", "memory"), "redis")),
            blob_url=text("BLOB_URL", f"file://{data_dir / 'blobs'}"),
            sandbox_port=sandbox_port,
            nts_status_url=outside("NTS_STATUS_URL", "/api/nts-businessman/v1"),
            nts_status_key=text("NTS_STATUS_KEY", "sandbox" if embedded else ""),
            smtp_url=text("SMTP_URL", f"smtp://127.0.0.1:{sandbox_port + 1}" if embedded else ""),
            strict=text("STRICT") == "1",
            supplier=supplier,
            problems=tuple(problems),
        )


def _kept_secret(data_dir: Path) -> str:
    """The key that the embedded start made for this data folder, so that every command of it reads the same secrets."""
    kept = data_dir / "secret.key"
    return kept.read_text(encoding="ascii").strip() if kept.is_file() else ""


def _sqlite(path: Path) -> str:
    """The address of a file or folder, whatever letters its name has."""
    return URL.create("sqlite", database=str(path)).render_as_string()


def _is_web_address(text: str) -> bool:
    parts = urlsplit(text)
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def _sentinels(raw: str) -> tuple[tuple[tuple[str, int], ...], str]:
    """'host:port,host:port' -> pairs, and the first part that could not be read."""
    pairs = []
    for part in filter(None, (piece.strip() for piece in raw.split(","))):
        host, _, port = part.rpartition(":")
        if not host or not port.isdigit():
            return (), part
        pairs.append((host, int(port)))
    return tuple(pairs), ""


def _production_problems(environ: Mapping[str, str], secret: str, public_url: str) -> list[str]:
    problems = []
    if secret.lower() in KNOWN_SECRETS or len(secret) < SHORTEST_SECRET:
        problems.append(
            f"SECRET_KEY 가 비었거나 짧거나 알려진 값입니다. {SHORTEST_SECRET}자 넘는 새 값을 만들어 적어 주십시오."
        )
    if urlsplit(public_url).scheme != "https":
        problems.append("PUBLIC_URL 이 https 주소가 아닙니다. 운영에서는 https 주소를 적어 주십시오.")
    required = ["DATABASE_URL", "TENANT_DATABASE_URLS", "BLOB_URL", "SMTP_URL"]
    if not environ.get("REDIS_SENTINELS"):
        required.append("REDIS_URL")
    problems.extend(
        f"{name} 이(가) 비어 있습니다. 운영에서는 반드시 적어 주십시오." for name in required if not environ.get(name)
    )
    return problems


def settings() -> Settings:
    """The settings of the running app."""
    return cast("Settings", current_app.extensions["planroom.settings"])
