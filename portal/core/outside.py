"""One address: in embedded mode the sandbox's browser pages are reachable under /sandbox/ of the portal's own port.

The route exists in embedded mode only; in production there is no sandbox and no such address.
"""

from __future__ import annotations

from urllib.parse import quote

import httpx
from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from portal.core import calls
from portal.core.errors import NotFound, Unavailable
from portal.core.gate import access
from portal.core.settings import settings

outside = Blueprint("outside", __name__)
PASSED_ON = ("Content-Type", "Accept", "Accept-Language", "HX-Request", "HX-Target", "HX-Request-Type")
PASSED_BACK = ("Content-Type", "Location", "Content-Disposition")
CONTROLS = ("_control", "api", "toss/v1", "linkhub")


@outside.route("/sandbox/", defaults={"path": ""}, methods=["GET", "POST", "DELETE"])
@outside.route("/sandbox/<path:path>", methods=["GET", "POST", "DELETE"])
@access("public")
def sandbox(path: str) -> ResponseReturnValue:
    """Hand the request to the sandbox process and its answer back; cookies go neither way.

    Pages for people only: what steers the outside world is reached on the sandbox's own port, from this machine.
    """
    if not _for_people(path):
        raise NotFound
    headers = {name: request.headers[name] for name in PASSED_ON if name in request.headers}
    headers["X-Forwarded-Prefix"] = "/sandbox"
    try:
        answer = httpx.request(
            request.method,
            f"{settings().sandbox_url}/{quote(path)}",
            params=list(request.args.items(multi=True)),
            content=request.get_data(),
            headers=headers,
            timeout=30,
            trust_env=False,
            verify=calls.trusted(),
        )
    except httpx.HTTPError as error:
        raise Unavailable("모의 환경이 응답하지 않습니다.", "잠시 뒤 다시 열어 주십시오.") from error
    back = {name: answer.headers[name] for name in PASSED_BACK if name in answer.headers}
    return Response(answer.content, answer.status_code, back)


def _for_people(path: str) -> bool:
    """Whether a path is a page. One with `..` in it is another path by the time it arrives, so it is none."""
    steps = path.split("/")
    return not path.startswith(CONTROLS) and not {"", ".", ".."} & set(steps[:-1]) and steps[-1] not in {".", ".."}
