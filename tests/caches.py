"""One folder of caches for a run of the tests and all of its workers: what one of them has made, the others find.

In it are the machine code of the DWG reader, which costs seconds to make, and the list of fonts that ezdxf writes when it is
imported: it is empty, and nothing is written into the home folder of whoever runs the tests.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from portal.rendering.child import EMPTY_FONTS

MADE = ""
"""The folder, where this process has made it: the workers are started by it and take the name from the environment."""

if "XDG_CACHE_HOME" not in os.environ:
    MADE = os.environ["XDG_CACHE_HOME"] = tempfile.mkdtemp(prefix="planroom-tests-")
    fonts = Path(MADE) / "ezdxf" / "font_manager_cache.json"
    fonts.parent.mkdir()
    fonts.write_text(EMPTY_FONTS, encoding="ascii")


def pytest_unconfigure() -> None:
    """Leave nothing behind."""
    if MADE:
        shutil.rmtree(MADE, ignore_errors=True)
