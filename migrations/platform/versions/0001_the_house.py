"""The house: every table of the first rooms (longer than 400 lines because a first schema is one step)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from portal.core.db import Instant

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "application",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("form_key", sa.String(length=43), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("company", sa.String(length=100), nullable=False),
        sa.Column("business_number", sa.String(length=10), nullable=False),
        sa.Column("ceo", sa.String(length=60), nullable=False),
        sa.Column("industry", sa.String(length=30), nullable=False),
        sa.Column("people", sa.String(length=10), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("applicant", sa.String(length=60), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("phone", sa.String(length=20), nullable=False),
        sa.Column("terms_version", sa.String(length=10), nullable=False),
        sa.Column("advertising", sa.Boolean(), nullable=False),
        sa.Column("link_nonce", sa.String(length=43), nullable=False),
        sa.Column("status_digest", sa.String(length=64), nullable=False),
        sa.Column("confirm_digest", sa.String(length=64), nullable=False),
        sa.Column("journey_key", sa.String(length=64), nullable=False),
        sa.Column("submitted_at", Instant(), nullable=False),
        sa.Column("email_confirmed_at", Instant(), nullable=True),
        sa.Column("reviewer_id", sa.Integer(), nullable=True),
        sa.Column("assigned_at", Instant(), nullable=True),
        sa.Column("asked_at", Instant(), nullable=True),
        sa.Column("decided_at", Instant(), nullable=True),
        sa.Column("decided_by", sa.String(length=80), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=True),
        sa.Column("business_status", sa.String(length=12), nullable=False),
        sa.Column("business_note", sa.String(length=200), nullable=False),
        sa.Column("business_checked_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_application")),
        sa.UniqueConstraint("confirm_digest", name=op.f("uq_application_confirm_digest")),
        sa.UniqueConstraint("form_key", name=op.f("uq_application_form_key")),
        sa.UniqueConstraint("status_digest", name=op.f("uq_application_status_digest")),
        info={"record_class": "application", "subject": "email"},
    )
    with op.batch_alter_table("application", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_application_business_number"), ["business_number"], unique=False)
        batch_op.create_index(batch_op.f("ix_application_decided_at"), ["decided_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_application_email"), ["email"], unique=False)
        batch_op.create_index(batch_op.f("ix_application_journey_key"), ["journey_key"], unique=False)
        batch_op.create_index(batch_op.f("ix_application_reviewer_id"), ["reviewer_id"], unique=False)
        batch_op.create_index("ix_application_state_submitted_at", ["state", "submitted_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_application_tenant_id"), ["tenant_id"], unique=False)
        batch_op.create_index(
            "uq_application_undecided_number",
            ["business_number"],
            unique=True,
            sqlite_where=sa.text("state IN ('submitted', 'reviewing', 'needs_info')"),
            postgresql_where=sa.text("state IN ('submitted', 'reviewing', 'needs_info')"),
        )

    op.create_table(
        "audit_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("action", sa.String(length=80), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("subject", sa.String(length=120), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=True),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("personal_digest", sa.String(length=64), nullable=True),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entry")),
        info={"record_class": "access_log", "subject": "tenant_id"},
    )
    with op.batch_alter_table("audit_entry", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_entry_action"), ["action"], unique=False)
        batch_op.create_index(batch_op.f("ix_audit_entry_subject"), ["subject"], unique=False)
        batch_op.create_index(batch_op.f("ix_audit_entry_tenant_id"), ["tenant_id"], unique=False)

    op.create_table(
        "clock_shift",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("microseconds", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clock_shift")),
        info={"record_class": "operations", "subject": None},
    )
    op.create_table(
        "installation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_installation")),
        info={"record_class": "operations", "subject": None},
    )
    op.create_table(
        "mail",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("recipient", sa.String(length=254), nullable=False),
        sa.Column("template", sa.String(length=60), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("next_try_at", Instant(), nullable=False),
        sa.Column("sent_at", Instant(), nullable=True),
        sa.Column("error", sa.String(length=300), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail")),
        info={"record_class": "personal", "subject": "recipient"},
    )
    with op.batch_alter_table("mail", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_mail_next_try_at"), ["next_try_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_mail_recipient"), ["recipient"], unique=False)
        batch_op.create_index(batch_op.f("ix_mail_state"), ["state"], unique=False)

    op.create_table(
        "outbox",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("args", sa.JSON(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("sent_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        info={"record_class": "operations", "subject": None},
    )
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_outbox_sent_at"), ["sent_at"], unique=False)

    op.create_table(
        "person",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("phone", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("staff_roles", sa.JSON(), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=True),
        sa.Column("password_version", sa.Integer(), nullable=False),
        sa.Column("password_changed_at", Instant(), nullable=True),
        sa.Column("totp_secret", sa.String(length=200), nullable=True),
        sa.Column("totp_step", sa.Integer(), nullable=False),
        sa.Column("stamp", sa.Integer(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        sa.UniqueConstraint("email", name=op.f("uq_person_email")),
        info={"record_class": "personal", "subject": "id"},
    )
    with op.batch_alter_table("person", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_person_state"), ["state"], unique=False)

    op.create_table(
        "receipt",
        sa.Column("event_id", sa.String(length=36), nullable=False),
        sa.Column("job", sa.String(length=80), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("event_id", "job", name=op.f("pk_receipt")),
        info={"record_class": "operations", "subject": None},
    )
    op.create_table(
        "session",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_session")),
        info={"record_class": "operations", "subject": None},
    )
    with op.batch_alter_table("session", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_session_expires_at"), ["expires_at"], unique=False)

    op.create_table(
        "turn",
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("taken_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_turn")),
        info={"record_class": "operations", "subject": None},
    )
    op.create_table(
        "visit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=32), nullable=False),
        sa.Column("page", sa.String(length=10), nullable=False),
        sa.Column("source", sa.String(length=60), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit")),
        info={"record_class": "analytics", "subject": "key"},
    )
    with op.batch_alter_table("visit", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_visit_day"), ["day"], unique=False)
        batch_op.create_index("ix_visit_key_at", ["key", "at"], unique=False)

    op.create_table(
        "visit_salt",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_visit_salt")),
        info={"record_class": "analytics", "subject": None},
    )
    op.create_table(
        "work_item",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("subject", sa.String(length=120), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("url", sa.String(length=300), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=True),
        sa.Column("roles", sa.String(length=120), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("assignee_id", sa.Integer(), nullable=True),
        sa.Column("due_at", Instant(), nullable=True),
        sa.Column("snoozed_until", Instant(), nullable=True),
        sa.Column("openings", sa.Integer(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("opened_at", Instant(), nullable=False),
        sa.Column("closed_at", Instant(), nullable=True),
        sa.Column("closed_by", sa.String(length=80), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_work_item")),
        sa.UniqueConstraint("kind", "subject", name=op.f("uq_work_item_kind_subject")),
        info={"record_class": "operations", "subject": "tenant_id"},
    )
    with op.batch_alter_table("work_item", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_work_item_assignee_id"), ["assignee_id"], unique=False)
        batch_op.create_index("ix_work_item_state_due_at", ["state", "due_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_work_item_tenant_id"), ["tenant_id"], unique=False)

    op.create_table(
        "application_message",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("application_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("mail_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["application_id"], ["application.id"], name=op.f("fk_application_message_application_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_application_message")),
        info={"record_class": "application", "subject": "application_id"},
    )
    with op.batch_alter_table("application_message", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_application_message_application_id"), ["application_id"], unique=False)

    op.create_table(
        "audit_personal",
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.Column("salt", sa.String(length=32), nullable=False),
        sa.Column("body", sa.JSON(), nullable=True),
        sa.ForeignKeyConstraint(["entry_id"], ["audit_entry.id"], name=op.f("fk_audit_personal_entry_id")),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_audit_personal")),
        info={"record_class": "personal", "subject": "entry_id"},
    )
    op.create_table(
        "device",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("label", sa.String(length=60), nullable=False),
        sa.Column("network", sa.String(length=50), nullable=False),
        sa.Column("browser", sa.String(length=64), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("seen_at", Instant(), nullable=False),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_device_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device")),
        info={"record_class": "personal", "subject": "person_id"},
    )
    with op.batch_alter_table("device", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_device_browser"), ["browser"], unique=False)
        batch_op.create_index("ix_device_person_id_ended_at", ["person_id", "ended_at"], unique=False)

    op.create_table(
        "device_key",
        sa.Column("device_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("before", sa.String(length=64), nullable=False),
        sa.Column("kept", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_device_key_device_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_device_key_person_id")),
        sa.PrimaryKeyConstraint("device_id", name=op.f("pk_device_key")),
        info={"record_class": "personal", "subject": "person_id"},
    )
    with op.batch_alter_table("device_key", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_device_key_person_id"), ["person_id"], unique=False)

    op.create_table(
        "login_record",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("label", sa.String(length=60), nullable=False),
        sa.Column("network", sa.String(length=50), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_login_record_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login_record")),
        info={"record_class": "access_log", "subject": "person_id"},
    )
    with op.batch_alter_table("login_record", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_login_record_at"), ["at"], unique=False)
        batch_op.create_index(batch_op.f("ix_login_record_person_id"), ["person_id"], unique=False)

    op.create_table(
        "recovery_code",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("used_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_recovery_code_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_code")),
        info={"record_class": "personal", "subject": "person_id"},
    )
    with op.batch_alter_table("recovery_code", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_recovery_code_person_id"), ["person_id"], unique=False)

    op.create_table(
        "tenant",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("business_number", sa.String(length=10), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("mode", sa.String(length=10), nullable=False),
        sa.Column("mode_reason", sa.String(length=200), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("application_id", sa.Integer(), nullable=True),
        sa.Column("server", sa.String(length=200), nullable=True),
        sa.Column("database", sa.String(length=63), nullable=True),
        sa.Column("role_password", sa.String(length=200), nullable=True),
        sa.Column("schema_revision", sa.String(length=40), nullable=False),
        sa.Column("migration_error", sa.String(length=500), nullable=True),
        sa.Column("lease_token", sa.String(length=43), nullable=True),
        sa.Column("lease_until", Instant(), nullable=True),
        sa.Column("next_try_at", Instant(), nullable=True),
        sa.Column("nudged_at", Instant(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("opened_at", Instant(), nullable=True),
        sa.Column("trial_ends_at", Instant(), nullable=True),
        sa.Column("subscribed_at", Instant(), nullable=True),
        sa.Column("state_since", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["person.id"], name=op.f("fk_tenant_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tenant")),
        sa.UniqueConstraint("application_id", name=op.f("uq_tenant_application_id")),
        sa.UniqueConstraint("key", name=op.f("uq_tenant_key")),
        info={"record_class": "contract", "subject": "id"},
    )
    with op.batch_alter_table("tenant", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_tenant_business_number"), ["business_number"], unique=False)
        batch_op.create_index(batch_op.f("ix_tenant_state"), ["state"], unique=False)

    op.create_table(
        "ticket",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=True),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("used_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_ticket_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket")),
        sa.UniqueConstraint("digest", name=op.f("uq_ticket_digest")),
        info={"record_class": "personal", "subject": "person_id"},
    )
    with op.batch_alter_table("ticket", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_ticket_expires_at"), ["expires_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_ticket_person_id"), ["person_id"], unique=False)

    op.create_table(
        "membership",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(length=8), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_membership_person_id")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_membership_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_membership")),
        sa.UniqueConstraint("person_id", "tenant_id", name=op.f("uq_membership_person_id_tenant_id")),
        info={"record_class": "personal", "subject": "person_id"},
    )
    with op.batch_alter_table("membership", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_membership_tenant_id"), ["tenant_id"], unique=False)

    op.create_table(
        "provision_step",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=10), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("started_at", Instant(), nullable=True),
        sa.Column("finished_at", Instant(), nullable=True),
        sa.Column("error", sa.String(length=500), nullable=True),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_provision_step_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provision_step")),
        sa.UniqueConstraint("tenant_id", "name", name=op.f("uq_provision_step_tenant_id_name")),
        info={"record_class": "operations", "subject": "tenant_id"},
    )


def downgrade() -> None:
    op.drop_table("provision_step")
    with op.batch_alter_table("membership", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_membership_tenant_id"))

    op.drop_table("membership")
    with op.batch_alter_table("ticket", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_ticket_person_id"))
        batch_op.drop_index(batch_op.f("ix_ticket_expires_at"))

    op.drop_table("ticket")
    with op.batch_alter_table("tenant", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_tenant_state"))
        batch_op.drop_index(batch_op.f("ix_tenant_business_number"))

    op.drop_table("tenant")
    with op.batch_alter_table("recovery_code", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_recovery_code_person_id"))

    op.drop_table("recovery_code")
    with op.batch_alter_table("login_record", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_login_record_person_id"))
        batch_op.drop_index(batch_op.f("ix_login_record_at"))

    op.drop_table("login_record")
    with op.batch_alter_table("device_key", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_device_key_person_id"))

    op.drop_table("device_key")
    with op.batch_alter_table("device", schema=None) as batch_op:
        batch_op.drop_index("ix_device_person_id_ended_at")
        batch_op.drop_index(batch_op.f("ix_device_browser"))

    op.drop_table("device")
    op.drop_table("audit_personal")
    with op.batch_alter_table("application_message", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_application_message_application_id"))

    op.drop_table("application_message")
    with op.batch_alter_table("work_item", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_work_item_tenant_id"))
        batch_op.drop_index("ix_work_item_state_due_at")
        batch_op.drop_index(batch_op.f("ix_work_item_assignee_id"))

    op.drop_table("work_item")
    op.drop_table("visit_salt")
    with op.batch_alter_table("visit", schema=None) as batch_op:
        batch_op.drop_index("ix_visit_key_at")
        batch_op.drop_index(batch_op.f("ix_visit_day"))

    op.drop_table("visit")
    op.drop_table("turn")
    with op.batch_alter_table("session", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_session_expires_at"))

    op.drop_table("session")
    op.drop_table("receipt")
    with op.batch_alter_table("person", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_person_state"))

    op.drop_table("person")
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_outbox_sent_at"))

    op.drop_table("outbox")
    with op.batch_alter_table("mail", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_mail_state"))
        batch_op.drop_index(batch_op.f("ix_mail_recipient"))
        batch_op.drop_index(batch_op.f("ix_mail_next_try_at"))

    op.drop_table("mail")
    op.drop_table("installation")
    op.drop_table("clock_shift")
    with op.batch_alter_table("audit_entry", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_audit_entry_tenant_id"))
        batch_op.drop_index(batch_op.f("ix_audit_entry_subject"))
        batch_op.drop_index(batch_op.f("ix_audit_entry_action"))

    op.drop_table("audit_entry")
    with op.batch_alter_table("application", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_application_undecided_number",
            sqlite_where=sa.text("state IN ('submitted', 'reviewing', 'needs_info')"),
            postgresql_where=sa.text("state IN ('submitted', 'reviewing', 'needs_info')"),
        )
        batch_op.drop_index(batch_op.f("ix_application_tenant_id"))
        batch_op.drop_index("ix_application_state_submitted_at")
        batch_op.drop_index(batch_op.f("ix_application_reviewer_id"))
        batch_op.drop_index(batch_op.f("ix_application_journey_key"))
        batch_op.drop_index(batch_op.f("ix_application_email"))
        batch_op.drop_index(batch_op.f("ix_application_decided_at"))
        batch_op.drop_index(batch_op.f("ix_application_business_number"))

    op.drop_table("application")
