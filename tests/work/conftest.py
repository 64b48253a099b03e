"""Tests of work work in an office of their own (tests/desk/office.py)."""

from tests.desk.office import office

__all__ = ["office"]
