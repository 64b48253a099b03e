"""Builds, test items, owner rules, change requests and releases."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from portal.core.db import Instant

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "build_job",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("last_number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_build_job")),
        sa.UniqueConstraint("tenant_id", "name", name=op.f("uq_build_job_tenant_id_name")),
        info={"record_class": "operations", "subject": "tenant_id"},
    )
    op.create_table(
        "release",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("released_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_release")),
        sa.UniqueConstraint("name", name=op.f("uq_release_name")),
        info={"record_class": "operations", "subject": None},
    )
    with op.batch_alter_table("release", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_release_released_at"), ["released_at"], unique=False)

    op.create_table(
        "build",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("job_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("platform", sa.String(length=80), nullable=False),
        sa.Column("commit", sa.String(length=64), nullable=False),
        sa.Column("branch", sa.String(length=200), nullable=False),
        sa.Column("url", sa.String(length=500), nullable=False),
        sa.Column("authors", sa.JSON(), nullable=False),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("tests", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("errors", sa.Integer(), nullable=False),
        sa.Column("skipped", sa.Integer(), nullable=False),
        sa.Column("opened", sa.JSON(), nullable=False),
        sa.Column("reopened", sa.JSON(), nullable=False),
        sa.Column("closed", sa.JSON(), nullable=False),
        sa.Column("received_at", Instant(), nullable=False),
        sa.Column("told_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["job_id"], ["build_job.id"], name=op.f("fk_build_job_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_build")),
        sa.UniqueConstraint("job_id", "number", "platform", name=op.f("uq_build_job_id_number_platform")),
        info={"record_class": "operations", "subject": "tenant_id"},
    )
    with op.batch_alter_table("build", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_build_commit"), ["commit"], unique=False)
        batch_op.create_index(batch_op.f("ix_build_tenant_id"), ["tenant_id"], unique=False)
        batch_op.create_index("ix_build_told_at_received_at", ["told_at", "received_at"], unique=False)

    op.create_table(
        "known_test",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("job_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("branch", sa.String(length=200), nullable=False),
        sa.Column("suite", sa.String(length=500), nullable=False),
        sa.Column("klass", sa.String(length=500), nullable=False),
        sa.Column("name", sa.String(length=500), nullable=False),
        sa.Column("file", sa.String(length=500), nullable=False),
        sa.Column("flakes", sa.Integer(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["build_job.id"], name=op.f("fk_known_test_job_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_known_test")),
        sa.UniqueConstraint("key", name=op.f("uq_known_test_key")),
        info={"record_class": "operations", "subject": "job_id"},
    )
    with op.batch_alter_table("known_test", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_known_test_job_id"), ["job_id"], unique=False)

    op.create_table(
        "owner_rule",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("pattern", sa.String(length=200), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("together", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["person.id"], name=op.f("fk_owner_rule_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_owner_rule")),
        info={"record_class": "operations", "subject": "owner_id"},
    )
    op.create_table(
        "report_file",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("build_id", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("error", sa.String(length=300), nullable=True),
        sa.Column("tests", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("errors", sa.Integer(), nullable=False),
        sa.Column("skipped", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["build_id"], ["build.id"], name=op.f("fk_report_file_build_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_file")),
        sa.UniqueConstraint("build_id", "sha256", name=op.f("uq_report_file_build_id_sha256")),
        info={"record_class": "operations", "subject": "build_id"},
    )
    op.create_table(
        "test_item",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("job_id", sa.Integer(), nullable=False),
        sa.Column("test_id", sa.Integer(), nullable=True),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("branch", sa.String(length=200), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("cause", sa.String(length=64), nullable=False),
        sa.Column("cause_words", sa.String(length=600), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("state_since", Instant(), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=True),
        sa.Column("owner_reason", sa.String(length=300), nullable=False),
        sa.Column("owner_by_hand", sa.Boolean(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("regressions", sa.Integer(), nullable=False),
        sa.Column("opened_at", Instant(), nullable=False),
        sa.Column("first_build_id", sa.Integer(), nullable=False),
        sa.Column("last_build_id", sa.Integer(), nullable=False),
        sa.Column("resolved_number", sa.Integer(), nullable=True),
        sa.Column("quarantine_reason", sa.String(length=300), nullable=False),
        sa.Column("quarantine_until", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["first_build_id"], ["build.id"], name=op.f("fk_test_item_first_build_id")),
        sa.ForeignKeyConstraint(["job_id"], ["build_job.id"], name=op.f("fk_test_item_job_id")),
        sa.ForeignKeyConstraint(["last_build_id"], ["build.id"], name=op.f("fk_test_item_last_build_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["person.id"], name=op.f("fk_test_item_owner_id")),
        sa.ForeignKeyConstraint(["test_id"], ["known_test.id"], name=op.f("fk_test_item_test_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_test_item")),
        sa.UniqueConstraint("key", name=op.f("uq_test_item_key")),
        info={"record_class": "operations", "subject": "tenant_id"},
    )
    with op.batch_alter_table("test_item", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_test_item_job_id"), ["job_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_test_item_owner_id"), ["owner_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_test_item_quarantine_until"), ["quarantine_until"], unique=False)
        batch_op.create_index("ix_test_item_state_owner_id", ["state", "owner_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_test_item_tenant_id"), ["tenant_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_test_item_test_id"), ["test_id"], unique=False)

    op.create_table(
        "change_request",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("form_key", sa.String(length=43), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("state_since", Instant(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("assignee_id", sa.Integer(), nullable=True),
        sa.Column("item_id", sa.Integer(), nullable=True),
        sa.Column("release_id", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["assignee_id"], ["person.id"], name=op.f("fk_change_request_assignee_id")),
        sa.ForeignKeyConstraint(["item_id"], ["test_item.id"], name=op.f("fk_change_request_item_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_change_request_person_id")),
        sa.ForeignKeyConstraint(["release_id"], ["release.id"], name=op.f("fk_change_request_release_id")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_change_request_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_change_request")),
        sa.UniqueConstraint("form_key", name=op.f("uq_change_request_form_key")),
        info={"record_class": "content", "subject": "tenant_id"},
    )
    with op.batch_alter_table("change_request", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_change_request_item_id"), ["item_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_change_request_release_id"), ["release_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_change_request_state"), ["state"], unique=False)
        batch_op.create_index("ix_change_request_tenant_id_id", ["tenant_id", "id"], unique=False)

    op.create_table(
        "test_item_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("verb", sa.String(length=12), nullable=False),
        sa.Column("by", sa.String(length=80), nullable=False),
        sa.Column("build_id", sa.Integer(), nullable=True),
        sa.Column("words", sa.String(length=300), nullable=False),
        sa.ForeignKeyConstraint(["build_id"], ["build.id"], name=op.f("fk_test_item_event_build_id")),
        sa.ForeignKeyConstraint(["item_id"], ["test_item.id"], name=op.f("fk_test_item_event_item_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_test_item_event")),
        info={"record_class": "operations", "subject": "item_id"},
    )
    with op.batch_alter_table("test_item_event", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_test_item_event_build_id"), ["build_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_test_item_event_item_id"), ["item_id"], unique=False)
        batch_op.create_index("ix_test_item_event_verb_at", ["verb", "at"], unique=False)

    op.create_table(
        "test_result",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("test_id", sa.Integer(), nullable=False),
        sa.Column("build_id", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=True),
        sa.Column("outcome", sa.String(length=8), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["build_id"], ["build.id"], name=op.f("fk_test_result_build_id")),
        sa.ForeignKeyConstraint(["item_id"], ["test_item.id"], name=op.f("fk_test_result_item_id")),
        sa.ForeignKeyConstraint(["test_id"], ["known_test.id"], name=op.f("fk_test_result_test_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_test_result")),
        sa.UniqueConstraint("test_id", "build_id", name=op.f("uq_test_result_test_id_build_id")),
        info={"record_class": "operations", "subject": "build_id"},
    )
    with op.batch_alter_table("test_result", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_test_result_build_id"), ["build_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_test_result_item_id"), ["item_id"], unique=False)

    op.create_table(
        "change_message",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("staff", sa.Boolean(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_change_message_person_id")),
        sa.ForeignKeyConstraint(["request_id"], ["change_request.id"], name=op.f("fk_change_message_request_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_change_message")),
        info={"record_class": "content", "subject": "request_id"},
    )
    with op.batch_alter_table("change_message", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_change_message_request_id"), ["request_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("change_message", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_change_message_request_id"))

    op.drop_table("change_message")
    with op.batch_alter_table("test_result", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_test_result_item_id"))
        batch_op.drop_index(batch_op.f("ix_test_result_build_id"))

    op.drop_table("test_result")
    with op.batch_alter_table("test_item_event", schema=None) as batch_op:
        batch_op.drop_index("ix_test_item_event_verb_at")
        batch_op.drop_index(batch_op.f("ix_test_item_event_item_id"))
        batch_op.drop_index(batch_op.f("ix_test_item_event_build_id"))

    op.drop_table("test_item_event")
    with op.batch_alter_table("change_request", schema=None) as batch_op:
        batch_op.drop_index("ix_change_request_tenant_id_id")
        batch_op.drop_index(batch_op.f("ix_change_request_state"))
        batch_op.drop_index(batch_op.f("ix_change_request_release_id"))
        batch_op.drop_index(batch_op.f("ix_change_request_item_id"))

    op.drop_table("change_request")
    with op.batch_alter_table("test_item", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_test_item_test_id"))
        batch_op.drop_index(batch_op.f("ix_test_item_tenant_id"))
        batch_op.drop_index("ix_test_item_state_owner_id")
        batch_op.drop_index(batch_op.f("ix_test_item_quarantine_until"))
        batch_op.drop_index(batch_op.f("ix_test_item_owner_id"))
        batch_op.drop_index(batch_op.f("ix_test_item_job_id"))

    op.drop_table("test_item")
    op.drop_table("report_file")
    op.drop_table("owner_rule")
    with op.batch_alter_table("known_test", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_known_test_job_id"))

    op.drop_table("known_test")
    with op.batch_alter_table("build", schema=None) as batch_op:
        batch_op.drop_index("ix_build_told_at_received_at")
        batch_op.drop_index(batch_op.f("ix_build_tenant_id"))
        batch_op.drop_index(batch_op.f("ix_build_commit"))

    op.drop_table("build")
    with op.batch_alter_table("release", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_release_released_at"))

    op.drop_table("release")
    op.drop_table("build_job")
