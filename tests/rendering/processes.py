"""Which processes a process has started, those that these started among them."""

from __future__ import annotations

from pathlib import Path


def descendants(pid: int) -> set[int]:
    """Give the living processes below `pid`."""
    family = [pid]
    for member in family:
        for task in _entries(Path(f"/proc/{member}/task")):
            family += map(int, _text(task / "children").split())
    return {member for member in family[1:] if lives(member)}


def command(pid: int) -> str:
    """Give the words that a process was started with; nothing of one that is gone."""
    return _text(Path(f"/proc/{pid}/cmdline")).replace("\0", " ")


def lives(pid: int) -> bool:
    """Tell whether a process is there and has not ended; one that nobody has waited for has."""
    return _text(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()[:1] not in ([], ["Z"], ["X"])


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except OSError:
        return ""
