"""Hand a build's test reports to the portal: `python3 ci/report.py build/junit.xml ...`, after every run, green or red.

Standard library only, so that any agent can run it. The address and the key come from the environment (PORTAL_URL,
PORTAL_REPORT_KEY) and never from an argument; neither is printed. What Jenkins tells of the build is read from its
variables. Exit 0 when the portal took the reports, 1 when it did not, 2 when it was called wrongly.

    JOB_NAME BUILD_NUMBER BUILD_URL GIT_COMMIT BRANCH_NAME GIT_PREVIOUS_SUCCESSFUL_COMMIT   as Jenkins sets them
    BUILD_PLATFORM      the platform, if not this machine's
    BUILD_INCOMPLETE=1  the run was cut short: nothing may close by it
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path

TRIES = 4
FIRST_WAIT_SECONDS = 2.0
TIMEOUT_SECONDS = 60
MOST_AUTHORS = 20
#: Answers that another try may change; others are final.
PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})


def main(names: list[str]) -> int:
    url, key = os.environ.get("PORTAL_URL", ""), os.environ.get("PORTAL_REPORT_KEY", "")
    if not url or not key or not names:
        print(
            "needs PORTAL_URL and PORTAL_REPORT_KEY in the environment, and report files as arguments", file=sys.stderr
        )
        return 2
    paths = [Path(name) for name in names]
    found = [path for path in paths if path.is_file()]
    for path in paths:
        if path not in found:
            print(f"no report at {path}: the run is told as incomplete", file=sys.stderr)
    build = facts(complete=len(found) == len(paths))
    if not found:
        print("nothing to hand over", file=sys.stderr)
        return 1
    kind, body = multipart(build, found)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": kind, "Accept": "application/json"}
    request = urllib.request.Request(  # noqa: S310 - the address is the operator's own setting
        url.rstrip("/") + "/api/v1/test-reports", data=body, headers=headers
    )
    return send(request)


def facts(*, complete: bool) -> dict[str, object]:
    """What the build server says of this build."""
    env = os.environ
    number = env.get("BUILD_NUMBER", "0")
    return {
        "job": env.get("JOB_NAME", "local"),
        "number": int(number) if number.isdigit() else 0,
        "commit": env.get("GIT_COMMIT") or git("rev-parse", "HEAD"),
        "branch": env.get("BRANCH_NAME") or env.get("GIT_BRANCH", ""),
        "platform": env.get("BUILD_PLATFORM") or platform.system().lower(),
        "url": env.get("BUILD_URL", ""),
        "authors": authors(),
        "complete": complete and env.get("BUILD_INCOMPLETE") != "1",
    }


def authors() -> list[str]:
    """Who wrote what is built for the first time since the last green build, the newest first."""
    last = os.environ.get("GIT_PREVIOUS_SUCCESSFUL_COMMIT", "")
    found = git("log", "--format=%ae", f"{last}..HEAD") if last.isalnum() else git("log", "-1", "--format=%ae")
    return list(dict.fromkeys(found.split()))[:MOST_AUTHORS]


def git(*arguments: str) -> str:
    """What git says, or nothing where there is no repository."""
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, text=True, timeout=30, check=False)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def multipart(build: dict[str, object], paths: list[Path]) -> tuple[str, bytes]:
    """The content type and the body of the request."""
    boundary = uuid.uuid4().hex
    parts = [b'Content-Disposition: form-data; name="build"\r\n\r\n' + json.dumps(build).encode()]
    for path in paths:
        name = path.name.replace('"', "").replace("\r", "").replace("\n", "")
        head = (
            f'Content-Disposition: form-data; name="report"; filename="{name}"\r\nContent-Type: application/xml\r\n\r\n'
        )
        parts.append(head.encode() + path.read_bytes())
    line = f"--{boundary}".encode()
    body = b"".join(line + b"\r\n" + part + b"\r\n" for part in parts) + line + b"--\r\n"
    return f"multipart/form-data; boundary={boundary}", body


def send(request: urllib.request.Request) -> int:
    """Send it until it is taken or refused for good. Sending twice is harmless: the portal knows its files."""
    for attempt in range(1, TRIES + 1):
        told, final = once(request)
        if told is None:
            return 0
        print(f"try {attempt} of {TRIES}: {told}", file=sys.stderr)
        if final:
            return 1
        if attempt < TRIES:
            time.sleep(float(os.environ.get("REPORT_WAIT_SECONDS", FIRST_WAIT_SECONDS)) * 2 ** (attempt - 1))
    return 1


def once(request: urllib.request.Request) -> tuple[str | None, bool]:
    """(None, _) when it was taken; else what went wrong, and whether another try is of no use."""
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310 - see above
            told = json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return f"the portal answered {error.code}", error.code not in PASSING
    except (OSError, ValueError) as error:
        return f"{type(error).__name__}", False
    counts = told["counts"]
    print(f"handed over: {counts['tests']} tests, {counts['failures'] + counts['errors']} failing")
    for word in ("opened", "reopened", "closed"):
        if told[word]:
            print(f"{word}: {', '.join(str(number) for number in told[word])}")
    for file in told["files"]:
        if not file["ok"]:
            print(f"{file['name']}: {file['error']}", file=sys.stderr)
    return None, True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
