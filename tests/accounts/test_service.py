"""Verbs of people against a real database and a real Redis."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from redis import Redis
from sqlalchemy import select

from portal import create_app
from portal.accounts import limits, own, passwords, second_factor, service, tickets
from portal.accounts.models import Device, LoginRecord, Outcome, Person, Ticket, TicketKind
from portal.accounts.service import Place, Proof
from portal.core import audit, clock, ids, redis
from portal.core.db import db, dispose, write
from portal.core.errors import Refusal
from portal.core.mail import Mail
from tests.accounts.conftest import NEW_WORD, SECRET, WORD, add_person, environment

HERE = Place(unit="203.0.113.7", network="203.0.113.0/24", label="Windows · Chrome", browser="b" * 64)
ELSEWHERE = Place(unit="198.51.100.9", network="198.51.100.0/24", label="macOS · Safari", browser="c" * 64)


@pytest.fixture
def at_work(app: Flask) -> Iterator[Flask]:
    with app.app_context():
        yield app


def _mails(template: str) -> list[Mail]:
    return list(db.session.scalars(select(Mail).where(Mail.template == template)))


def _proof(person_id: int) -> Proof:
    found = service.person(person_id)
    return Proof(found.id, found.password_version)


def _right(name: str = "alice", place: Place = HERE) -> Proof:
    proof = service.check_password(f"{name}@a.example", WORD, place)
    assert proof is not None
    return proof


def test_an_address_is_one_person_however_it_is_written(at_work: Flask, alice: int) -> None:
    with write() as session:
        assert service.ensure_person(session, email="  ALICE@A.example ", name="다른 이름").id == alice
    assert service.person_by_email("Alice@a.EXAMPLE").id == alice  # type: ignore[union-attr]


def test_the_sixth_wrong_password_is_held_off_before_hashing(at_work: Flask, alice: int) -> None:
    for _ in range(5):
        assert service.check_password("alice@a.example", "wrong", HERE) is None
    with pytest.raises(limits.TooMany) as held:
        service.check_password("alice@a.example", WORD, HERE)
    assert 0 < held.value.retry_after <= 900


def test_the_owner_still_gets_in_from_elsewhere_while_somebody_guesses(at_work: Flask, alice: int) -> None:
    for _ in range(5):
        service.check_password("alice@a.example", "wrong", HERE)
    _right(place=ELSEWHERE)


def test_the_owner_still_gets_in_from_a_known_browser_of_the_same_network(at_work: Flask, alice: int) -> None:
    service.sign_in(_right(), HERE)
    guesser = Place(HERE.unit, HERE.network, HERE.label, browser="d" * 64)
    for _ in range(5):
        service.check_password("alice@a.example", "wrong", guesser)
    with pytest.raises(limits.TooMany):
        service.check_password("alice@a.example", WORD, guesser)
    _right()


def test_one_address_cannot_try_account_after_account(at_work: Flask) -> None:
    for number in range(20):
        service.check_password(f"nobody{number}@a.example", "wrong", HERE)
    with pytest.raises(limits.TooMany):
        service.check_password("nobody20@a.example", "wrong", HERE)


def test_right_passwords_use_up_no_attempts(at_work: Flask, alice: int) -> None:
    for _ in range(25):
        _right()


def test_limits_hold_without_redis(at_work: Flask, alice: int) -> None:
    gone = replace(at_work.extensions["planroom.settings"], redis_url="redis://127.0.0.1:1/0")
    at_work.extensions["planroom.redis"] = redis.connect(gone)
    somewhere = Place("192.0.2.1", "192.0.2.0/24", "", "e" * 64)
    for _ in range(5):
        assert service.check_password("bob@a.example", "wrong", somewhere) is None
    with pytest.raises(limits.TooMany):
        service.check_password("bob@a.example", "wrong", somewhere)


def test_redis_holds_neither_addresses_nor_accounts_for_the_limits(at_work: Flask, alice: int, redis_url: str) -> None:
    service.check_password("alice@a.example", "wrong", HERE)
    with Redis.from_url(redis_url) as client:
        keys = b" ".join(client.keys("planroom:limit:*"))
    assert keys
    assert b"alice" not in keys
    assert b"203.0" not in keys


def test_a_password_that_changed_since_the_proof_opens_no_device(at_work: Flask, alice: int) -> None:
    proof = _right()
    device = service.sign_in(proof, HERE)
    own.change_password(alice, device.id, WORD, NEW_WORD)
    with pytest.raises(Refusal):
        service.sign_in(proof, HERE)


def test_a_new_password_ends_other_devices_and_open_links(at_work: Flask, alice: int) -> None:
    here, there = service.sign_in(_right(), HERE), service.sign_in(_right(), ELSEWHERE)
    tickets.ask_reset("alice@a.example", "1.2.3.4")
    ticket = db.session.scalars(select(Ticket)).one()
    tickets.send_reset(ticket.id)
    token = _mails("reset")[0].body.split("/password/reset/")[1].split()[0]
    own.change_password(alice, here.id, WORD, NEW_WORD)
    assert [device.id for device in service.devices(alice)] == [here.id]
    assert db.session.get(Device, there.id).ended_at is not None  # type: ignore[union-attr]
    with pytest.raises(tickets.DeadTicket):
        tickets.ticket_for(token, TicketKind.RESET)


def test_a_reset_is_for_one_use_within_an_hour(at_work: Flask, alice: int) -> None:
    tickets.ask_reset("alice@a.example", "1.2.3.4")
    ticket_id = db.session.scalars(select(Ticket.id)).one()
    tickets.send_reset(ticket_id)
    tickets.send_reset(ticket_id)
    (mail,) = _mails("reset")
    token = mail.body.split("/password/reset/")[1].split()[0]
    with pytest.raises(Refusal, match="쉽게"):
        tickets.set_password(token, TicketKind.RESET, "password1")
    tickets.set_password(token, TicketKind.RESET, NEW_WORD)
    with pytest.raises(tickets.DeadTicket):
        tickets.set_password(token, TicketKind.RESET, NEW_WORD + " 둘")
    assert service.check_password("alice@a.example", NEW_WORD, HERE) is not None


def test_a_reset_older_than_an_hour_is_dead(at_work: Flask, alice: int) -> None:
    tickets.ask_reset("alice@a.example", "1.2.3.4")
    tickets.send_reset(db.session.scalars(select(Ticket.id)).one())
    token = _mails("reset")[0].body.split("/password/reset/")[1].split()[0]
    clock.set_to(clock.now() + timedelta(minutes=61))
    with pytest.raises(tickets.DeadTicket):
        tickets.ticket_for(token, TicketKind.RESET)


def test_a_reset_for_nobody_leaves_no_mail_and_no_row(at_work: Flask, alice: int) -> None:
    tickets.ask_reset("nobody@a.example", "1.2.3.4")
    tickets.send_reset(db.session.scalars(select(Ticket.id)).one())
    assert not _mails("reset")
    assert db.session.scalar(select(Ticket)) is None


def test_an_invitation_lives_seven_days_and_the_newest_counts(at_work: Flask) -> None:
    with write() as session:
        bob = service.ensure_person(session, email="bob@a.example", name="봅")
        first = service.invitation(session, bob)
        second = service.invitation(session, bob)
    with pytest.raises(tickets.DeadTicket):
        tickets.ticket_for(first, TicketKind.INVITATION)
    clock.set_to(clock.now() + timedelta(days=6, hours=23))
    assert tickets.ticket_for(second, TicketKind.INVITATION).person.email == "bob@a.example"  # type: ignore[union-attr]
    clock.set_to(clock.now() + timedelta(hours=2))
    with pytest.raises(tickets.DeadTicket):
        tickets.ticket_for(second, TicketKind.INVITATION)


def test_a_token_lies_in_the_database_only_as_digest(at_work: Flask, tmp_path: Path) -> None:
    with write() as session:
        bob = service.ensure_person(session, email="bob@a.example", name="봅")
        token = service.invitation(session, bob)
    with sqlite3.connect(tmp_path / "platform.db") as raw:
        dump = "\n".join(raw.iterdump())
    assert ids.digest(token) in dump
    assert token not in dump


def test_one_link_used_by_two_at_once_sets_one_password(at_work: Flask) -> None:
    with write() as session:
        bob = service.ensure_person(session, email="bob@a.example", name="봅")
        token = service.invitation(session, bob)
    outcomes: list[str] = []

    def use(word: str) -> None:
        with at_work.app_context():
            try:
                tickets.set_password(token, TicketKind.INVITATION, word)
                outcomes.append("set")
            except Refusal:
                outcomes.append("dead")

    threads = [threading.Thread(target=use, args=(f"{NEW_WORD} {number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["dead", "dead", "dead", "set"]


def test_a_code_is_taken_once_even_by_two_at_once(at_work: Flask, rita: int) -> None:
    code = second_factor.code_at(SECRET, clock.now())
    proof, outcomes = _proof(rita), []

    def use() -> None:
        with at_work.app_context():
            outcomes.append(own.check_code(proof, code, HERE) is not None)

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == [False, False, False, True]


def test_a_recovery_code_stands_in_once_and_its_use_is_told(at_work: Flask, alice: int) -> None:
    secret = second_factor.new_secret()
    codes = own.turn_on(_proof(alice), secret, second_factor.code_at(secret, clock.now()))
    assert len(set(codes)) == 10
    assert own.check_code(_proof(alice), codes[3].lower().replace("-", " "), HERE) is not None
    assert own.check_code(_proof(alice), codes[3], HERE) is None
    assert own.recovery_codes_left(alice) == 9
    assert len(_mails("recovery_code_used")) == 1


def test_wrong_codes_are_held_off_after_five(at_work: Flask, rita: int) -> None:
    for _ in range(5):
        assert own.check_code(_proof(rita), "000000", HERE) is None
    with pytest.raises(limits.TooMany):
        own.check_code(_proof(rita), "000000", HERE)


def test_secrets_lie_sealed_in_the_database(at_work: Flask, rita: int) -> None:
    kept = service.person(rita).totp_secret
    assert kept is not None
    assert SECRET not in kept
    assert second_factor.opened(kept) == SECRET


def test_staff_cannot_do_without_a_second_factor(at_work: Flask, rita: int) -> None:
    with pytest.raises(Refusal, match="직원"):
        own.turn_off(rita, 0, WORD)


def test_becoming_staff_without_a_second_factor_ends_every_session(at_work: Flask, alice: int) -> None:
    service.sign_in(_right(), HERE)
    with write() as session:
        service.set_staff_roles(session, alice, {"support"}, by="test")
    assert service.devices(alice) == []


def test_the_last_admin_stays_admin(at_work: Flask) -> None:
    admin = add_person(at_work, "ada", roles=("admin",), secret=SECRET)
    with pytest.raises(Refusal, match="한 사람도"), write() as session:
        service.set_staff_roles(session, admin, {"billing"}, by="test")


def test_make_staff_gives_roles_password_and_secret(at_work: Flask) -> None:
    with write() as session:
        made = service.make_staff(
            session, email="bill@a.example", name="빌", roles=["billing"], password=WORD, totp_secret=SECRET
        )
    assert made.staff_roles == ["billing"]
    assert service.check_password("bill@a.example", WORD, HERE) is not None
    assert own.check_code(_proof(made.id), second_factor.code_at(SECRET, clock.now()), HERE) is not None


def test_a_disabled_person_is_out_and_cannot_come_in_until_enabled(at_work: Flask, alice: int) -> None:
    service.sign_in(_right(), HERE)
    with write() as session:
        service.disable(session, alice, by="person:9")
    assert service.devices(alice) == []
    assert service.check_password("alice@a.example", WORD, HERE) is None
    assert service.logins([alice], limit=1)[0].outcome == Outcome.DISABLED
    with write() as session:
        service.enable(session, alice, by="person:9")
    _right()


def test_a_sign_in_from_a_new_browser_is_told_but_not_the_first_nor_a_known_one(at_work: Flask, alice: int) -> None:
    service.sign_in(_right(), HERE)
    service.sign_in(_right(), HERE)
    assert _mails("sign_in_notice") == []
    service.sign_in(_right(), ELSEWHERE)
    (notice,) = _mails("sign_in_notice")
    assert "macOS · Safari" in notice.body
    assert ELSEWHERE.unit not in notice.body


def test_signing_in_again_on_one_browser_replaces_its_device(at_work: Flask, alice: int) -> None:
    service.sign_in(_right(), HERE)
    again = service.sign_in(_right(), HERE)
    assert [device.id for device in service.devices(alice)] == [again.id]


def test_no_full_address_is_kept_anywhere(at_work: Flask, alice: int, tmp_path: Path) -> None:
    service.check_password("alice@a.example", "wrong", HERE)
    service.sign_in(_right(), HERE)
    with sqlite3.connect(tmp_path / "platform.db") as raw:
        dump = "\n".join(raw.iterdump())
    assert "203.0.113.0/24" in dump
    assert "203.0.113.7" not in dump


def test_attempts_on_an_address_that_nobody_has_are_recorded_without_it(at_work: Flask, tmp_path: Path) -> None:
    service.check_password("ghost@a.example", "wrong", HERE)
    record = db.session.scalars(select(LoginRecord)).one()
    assert (record.person_id, record.outcome) == (None, Outcome.WRONG_PASSWORD)
    with sqlite3.connect(tmp_path / "platform.db") as raw:
        assert "ghost" not in "\n".join(raw.iterdump())


def test_a_new_address_counts_once_its_mail_was_answered(at_work: Flask, alice: int) -> None:
    tickets.ask_email(alice, "alice2@a.example")
    assert service.person(alice).email == "alice@a.example"
    token = _mails("email_confirm")[0].body.split("/me/email/")[1].split()[0]
    tickets.confirm_email(token)
    assert service.person(alice).email == "alice2@a.example"
    assert _mails("email_changed")[0].recipient == "alice@a.example"
    with pytest.raises(tickets.DeadTicket):
        tickets.confirm_email(token)


def test_asking_for_an_address_somebody_has_tells_only_its_owner(at_work: Flask, alice: int) -> None:
    add_person(at_work, "bob")
    tickets.ask_email(alice, "bob@a.example")
    assert _mails("email_confirm") == []
    assert _mails("email_taken")[0].recipient == "bob@a.example"


def test_what_changes_who_may_come_in_is_audited_and_the_chain_holds(at_work: Flask, alice: int) -> None:
    device = service.sign_in(_right(), HERE)
    own.change_password(alice, device.id, WORD, NEW_WORD)
    service.sign_out(device.id)
    with write() as session:
        service.disable(session, alice, by="person:9")
    actions = set(db.session.scalars(select(audit.AuditEntry.action)))
    assert {"person.sign_in", "person.password", "person.sign_out", "person.disable"} <= actions
    assert audit.verify(db.session()) is None


def test_a_hash_of_older_parameters_is_renewed_at_the_next_sign_in(at_work: Flask, alice: int) -> None:
    from argon2 import PasswordHasher  # noqa: PLC0415 - only here

    old = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(WORD)
    with write() as session:
        session.get_one(Person, alice).password_hash = old
    _right()
    renewed = service.person(alice).password_hash
    assert renewed is not None
    assert not passwords.outdated(renewed)


def test_devices_and_history_are_plain_values_for_other_features(at_work: Flask, alice: int) -> None:
    service.sign_in(_right(), HERE)
    assert json.dumps([str(row.outcome) for row in service.logins([alice])]) == '["signed_in"]'


def test_people_sign_in_and_are_found_on_postgresql_too(tmp_path: Path, postgres_url: str, redis_url: str) -> None:
    made = create_app(environment(tmp_path, redis_url) | {"DATABASE_URL": postgres_url})
    with made.app_context():
        db.create_all()
        try:
            alice, rita = add_person(made, "alice"), add_person(made, "rita", roles=("reviewer",), secret=SECRET)
            device = service.sign_in(_right(), HERE)
            service.sign_in(_right(), HERE)
            assert len(service.devices(alice)) == 1
            assert own.check_code(_proof(rita), second_factor.code_at(SECRET, clock.now()), HERE) is not None
            assert [found.id for found in service.people(only_staff=True).items] == [rita]
            assert [found.id for found in service.people("ALI").items] == [alice]
            tickets.ask_reset("alice@a.example", "1.2.3.4")
            tickets.send_reset(db.session.scalars(select(Ticket.id)).one())
            assert len(_mails("reset")) == 1
            assert device.ended_at is not None
        finally:
            db.session.remove()
            db.drop_all()
    dispose(made)
