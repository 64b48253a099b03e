"""Brings what the tests need of Debian (Chromium, a JDK, Groovy, strace), once, when run as root; else says what is missing.

`make test` calls it. ENGINES=no leaves the installation out. It never fails: what is still missing afterwards is listed
by the tests at their end, and is a failure there under STRICT=1.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.capabilities import CAPABILITIES, able


def main() -> None:
    packages = sorted(
        {
            package
            for name, one in CAPABILITIES.items()
            if one.debian and not able(name)
            for package in one.debian.split()
        }
    )
    if not packages or os.environ.get("ENGINES") == "no" or os.geteuid() != 0 or not shutil.which("apt-get"):
        return
    print(f"Installing by apt, once: {' '.join(packages)} (ENGINES=no leaves this out)", flush=True)
    environ = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update", "-q"], ["install", "-q", "-y", "--no-install-recommends", *packages]):
        done = subprocess.run(["apt-get", *command], env=environ, capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"apt-get {command[0]} failed; the tests go on without.\n{done.stderr[-2000:]}", flush=True)
            return


if __name__ == "__main__":
    main()
