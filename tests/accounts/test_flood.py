"""A flood of wrong passwords from everywhere: strangers stand in a short line, people with browsers of their own do not."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace

import pytest
from flask import Flask

from portal.accounts import passwords, service
from tests.accounts.conftest import WORD
from tests.accounts.test_service import ELSEWHERE, HERE, _right, at_work

__all__ = ["at_work"]


@pytest.fixture
def full_line() -> Iterator[None]:
    """Strangers stand at the door, as many as may."""
    line = passwords._line
    held = line._inside
    line._inside = passwords.LONGEST_LINE
    yield
    line._inside = held


def _hashes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every password that is hashed from now on."""
    hashed: list[str] = []
    hasher = passwords.HASHER

    def verify(stored: str, typed: str) -> bool:
        hashed.append(typed)
        return hasher.verify(stored, typed)

    monkeypatch.setattr(passwords, "HASHER", SimpleNamespace(verify=verify, check_needs_rehash=lambda _hash: False))
    return hashed


@pytest.mark.parametrize("marked", [True, False])
def test_a_stranger_who_finds_the_line_full_is_told_before_any_hashing(
    at_work: Flask, alice: int, full_line: None, monkeypatch: pytest.MonkeyPatch, marked: bool
) -> None:
    hashed = _hashes(monkeypatch)
    for _ in range(30):  # more than an address, and an account, are left
        with pytest.raises(passwords.Crowded) as held:
            service.check_password("alice@a.example", WORD, replace(ELSEWHERE, marked=marked))
        assert held.value.retry_after > 0
    assert hashed == []


def test_the_owner_passes_the_line_with_a_browser_of_hers(at_work: Flask, alice: int) -> None:
    service.sign_in(_right(), HERE)
    held = passwords._line._inside
    passwords._line._inside = passwords.LONGEST_LINE
    try:
        _right()
    finally:
        passwords._line._inside = held


def test_being_sent_away_by_the_line_counts_as_no_attempt(
    at_work: Flask, alice: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_words: object, **_more: object) -> bool:
        raise passwords.Crowded

    with monkeypatch.context() as crowd:
        crowd.setattr(passwords, "fits", full)
        for _ in range(25):
            with pytest.raises(passwords.Crowded):
                service.check_password("alice@a.example", WORD, HERE)
    _right()


def test_strangers_are_hashed_one_at_a_time_and_the_line_empties(at_work: Flask) -> None:
    stored, together, most = passwords.hash_of(WORD), [0], [0]

    class Slow:
        def verify(self, _stored: str, _typed: str) -> bool:
            together[0] += 1
            most[0] = max(most[0], together[0])
            done.wait(0.02)
            together[0] -= 1
            return True

    done = threading.Event()
    real, passwords.HASHER = passwords.HASHER, Slow()  # type: ignore[assignment]
    try:
        crowd = [
            threading.Thread(target=passwords.fits, args=(WORD, stored), kwargs={"stranger": True}) for _ in range(4)
        ]
        for one in crowd:
            one.start()
        for one in crowd:
            one.join()
    finally:
        passwords.HASHER = real
    assert most == [1]
    assert passwords.fits(WORD, stored, stranger=True)
