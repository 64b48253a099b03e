"""What somebody changes about themselves: password, second factor, name."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import delete, func, select, update

from portal.accounts import limits, passwords, second_factor
from portal.accounts.models import Person, PersonState, RecoveryCode
from portal.accounts.rules import password_problem
from portal.accounts.service import Place, Proof, person, record_wrong_code, sign_out_everywhere
from portal.accounts.tickets import take_password
from portal.core import audit, mail
from portal.core.clock import now
from portal.core.db import db, write
from portal.core.errors import Refusal

WRONG_PASSWORD = "지금 비밀번호가 맞지 않습니다."  # noqa: S105 - a sentence
WRONG_CODE = "인증번호가 맞지 않습니다."


def rename(person_id: int, name: str, phone: str) -> None:
    """Change how somebody is called and reached by phone."""
    with write() as session:
        found = session.get_one(Person, person_id, with_for_update=True)
        if (found.name, found.phone) == (name, phone):
            return
        personal = {"before": [found.name, found.phone], "after": [name, phone]}
        found.name, found.phone = name, phone
        audit.record(
            session, "person.rename", actor=f"person:{person_id}", subject=f"person:{person_id}", personal=personal
        )


def confirm_password(person_id: int, password: str) -> None:
    """Ask for the password once more before something weighty. Raises Refusal, and TooMany after five wrong ones."""
    limits.take(limits.CONFIRM, str(person_id))
    hashed = person(person_id).password_hash
    db.session.rollback()
    if not passwords.fits(password, hashed):
        raise Refusal(WRONG_PASSWORD, "다시 적어 주십시오.")
    limits.clear(limits.CONFIRM, str(person_id))


def change_password(person_id: int, device_id: int, current: str, new: str) -> None:
    """A new password, knowing the old one. Other devices and open links end; the page renews this session's id."""
    confirm_password(person_id, current)
    found = person(person_id)
    version = found.password_version
    problem = password_problem(new, about=(found.email, found.name))
    if problem:
        raise Refusal(problem)
    hashed = passwords.hash_of(new)
    with write() as session:
        found = session.get_one(Person, person_id, with_for_update=True)
        if found.password_version != version or found.state != PersonState.ACTIVE:
            raise Refusal("그사이 비밀번호가 바뀌었습니다.", "다시 로그인해 주십시오.")
        take_password(session, found, hashed, keep_device=device_id)
        mail.post(session, found.email, "password_changed", person=found, at=now())


def check_code(proof: Proof, typed: str, place: Place) -> Proof | None:
    """Whether a second factor is right: six digits not used before, or a recovery code, used up by this.

    Raises TooMany after five wrong ones.
    """
    who = str(proof.person_id)
    limits.take(limits.CODE, who, place.network)
    if _use_code(proof.person_id, typed) or _use_recovery_code(proof.person_id, typed):
        limits.clear(limits.CODE, who, place.network)
        return replace(proof)
    record_wrong_code(proof.person_id, place)
    return None


def _use_code(person_id: int, typed: str) -> bool:
    with write() as session:
        found = session.get_one(Person, person_id, with_for_update=True)
        if found.totp_secret is None:
            return False
        step = second_factor.matching_step(second_factor.opened(found.totp_secret), typed, now(), found.totp_step)
        if step is None:
            return False
        used = update(Person).where(Person.id == person_id, Person.totp_step < step).values(totp_step=step)
        return getattr(session.execute(used), "rowcount", 0) == 1


def _use_recovery_code(person_id: int, typed: str) -> bool:
    digest = second_factor.recovery_digest(typed)
    if digest is None:
        return False
    with write() as session:
        where = (RecoveryCode.person_id == person_id, RecoveryCode.digest == digest, RecoveryCode.used_at.is_(None))
        used = getattr(session.execute(update(RecoveryCode).where(*where).values(used_at=now())), "rowcount", 0) == 1
        if used:
            found = session.get_one(Person, person_id)
            audit.record(session, "person.recovery_code", actor=f"person:{person_id}", subject=f"person:{person_id}")
            left = _codes_left(person_id)
            mail.post(session, found.email, "recovery_code_used", person=found, at=now(), left=left)
        return used


