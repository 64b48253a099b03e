"""What every test may ask for: the engines (tests/engines.py), and to be skipped where the machine lacks something."""

from __future__ import annotations

pytest_plugins = ("tests.capabilities", "tests.engines")
