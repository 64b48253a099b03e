"""Keys for other programs: shown once, kept as a digest, ended by the one they belong to."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from flask import Flask

from portal import create_app
from portal.core.db import db, write
from portal.core.errors import NotFound
from portal.core.gate import KeyHolder
from portal.core.migrate import PLATFORM, upgrade
from portal.tenants import keys


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    made = create_app({"DATA_DIR": str(tmp_path), "SECRET_KEY": "k" * 40, "SESSION_STORE": "memory"})
    with made.app_context():
        upgrade(db.engine, PLATFORM)
    return made


def _create(scope: str = "reports") -> tuple[int, str]:
    with write() as session:
        key, secret = keys.create(session, scope, tenant_id=None, label="빌드 서버", by="person:1")
        return key.id, secret


def test_a_key_is_known_by_its_secret_which_is_nowhere_kept(app: Flask) -> None:
    with app.app_context():
        key_id, secret = _create()
        assert keys.holder(secret) == KeyHolder(key_id, "reports", None)
        assert keys.holder(secret + "x") is None
        assert secret not in str([vars(row) for row in db.session.query(keys.ApiKey)])


def test_a_revoked_key_opens_nothing_and_only_its_owner_can_revoke_it(app: Flask) -> None:
    with app.app_context():
        key_id, secret = _create()
        with pytest.raises(NotFound):
            keys.revoke(key_id, 7, "person:2")
        keys.revoke(key_id, None, "person:1")
        assert keys.holder(secret) is None
        with pytest.raises(NotFound):
            keys.revoke(key_id, None, "person:1")


def test_the_command_prints_one_document(app: Flask) -> None:
    made = app.test_cli_runner().invoke(args=["keys", "create", "--scope", "usage", "--json"])
    assert json.loads(made.stdout)["key"].startswith("plr_")
    refused = app.test_cli_runner().invoke(args=["keys", "create", "--scope", "usage", "--tenant", "99"])
    assert (refused.exit_code, refused.stdout) == (2, "")
