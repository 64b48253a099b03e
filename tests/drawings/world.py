"""The running app of these tests, and the people in it."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import BinaryIO, cast

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.core.gate import Caller
from portal.drawings import receiving, renders
from portal.drawings.models import Drawing, Revision, Upload
from portal.drawings.receiving import Place, Sent
from portal.tenants import service as tenants


@dataclass(frozen=True)
class World:
    """The running app and its people: Alice and Bob of company A, Vera who only looks, Bill of its billing, Charlie of B."""

    app: Flask
    people: dict[str, Caller]

    @property
    def client(self) -> FlaskClient:
        return self.app.test_client()

    def get(self, name: str, url: str, **headers: str):  # noqa: ANN201 - werkzeug's TestResponse
        return self.client.get(url, headers={"X-As": name, **headers}, buffered=True)

    def post(self, name: str, url: str, /, headers: dict[str, str] | None = None, **data: object):  # noqa: ANN201
        return self.client.post(url, data=data, headers={"X-As": name, **(headers or {})})

    def send(self, name: str, *files: tuple[str, bytes], place: Place | None = None) -> list[Upload]:
        """Hand files in as a person, past the browser."""
        sent = [Sent(file_name, cast("BinaryIO", io.BytesIO(content))) for file_name, content in files]
        return receiving.receive(self.people[name], sent, place or Place())

    def store(self, name: str) -> Session:
        return tenants.session_for(self.people[name])

    def newest(self, name: str) -> Revision:
        return self.store(name).scalars(select(Revision).order_by(Revision.id.desc())).first()  # type: ignore[return-value]

    def drawings(self, name: str) -> list[Drawing]:
        return list(self.store(name).scalars(select(Drawing).where(Drawing.deleted_at.is_(None)).order_by(Drawing.id)))

    def drawn(self, name: str, file_name: str, content: bytes) -> Revision:
        """A file handed in and drawn, as a worker would."""
        (line,) = self.send(name, (file_name, content))
        renders.render(self.people[name].tenant_id, line.revision_id or 0)
        return line.revision  # type: ignore[return-value]
