"""The nouns of a company's drawing store, and the states they go through. All of it lies in the company's own database.

A revision is a file as it was received. What became visible of a file is a `Render`, shared by every revision with the
same content and code page: the same (sha256, renderer version) is rendered once in a company. Sheets, layers and texts belong to it.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from portal.core.db import Tenanted, retained
from portal.core.states import Look, Machine, step

NAME_LENGTH = 255
RECORD_CLASS = "customer_content"


class DrawingState(StrEnum):
    DRAFT = "draft"
    REVIEW = "review"
    APPROVED = "approved"
    RELEASED = "released"


class RevisionState(StrEnum):
    RECEIVED = "received"
    RENDERING = "rendering"
    READY = "ready"
    PARTIAL = "partial"
    REFUSED = "refused"


class RenderState(StrEnum):
    RENDERING = "rendering"
    READY = "ready"
    PARTIAL = "partial"
    REFUSED = "refused"


class UploadOutcome(StrEnum):
    NEW = "new"
    REVISED = "revised"
    KNOWN = "known"
    REFUSED = "refused"


D = DrawingState
drawing_machine = Machine(
    noun="도면",
    looks={
        D.DRAFT: Look("작성중", "grey", "markup", "다 그리시면 검토를 요청하십시오."),
        D.REVIEW: Look("검토", "amber", "review", "검토하는 사람이 승인하거나 돌려보냅니다."),
        D.APPROVED: Look("승인", "green", "check", "배포하면 현장에서 쓰는 도면이 됩니다."),
        D.RELEASED: Look("배포", "blue", "share", "고치려면 새 개정을 올려 주십시오."),
    },
    steps=(
        step(D.DRAFT, "submit", D.REVIEW, "editor"),
        step(D.REVIEW, "approve", D.APPROVED, "editor"),
        step((D.REVIEW, D.APPROVED, D.RELEASED), "return", D.DRAFT, "editor"),
        step(D.APPROVED, "release", D.RELEASED, "editor"),
    ),
)

R = RevisionState
DONE = (R.READY, R.PARTIAL, R.REFUSED)
WAITING = (R.RECEIVED, R.RENDERING)
revision_machine = Machine(
    noun="개정",
    looks={
        R.RECEIVED: Look("받음", "grey", "clock", "곧 그림을 만들기 시작합니다."),
        R.RENDERING: Look("그리는 중", "amber", "clock", "다 그려지면 이 자리에 나타납니다."),
        R.READY: Look("표시됨", "green", "check", "열어 보실 수 있습니다."),
        R.PARTIAL: Look("일부 표시", "amber", "warn", "표시하지 못한 객체를 도면에서 알려 드립니다."),
        R.REFUSED: Look("표시 못 함", "red", "stop", "까닭을 보고 파일을 고쳐 새 개정으로 올려 주십시오."),
    },
    steps=(
        step(R.RECEIVED, "begin", R.RENDERING, "worker"),
        step(WAITING, "refer", R.RECEIVED, "worker"),
        step(WAITING, "ready", R.READY, "worker"),
        step(WAITING, "partial", R.PARTIAL, "worker"),
        step(WAITING, "refused", R.REFUSED, "worker"),
        step(DONE, "again", R.RECEIVED, "editor"),
    ),
)


class Folder(Tenanted):
    """A place for drawings. `key` is the name as it is compared; brothers and sisters differ in it."""

    __tablename__ = "folder"
    __table_args__ = (
        UniqueConstraint("parent_id", "key"),
        Index(
            "uq_folder_top_key",
            "key",
            unique=True,
            sqlite_where=text("parent_id IS NULL"),
            postgresql_where=text("parent_id IS NULL"),
        ),
        {"info": retained(RECORD_CLASS, None)},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("folder.id"))
    name: Mapped[str] = mapped_column(String(120))
    key: Mapped[str] = mapped_column(String(120))
    created_at: Mapped[datetime]


class Drawing(Tenanted):
    """A drawing through all its revisions. `state` is the standing of its newest one.

    `name_key` is the file name as it is compared: a file of the same name in the same folder is the next revision.
    `newest_id` has no foreign key, because revisions point here and a circle cannot be created in one go.
    """

    __tablename__ = "drawing"
    __table_args__ = (
        Index("ix_drawing_folder_id_deleted_at", "folder_id", "deleted_at"),
        {"info": retained(RECORD_CLASS, None)},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    folder_id: Mapped[int | None] = mapped_column(ForeignKey("folder.id"))
    number: Mapped[str] = mapped_column(String(80), index=True)
    title: Mapped[str] = mapped_column(String(NAME_LENGTH))
    name_key: Mapped[str] = mapped_column(String(NAME_LENGTH), index=True)
    state: Mapped[DrawingState] = mapped_column(String(10), index=True)
    newest_id: Mapped[int | None] = mapped_column(index=True)
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime] = mapped_column(index=True)
    deleted_at: Mapped[datetime | None] = mapped_column(index=True)
    deleted_by: Mapped[int | None]

    folder: Mapped[Folder | None] = relationship()
    newest: Mapped[Revision | None] = relationship(
        primaryjoin=lambda: foreign(Drawing.newest_id) == Revision.id, viewonly=True
    )

    @property
    def label(self) -> str:
        """What people call it: "A-201 기준층 평면도"."""
        return f"{self.number} {self.title}".strip()


class Render(Tenanted):
    """What one renderer made of one file; `version` names it, and the code page a person chose (rules.drawn_as). `lease_token` names the one worker that may finish it until `lease_until`."""

    __tablename__ = "render"
    __table_args__ = (UniqueConstraint("sha256", "version"), {"info": retained(RECORD_CLASS, None)})

    id: Mapped[int] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64))
    version: Mapped[str] = mapped_column(String(40))
    state: Mapped[RenderState] = mapped_column(String(10), index=True)
    reason: Mapped[str] = mapped_column(String(60), default="")
    message: Mapped[str] = mapped_column(String(500), default="")
    lease_token: Mapped[str] = mapped_column(String(64), default="")
    lease_until: Mapped[datetime | None] = mapped_column(index=True)
    attempts: Mapped[int] = mapped_column(default=0)
    objects: Mapped[int] = mapped_column(default=0)
    skipped: Mapped[dict[str, int]] = mapped_column(JSON, default=dict)
    references: Mapped[list[Any]] = mapped_column(JSON, default=list)
    source: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    timings: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]

    sheets: Mapped[list[Sheet]] = relationship(order_by="Sheet.position", back_populates="render")

    @property
    def not_drawn(self) -> int:
        """How many objects are missing in the picture."""
        return sum(self.skipped.values())


class Revision(Tenanted):
    """A file as it was received. `file_name` is what the person called it: shown, never used as a path.

    `message` and `next_step` are Korean sentences for states a person must know the reason of. `code_page` is the one a
    person chose for its letters (rules.CODE_PAGES), empty while the bytes decide. `given` are the company's files that it
    is drawn with (references.py), `given_key` is short for them.
    """

    __tablename__ = "revision"
    __table_args__ = (UniqueConstraint("drawing_id", "position"), {"info": retained(RECORD_CLASS, None)})

    id: Mapped[int] = mapped_column(primary_key=True)
    drawing_id: Mapped[int] = mapped_column(ForeignKey("drawing.id"))
    position: Mapped[int]
    letter: Mapped[str] = mapped_column(String(4))
    file_name: Mapped[str] = mapped_column(String(NAME_LENGTH))
    kind: Mapped[str] = mapped_column(String(10))
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    bytes: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[RevisionState] = mapped_column(String(10), index=True)
    reason: Mapped[str] = mapped_column(String(60), default="")
    message: Mapped[str] = mapped_column(String(500), default="")
    code_page: Mapped[str] = mapped_column(String(20), default="", server_default="")
    given: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict, server_default="{}")
    given_key: Mapped[str] = mapped_column(String(12), default="", server_default="")
    nudged_at: Mapped[datetime] = mapped_column(index=True)
    render_id: Mapped[int | None] = mapped_column(ForeignKey("render.id"), index=True)
    received_at: Mapped[datetime]
    received_by: Mapped[int]
    received_by_name: Mapped[str] = mapped_column(String(120))

    drawing: Mapped[Drawing] = relationship()
    render: Mapped[Render | None] = relationship()


class ReferenceName(Tenanted):
    """A file that a drawing names, as names of drawings are compared: whom to draw again when that file comes."""

    __tablename__ = "reference_name"
    __table_args__ = ({"info": retained(RECORD_CLASS, None)},)

    render_id: Mapped[int] = mapped_column(ForeignKey("render.id"), primary_key=True)
    key: Mapped[str] = mapped_column(String(NAME_LENGTH), primary_key=True, index=True)


class ReferenceFile(Tenanted):
    """A picture that drawings place, or plot styles. It is no drawing itself: a file of the same name in its folder takes its place."""

    __tablename__ = "reference_file"
    __table_args__ = ({"info": retained(RECORD_CLASS, None)},)

    id: Mapped[int] = mapped_column(primary_key=True)
    folder_id: Mapped[int | None] = mapped_column(ForeignKey("folder.id"))
    file_name: Mapped[str] = mapped_column(String(NAME_LENGTH))
    key: Mapped[str] = mapped_column(String(NAME_LENGTH), index=True)
    kind: Mapped[str] = mapped_column(String(10))
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    bytes: Mapped[int] = mapped_column(BigInteger)
    received_at: Mapped[datetime]
    received_by: Mapped[int]
    received_by_name: Mapped[str] = mapped_column(String(120))


class Sheet(Tenanted):
    """One picture of a render: model space or a layout.

    `extents` is what the picture shows at first and `full` all there is, [x0, y0, x1, y1] in the drawing's own `units`,
    y upwards. `digest` and `thumb_digest` are the SHA-256 of the unpacked SVG, and so their ETags. `tiles` of a large sheet
    are {number, box, digest, bytes}, box as `extents`. `title` is tag -> value of the title block, `blocks` name -> number.
    """

    __tablename__ = "sheet"
    __table_args__ = (UniqueConstraint("render_id", "position"), {"info": retained(RECORD_CLASS, None)})

    id: Mapped[int] = mapped_column(primary_key=True)
    render_id: Mapped[int] = mapped_column(ForeignKey("render.id"))
    position: Mapped[int]
    name: Mapped[str] = mapped_column(String(NAME_LENGTH))
    digest: Mapped[str] = mapped_column(String(64))
    svg_bytes: Mapped[int] = mapped_column(BigInteger)
    thumb_digest: Mapped[str] = mapped_column(String(64))
    extents: Mapped[list[float]] = mapped_column(JSON)
    full: Mapped[list[float]] = mapped_column(JSON)
    units: Mapped[str] = mapped_column(String(20))
    objects: Mapped[int]
    drawn: Mapped[int]
    tiles: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    title: Mapped[dict[str, str]] = mapped_column(JSON, default=dict, server_default=text("'{}'"))
    blocks: Mapped[dict[str, int]] = mapped_column(JSON, default=dict, server_default=text("'{}'"))

    render: Mapped[Render] = relationship(back_populates="sheets")
    layers: Mapped[list[Layer]] = relationship(order_by="Layer.position")


class Layer(Tenanted):
    """A layer as it shows on one sheet. `class_name` is the class of its parts inside the SVG."""

    __tablename__ = "layer"
    __table_args__ = (UniqueConstraint("sheet_id", "position"), {"info": retained(RECORD_CLASS, None)})

    id: Mapped[int] = mapped_column(primary_key=True)
    sheet_id: Mapped[int] = mapped_column(ForeignKey("sheet.id"))
    position: Mapped[int]
    name: Mapped[str] = mapped_column(String(NAME_LENGTH))
    class_name: Mapped[str] = mapped_column(String(40))
    colour: Mapped[str] = mapped_column(String(20))
    visible: Mapped[bool]
    objects: Mapped[int]


class Text(Tenanted):
    """A text in a drawing, for search. Its insertion point and height are in drawing units."""

    __tablename__ = "text"
    __table_args__ = ({"info": retained(RECORD_CLASS, None)},)

    id: Mapped[int] = mapped_column(primary_key=True)
    sheet_id: Mapped[int] = mapped_column(ForeignKey("sheet.id"), index=True)
    layer: Mapped[str] = mapped_column(String(NAME_LENGTH))
    content: Mapped[str] = mapped_column(String(2000))
    x: Mapped[float]
    y: Mapped[float]
    height: Mapped[float]


class Upload(Tenanted):
    """What became of one file that somebody sent; `batch` holds together the files of one form."""

    __tablename__ = "upload"
    __table_args__ = ({"info": retained("operations", "person_id")},)

    id: Mapped[int] = mapped_column(primary_key=True)
    batch: Mapped[str] = mapped_column(String(64), index=True)
    at: Mapped[datetime]
    person_id: Mapped[int]
    file_name: Mapped[str] = mapped_column(String(NAME_LENGTH))
    outcome: Mapped[UploadOutcome] = mapped_column(String(10))
    message: Mapped[str] = mapped_column(String(300))
    next_step: Mapped[str] = mapped_column(String(300))
    status: Mapped[int]
    revision_id: Mapped[int | None] = mapped_column(ForeignKey("revision.id"))

    revision: Mapped[Revision | None] = relationship()


class Activity(Tenanted):
    """Who did what to a drawing, for the company's own eyes; the chained audit of the platform holds ids only."""

    __tablename__ = "activity"
    __table_args__ = ({"info": retained("access_log", "person_id")},)

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    person_id: Mapped[int]
    person_name: Mapped[str] = mapped_column(String(120))
    verb: Mapped[str] = mapped_column(String(20))
    drawing_id: Mapped[int | None] = mapped_column(ForeignKey("drawing.id"), index=True)
    revision_id: Mapped[int | None] = mapped_column(ForeignKey("revision.id"))
    details: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
