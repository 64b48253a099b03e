"""The limited child process: takes its order on standard input, limits itself for good, then renders one file.

Run as a script by cell.py. Only after the limits stand is anything of the file read.
"""

from __future__ import annotations

import ctypes
import errno
import gc
import json
import resource
import sys
import traceback
import types
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from portal.rendering.result import Limits

NO_NEW_PRIVILEGES = 38
NOT_DUMPABLE = 4
RECURSION = 2000
TOO_LARGE, NOT_WRITTEN, NO_MEMORY = 73, 74, 75
"""Exit codes for what cell.py tells apart; any other than 0 is a fault of ours."""
IMPORT_MARGIN = 512 << 20
"""Address space is not memory: the interpreter and numpy reserve this much before they use any of it."""


def main() -> int:
    """Render the ordered file; 0 when the manifest is written, whatever it says."""
    order: dict[str, Any] = json.load(sys.stdin)
    _stand_alone()
    if "compile" in order:
        from portal.rendering.dwg import compile_to  # noqa: PLC0415 - only after _stand_alone can it be imported

        compile_to(Path(order["compile"]))
        return 0
    from portal.rendering import result  # noqa: PLC0415 - only after _stand_alone can it be imported

    limits = result.Limits(**order["limits"])
    _confine(limits, address_space=order["compiled"] is None)
    from portal.rendering.paper import Plot  # noqa: PLC0415
    from portal.rendering.work import rendered  # noqa: PLC0415 - the heavy imports are paid under the limits too

    sys.setrecursionlimit(RECURSION)
    # A drawing is read once and then the process ends: collecting cycles meanwhile costs a fifth of the time.
    gc.disable()
    out = Path(order["out"])
    try:
        answer = rendered(
            Path(order["source"]),
            out,
            order["version"],
            limits,
            order["encoding"],
            order["name"],
            Path(order["compiled"]) if order["compiled"] else None,
            Plot.of(order["plot"]) if order["plot"] else None,
        )
        answer.write(out)
    except MemoryError:
        return NO_MEMORY
    except OSError as error:
        traceback.print_exc()
        return TOO_LARGE if error.errno == errno.EFBIG else NOT_WRITTEN
    return 0


def _stand_alone() -> None:
    """Make `portal.rendering` importable without running portal/__init__.py, which wires the whole web application."""
    package = types.ModuleType("portal")
    package.__path__ = [str(Path(__file__).resolve().parents[1])]
    sys.modules["portal"] = package


def _confine(limits: Limits, *, address_space: bool) -> None:
    """Bind this process. WebAssembly reserves gigabytes of addresses that it never uses: there, only the watch counts."""
    libc = ctypes.CDLL(None, use_errno=True)
    for option, value in ((NO_NEW_PRIVILEGES, 1), (NOT_DUMPABLE, 0)):
        libc.prctl(option, value, 0, 0, 0)
    space = limits.memory + IMPORT_MARGIN
    for what, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_CPU, limits.cpu),
        (resource.RLIMIT_FSIZE, limits.output),
        (resource.RLIMIT_NOFILE, limits.descriptors),
        (resource.RLIMIT_AS, space if address_space else resource.RLIM_INFINITY),
    ):
        _, hard = resource.getrlimit(what)
        if most == resource.RLIM_INFINITY:
            continue
        least = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (least, least))


if __name__ == "__main__":
    sys.exit(main())
