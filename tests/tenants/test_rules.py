"""Roles, standing and waits, without a database."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.tenants import rules
from portal.tenants.models import TENANT, Mode, Role, TenantState
from portal.tenants.rules import Right

roles = st.sampled_from(list(Role))


@given(roles, roles)
def test_only_owners_make_owners_or_touch_them(by: Role, target: Role) -> None:
    if by != Role.OWNER:
        assert Role.OWNER not in rules.assignable(by)
        assert not (target == Role.OWNER and rules.may_touch(by, target))


@given(st.lists(roles), roles, st.none() | roles)
def test_a_company_with_an_owner_never_loses_its_last_one(others: list[Role], before: Role, after: Role | None) -> None:
    everybody = [*others, before]
    afterwards = [*others, *([after] if after else [])]
    if Role.OWNER in everybody and not rules.leaves_no_owner(everybody, before, after):
        assert Role.OWNER in afterwards


@pytest.mark.parametrize("role", ["", "root", "OWNER", "owner "])
def test_an_unknown_role_may_nothing(role: str) -> None:
    assert not any(rules.may(role, right) for right in Right)
    assert rules.assignable(role) == ()


def test_every_state_has_a_look_and_either_lets_in_or_says_why_not() -> None:
    for state in TenantState:
        assert TENANT.look(state).word
        limits = rules.standing(state, Mode.OPEN)
        lets_in = state in {TenantState.TRIAL, TenantState.ACTIVE, TenantState.SUSPENDED, TenantState.ENDED}
        assert bool(limits.closed) != lets_in


def test_a_suspended_company_may_look_only_and_reads_why() -> None:
    limits = rules.standing(TenantState.SUSPENDED, Mode.OPEN, "요금이 밀렸습니다.")
    assert not limits.closed
    assert limits.read_only.endswith("요금이 밀렸습니다.")


def test_a_company_whose_agreement_ended_may_look_and_come_back_until_its_data_is_locked_away() -> None:
    assert "요금제를 고르면" in rules.standing(TenantState.ENDED, Mode.OPEN).read_only
    assert "요금제를 고르시면" in rules.standing(TenantState.RETAINED, Mode.OPEN).closed


def test_a_closed_mode_outweighs_a_suspension() -> None:
    assert rules.standing(TenantState.SUSPENDED, Mode.CLOSED).closed


@given(st.integers(min_value=1, max_value=10_000))
def test_waits_grow_and_stay_within_a_minute(attempts: int) -> None:
    wait = rules.wait_after(attempts)
    assert timedelta(0) < wait <= rules.wait_after(attempts + 1) <= rules.LONGEST_WAIT


def test_pages_say_so_to_those_who_may_choose_a_plan_while_the_end_is_near() -> None:

    end = date(2026, 10, 31)
    assert rules.told_of_end("owner", end, end - timedelta(days=8)) is None
    assert rules.told_of_end("owner", end, end - timedelta(days=7)) == end
    assert rules.told_of_end("editor", end, end) is None
    assert rules.told_of_end("owner", None, end) is None
