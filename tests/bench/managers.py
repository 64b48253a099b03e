"""Process managers for the embedded start: `make bench WHAT=managers`.

Six idle children under each. Measured: until all six run, memory of the manager, until a killed child is back, what is
left 3 s after Ctrl-C, and what is left 3 s after kill -9 of the manager, as it is and with the children tethered.
docs/decisions/002-process-manager.md tells the figures of one machine.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import psutil

from tests.bench.candidates import candidates

PINS = ("supervisor==4.3.0", "circus==0.19.0", "honcho==2.0.0")
CHILDREN = 6
CHILD = "import time\ntime.sleep(600)\n"


def until(condition: Callable[[], bool], seconds: float = 15) -> float | None:
    """Seconds until `condition()`; None when that takes longer than `seconds`."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > seconds:
            return None
        time.sleep(0.01)
    return time.monotonic() - began


def children(mark: str) -> list[psutil.Process]:
    """The living processes whose command line ends with `mark`."""
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        line = process.info["cmdline"] or []
        if line[-1:] == [mark] and "setpriv" not in line[0] and process.info["status"] != psutil.STATUS_ZOMBIE:
            found.append(process)
    return found


def configure(manager: str, folder: Path, tether: list[str]) -> list[str]:
    """Write the manager's configuration for six children; returns its command line without the program's folder."""
    child = " ".join([*tether, sys.executable, str(folder / "child.py"), str(folder)])
    (folder / "child.py").write_text(CHILD)
    if manager == "honcho":
        (folder / "Procfile").write_text("".join(f"child{n}: exec {child}\n" for n in range(CHILDREN)))
        return ["honcho", "-f", str(folder / "Procfile"), "start"]
    if manager == "circusd":
        watchers = "".join(f"[watcher:child{n}]\ncmd = {child}\n" for n in range(CHILDREN))
        ends = "".join(f"{name} = ipc://{folder}/{name}\n" for name in ("endpoint", "pubsub_endpoint"))
        (folder / "circus.ini").write_text(f"[circus]\n{ends}{watchers}")
        return ["circusd", str(folder / "circus.ini")]
    programs = "".join(f"[program:child{n}]\ncommand = {child}\n" for n in range(CHILDREN))
    head = f"[supervisord]\nnodaemon = true\nlogfile = {folder}/log\npidfile = {folder}/pid\nchildlogdir = {folder}\n"
    (folder / "supervisor.conf").write_text(f"{head}{programs}")
    return ["supervisord", "-c", str(folder / "supervisor.conf")]


def run(programs: Path, manager: str, end: signal.Signals, *, tethered: bool) -> dict[str, float | None]:
    """One start, one killed child, one end; figures by name."""
    with tempfile.TemporaryDirectory(prefix="pm-") as name:
        folder = Path(name)
        setpriv = shutil.which("setpriv") or "setpriv"
        tether = [setpriv, "--pdeathsig", "TERM", "--"] if tethered else []
        command = configure(manager, folder, tether)
        began = time.monotonic()
        process = subprocess.Popen(
            [programs / command[0], *command[1:]], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder,
            start_new_session=True,
        )  # fmt: skip
        until(lambda: len(children(name)) == CHILDREN)
        figures: dict[str, float | None] = {"start s": time.monotonic() - began}
        time.sleep(1.5)  # supervisor counts a child that lives for a second as started
        figures["memory MB"] = psutil.Process(process.pid).memory_info().rss / 1e6
        if end is signal.SIGINT:
            victim = children(name)[0]
            victim.kill()
            back = until(
                lambda: len(children(name)) == CHILDREN and victim.pid not in {c.pid for c in children(name)}, 5
            )
            figures["killed child back after s"] = back
            os.killpg(process.pid, signal.SIGINT)
        else:
            process.kill()
        until(lambda: not children(name), 3)
        label = "Ctrl-C" if end is signal.SIGINT else "kill -9"
        figures[f"left after {label}{' tethered' if tethered else ''}"] = len(children(name))
        for left in children(name):
            left.kill()
        process.kill()
        process.wait()
        return figures


def main() -> None:
    programs = candidates("managers", *PINS)
    rows = []
    for manager in ("supervisord", "circusd", "honcho"):
        runs: dict[str, list[float | None]] = {}
        for end, tethered in ((signal.SIGINT, False), (signal.SIGKILL, False), (signal.SIGKILL, True)):
            for _ in range(3):
                for name, value in run(programs, manager, end, tethered=tethered).items():
                    runs.setdefault(name, []).append(value)
        for name, values in runs.items():
            known = [value for value in values if value is not None]
            rows.append(
                {
                    "name": f"{manager}: {name}",
                    "unit": name.rsplit(" ", 1)[-1],
                    "median": round(median(known), 3) if known else None,
                    "runs": [None if value is None else round(value, 3) for value in values],
                }
            )
    print(json.dumps({"rows": rows, "ratios": []}, indent=1))


if __name__ == "__main__":
    main()