def turn_on(proof: Proof, secret: str, typed: str, *, keep_device: int = 0) -> list[str]:
    """Make `secret` the person's second factor once a phone has shown a code of it. Returns the recovery codes.

    Other devices end: they were signed in with less. Raises Refusal for a wrong code, TooMany after five.
    """
    limits.take(limits.CODE, str(proof.person_id), "set up")
    codes = second_factor.new_recovery_codes()
    with write() as session:
        found = session.get_one(Person, proof.person_id, with_for_update=True)
        if found.state != PersonState.ACTIVE or found.password_version != proof.password_version:
            raise Refusal("로그인을 끝내지 못했습니다.", "처음부터 다시 로그인해 주십시오.")
        if found.second_factor:
            raise Refusal("2단계 인증을 이미 쓰고 계십니다.", "끄신 뒤 다시 등록하실 수 있습니다.")
        step = second_factor.matching_step(secret, typed, now(), 0)
        if step is None:
            raise Refusal(
                WRONG_CODE, "앱에 지금 보이는 여섯 자리를 적어 주십시오. 휴대전화 시각이 자동인지도 확인해 주십시오."
            )
        found.totp_secret, found.totp_step = second_factor.sealed(secret), step
        found.stamp += 1
        _replace_codes(found, codes)
        audit.record(session, "person.second_factor_on", actor=f"person:{found.id}", subject=f"person:{found.id}")
        sign_out_everywhere(session, found.id, keep_device, by=f"person:{found.id}")
    limits.clear(limits.CODE, str(proof.person_id), "set up")
    return codes


def turn_off(person_id: int, device_id: int, password: str) -> None:
    """Do without the second factor. Staff may not."""
    confirm_password(person_id, password)
    with write() as session:
        found = session.get_one(Person, person_id, with_for_update=True)
        if found.staff:
            raise Refusal(
                "직원은 2단계 인증을 끌 수 없습니다.", "휴대전화를 바꾸셨다면 관리 직원에게 초기화를 요청해 주십시오."
            )
        _forget_second_factor(found, by=f"person:{person_id}")
        sign_out_everywhere(session, person_id, device_id, by=f"person:{person_id}")
        mail.post(session, found.email, "second_factor_off", person=found, at=now())


def reset_second_factor(person_id: int, by: str) -> None:
    """Somebody lost phone and codes: an admin lets them set it up anew. Their sessions end and they are told."""
    with write() as session:
        found = session.get_one(Person, person_id, with_for_update=True)
        if not found.second_factor:
            raise Refusal("2단계 인증을 쓰지 않는 계정입니다.", "다음 로그인 때 등록할 수 있습니다.")
        _forget_second_factor(found, by=by)
        sign_out_everywhere(session, person_id, by=by)
        mail.post(session, found.email, "second_factor_off", person=found, at=now())


def renew_recovery_codes(person_id: int, password: str) -> list[str]:
    """Ten new recovery codes; the old ones are dead."""
    confirm_password(person_id, password)
    codes = second_factor.new_recovery_codes()
    with write() as session:
        found = session.get_one(Person, person_id, with_for_update=True)
        if not found.second_factor:
            raise Refusal("2단계 인증을 먼저 켜 주십시오.", "켜시면 복구 번호도 함께 만들어 드립니다.")
        _replace_codes(found, codes)
        audit.record(session, "person.recovery_codes", actor=f"person:{person_id}", subject=f"person:{person_id}")
    return codes


def recovery_codes_left(person_id: int) -> int:
    """How many recovery codes a person still has."""
    return _codes_left(person_id)


def _codes_left(person_id: int) -> int:
    unused = (RecoveryCode.person_id == person_id, RecoveryCode.used_at.is_(None))
    return db.session.scalar(select(func.count()).select_from(RecoveryCode).where(*unused)) or 0


def _replace_codes(found: Person, codes: list[str]) -> None:
    with write() as session:
        session.execute(delete(RecoveryCode).where(RecoveryCode.person_id == found.id))
        digests = [second_factor.recovery_digest(code) for code in codes]
        session.add_all(RecoveryCode(person_id=found.id, digest=digest) for digest in digests)


def _forget_second_factor(found: Person, by: str) -> None:
    with write() as session:
        found.totp_secret = None
        found.stamp += 1
        session.execute(delete(RecoveryCode).where(RecoveryCode.person_id == found.id))
        audit.record(session, "person.second_factor_off", actor=by, subject=f"person:{found.id}")
