"""The limited child process: takes its order, limits itself for good, then renders one file.

Forked by zygote.py, or run as a script by births.py with the order on standard input. Only after the limits stand is
anything of the file read.
"""

from __future__ import annotations

import errno
import gc
import json
import os
import sys
import tempfile
import traceback
import types
from pathlib import Path
from typing import Any

RECURSION = 2000
EMPTY_FONTS = '{"version": 2, "font-faces": []}'
TOO_LARGE, NOT_WRITTEN, NO_MEMORY, UNUSABLE_CODE = 73, 74, 75, 76
"""Exit codes for what cell.py tells apart; any other than 0 is a fault of ours."""


def main() -> int:
    """Do what is ordered on standard input; 0 when the manifest is written, whatever it says."""
    _stand_alone()
    if sys.argv[1:] == ["serve"]:
        from portal.rendering.zygote import serve  # noqa: PLC0415 - only after _stand_alone can it be imported

        return serve()
    order: dict[str, Any] = json.load(sys.stdin)
    if "compile" in order:
        from portal.rendering.dwg import compile_to  # noqa: PLC0415 - as above

        compile_to(Path(order["compile"]))
        return 0
    furnish(Path(order["home"]))
    return perform(order)


def perform(order: dict[str, Any]) -> int:
    """Render the ordered file in this process, which is bound for good by it."""
    from portal.rendering import confinement, dwg_module, paper, result  # noqa: PLC0415 - as above

    limits = result.Limits(**order["limits"])
    tempfile.tempdir = order["home"]
    os.environ.update(TMPDIR=order["home"], HOME=order["home"])
    confinement.confine(limits, order["readable"], (order["home"], order["out"]), webassembly=order["webassembly"])
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
            paper.Plot.of(order["plot"]) if order["plot"] else None,
            order["references"],
            index=order["index"],
        )
        answer.write(out)
    except MemoryError:
        return NO_MEMORY
    except dwg_module.Unusable:
        traceback.print_exc()
        return UNUSABLE_CODE
    except OSError as error:
        traceback.print_exc()
        return TOO_LARGE if error.errno == errno.EFBIG else NOT_WRITTEN
    return 0


def furnish(home: Path) -> None:
    """Make `home` the home of this process, before ezdxf is imported.

    Its font list is empty: letters are left to the browser, so scanning the machine's fonts would cost a second, write
    a cache into someone's home, and make the same file look different on two machines.
    """
    cache = home / "cache" / "ezdxf"
    cache.mkdir(parents=True)
    (cache / "font_manager_cache.json").write_text(EMPTY_FONTS, encoding="ascii")
    os.environ.update(HOME=str(home), XDG_CACHE_HOME=f"{home}/cache", XDG_CONFIG_HOME=f"{home}/config")


def _stand_alone() -> None:
    """Make `portal.rendering` importable without running portal/__init__.py, which wires the whole web application."""
    package = types.ModuleType("portal")
    package.__path__ = [str(Path(__file__).resolve().parents[1])]
    sys.modules["portal"] = package


if __name__ == "__main__":
    sys.exit(main())
