"""The names for what ezdxf hands us untyped: its entities know their attributes only at run time."""

from typing import Any

Entity = Any
"""An ezdxf entity, layout, viewport, text style or path; what it has is said by the function that takes it."""
