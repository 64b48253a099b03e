"""Keeps what ezdxf writes when it is imported away from the home folder of whoever runs the tests."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from portal.rendering.child import EMPTY_FONTS

if "XDG_CACHE_HOME" not in os.environ:
    os.environ["XDG_CACHE_HOME"] = tempfile.mkdtemp(prefix="rendering-tests-")
    fonts = Path(os.environ["XDG_CACHE_HOME"]) / "ezdxf" / "font_manager_cache.json"
    fonts.parent.mkdir(parents=True)
    fonts.write_text(EMPTY_FONTS, encoding="ascii")
