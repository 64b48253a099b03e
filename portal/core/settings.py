"""Every knob of Planroom, read once from the environment.

`Settings.read` never raises for a wrong value: it collects one sentence per problem, so that `doctor` can list them
and the start can refuse with words instead of a traceback. docs/settings.md describes each name; a test holds the two
together.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, cast
from urllib.parse import urlsplit

from flask import current_app
from sqlalchemy import URL

from portal.core import supplier as suppliers
from portal.core.korea import particle
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
    "SESSION_NEAR_CACHE": "`on` or `off`: whether a process remembers sessions that Redis has not said to have changed",
    "BLOB_URL": "`file:///folder` or `s3://key:secret@host:port/bucket`",
    "BACKUP_DIR": "folder of the backups; the same for every process",
    "SANDBOX_PORT": "port of the sandbox process (its SMTP listens one above)",
    "NTS_STATUS_URL": "business-status service of the tax office",
    "NTS_STATUS_KEY": "its key; without one, numbers are checked for form only",
    "SMTP_URL": "`smtp://user:password@host:port` or `smtps://…`",
    "TOSS_BASE_URL": "payment company, without the `/v1`",
    "TOSS_SDK_URL": "its script for the card window; the sandbox's is a page",
    "TOSS_CLIENT_KEY": "its public key (`test_ck_…`, `live_ck_…`)",
    "TOSS_SECRET_KEY": "its secret key (`test_sk_…`, `live_sk_…`)",
    "POPBILL_AUTH_URL": "token service of the tax-invoice service, with the service's id",
    "POPBILL_BASE_URL": "tax-invoice service",
    "POPBILL_LINK_ID": "our name there",
    "POPBILL_SECRET_KEY": "our key there, in base64",
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
    session_near_cache: bool
    blob_url: str = field(repr=False)
    backup_dir: Path
    sandbox_port: int
    nts_status_url: str
    nts_status_key: str = field(repr=False)
    smtp_url: str = field(repr=False)
    toss_base_url: str
    toss_sdk_url: str
    toss_client_key: str
    toss_secret_key: str = field(repr=False)
    popbill_auth_url: str
    popbill_base_url: str
    popbill_link_id: str
    popbill_secret_key: str = field(repr=False)
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
    def cards_set_up(self) -> bool:
        """Whether cards can be registered and charged; if not, transfers are the one way to pay."""
        return all((self.toss_base_url, self.toss_sdk_url, self.toss_client_key, self.toss_secret_key))

    @property
    def tax_invoices_set_up(self) -> bool:
        """Whether tax invoices can be issued from here."""
        return all((self.popbill_auth_url, self.popbill_base_url, self.popbill_link_id, self.popbill_secret_key))

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
            problems.append(
                f"{name} 값 '{raw}'{particle(raw, '을/를')} 쓸 수 없습니다. {low}부터 {high} 사이의 숫자로 적어 주십시오."
            )
            return default

        def choice(name: str, options: tuple[str, ...], default: str) -> str:
            raw = text(name, default)
            if raw in options:
                return raw
            problems.append(
                f"{name} 값 '{raw}'{particle(raw, '을/를')} 쓸 수 없습니다. {', '.join(options)} 가운데 하나로 적어 주십시오."
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

        def key(name: str, invented: str) -> str:
            """A key of the outside world: an invented one that the sandbox knows, nothing unless set in production."""
            return text(name, invented if embedded else "")

        public_url = text("PUBLIC_URL", f"http://localhost:{port}").rstrip("/")
        if not _is_web_address(public_url):
            problems.append(
                f"PUBLIC_URL '{public_url}'{particle(public_url, '은/는')} 주소가 아닙니다. https://portal.example.com 처럼 적어 주십시오."
            )
            public_url = f"http://localhost:{port}"
        sentinels, bad = _sentinels(text("REDIS_SENTINELS"))
        if bad:
            problems.append(
                f"REDIS_SENTINELS 의 '{bad}'{particle(bad, '을/를')} 읽을 수 없습니다. host:port 를 쉼표로 나누어 적어 주십시오."
            )
        secret = text("SECRET_KEY") or (_kept_secret(data_dir) if embedded else "")
        supplier, wrong = suppliers.read(environ, embedded=embedded)
        problems.extend(wrong)
        problems.extend(_outside_problems(environ, embedded=embedded))
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
            session_near_cache=choice("SESSION_NEAR_CACHE", ("on", "off"), "on") == "on",
            blob_url=text("BLOB_URL", f"file://{data_dir / 'blobs'}"),
            backup_dir=Path(text("BACKUP_DIR", str(data_dir / "backups"))).expanduser().absolute(),
            sandbox_port=sandbox_port,
            nts_status_url=outside("NTS_STATUS_URL", "/api/nts-businessman/v1"),
            nts_status_key=text("NTS_STATUS_KEY", "sandbox" if embedded else ""),
            smtp_url=text("SMTP_URL", f"smtp://127.0.0.1:{sandbox_port + 1}" if embedded else ""),
            toss_base_url=outside("TOSS_BASE_URL", "/toss").rstrip("/"),
            # Reached by a browser, so through the portal's own address, whichever one that browser uses.
            toss_sdk_url=key("TOSS_SDK_URL", "/sandbox/toss/window"),
            toss_client_key=key("TOSS_CLIENT_KEY", "test_ck_sandbox"),
            toss_secret_key=key("TOSS_SECRET_KEY", "test_sk_sandbox"),
            popbill_auth_url=outside("POPBILL_AUTH_URL", "/linkhub/auth/POPBILL_TEST").rstrip("/"),
            popbill_base_url=outside("POPBILL_BASE_URL", "/linkhub/popbill").rstrip("/"),
            popbill_link_id=key("POPBILL_LINK_ID", "SANDBOX"),
            popbill_secret_key=key("POPBILL_SECRET_KEY", "c2FuZGJveC1rZXktb2YtcG9wYmlsbA=="),
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


def _outside_problems(environ: Mapping[str, str], *, embedded: bool) -> list[str]:
    """Of the payment and tax-invoice services: half a set in production, and keys of the wrong kind."""
    given = {name: environ.get(name, "").strip() for name in NAMES if name.startswith(("TOSS_", "POPBILL_"))}
    problems = []
    for group in ("TOSS_", "POPBILL_"):
        missing = [name for name, value in given.items() if name.startswith(group) and not value]
        some = any(value for name, value in given.items() if name.startswith(group))
        if not embedded and some and missing:
            problems.append(
                f"{', '.join(missing)}{particle(', '.join(missing), '이/가')} 비어 있습니다. {group}로 시작하는 값은 모두 함께 적어 주십시오."
            )
    if given["TOSS_SECRET_KEY"] and not given["TOSS_SECRET_KEY"].startswith(("test_sk_", "live_sk_")):
        problems.append(
            "TOSS_SECRET_KEY 는 test_sk_ 나 live_sk_ 로 시작하는 API 개별 연동 키여야 합니다. 위젯 키로는 자동결제를 쓸 수 없습니다."
        )
    try:
        base64.b64decode(given["POPBILL_SECRET_KEY"], validate=True)
    except ValueError:
        problems.append("POPBILL_SECRET_KEY 를 읽을 수 없습니다. 링크허브가 준 값을 그대로 적어 주십시오.")
    return problems


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
        f"{name}{particle(name, '이/가')} 비어 있습니다. 운영에서는 반드시 적어 주십시오."
        for name in required
        if not environ.get(name)
    )
    return problems


def settings() -> Settings:
    """The settings of the running app."""
    return cast("Settings", current_app.extensions["planroom.settings"])
