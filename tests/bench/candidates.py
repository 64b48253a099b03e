"""A virtual environment with what a decision chose between, so that the losers stay out of requirements-dev.txt."""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path


def candidates(name: str, *pins: str) -> Path:
    """The `bin` of build/bench-`name` with `pins` installed; made at the first call."""
    folder = Path(__file__).resolve().parents[2] / "build" / f"bench-{name}"
    stamp = folder / "pins"
    wanted = "\n".join(pins)
    if not stamp.exists() or stamp.read_text() != wanted:
        venv.create(folder, with_pip=True, clear=True)
        print(f"installing {', '.join(pins)} into {folder}", file=sys.stderr)
        subprocess.run([folder / "bin" / "python", "-m", "pip", "install", "-q", *pins], check=True)
        stamp.write_text(wanted)
    return folder / "bin"
