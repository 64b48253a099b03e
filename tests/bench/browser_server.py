"""What `make bench WHAT=browser` opens: the portal with one drawing in it, and the pages of its peers on the same address.

`python -m tests.bench.browser_server FOLDER DRAWING` draws the file for a company of its own, prints one line of JSON
{"url", "viewer"}, and serves until its standard input is closed. Below /peers/ lies what FOLDER/peers holds.
"""

from __future__ import annotations

import json
import logging
import mimetypes
import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from werkzeug.serving import make_server
from werkzeug.utils import send_file

from tests.drawings.conftest import standing

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PEERS = "/peers/"
YEAR = 31_536_000


class Beside:
    """The portal for one of its people, who needs no sign-in, and the files of the peers beside it."""

    def __init__(self, portal: WSGIApplication, peers: Path) -> None:
        self._portal = portal
        self._peers = peers

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if not path.startswith(PEERS):
            environ["HTTP_X_AS"] = "alice"
            return self._portal(environ, start)
        file = self._peers / Path(path.removeprefix(PEERS)).name
        if not file.is_file():
            start("404 Not Found", [("Content-Length", "0")])
            return [b""]
        # The best a peer can ask for: its files are never asked for again.
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        return send_file(file, environ, mimetype=kind, max_age=YEAR)(environ, start)


def main(folder: Path, source: Path) -> None:
    """Serve until nobody listens to us any more."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    data = folder / "data"
    data.mkdir()
    with standing(data) as world:
        revision = world.drawn("alice", source.name, source.read_bytes())
        if revision.state != "ready":
            sys.exit(f"the drawing is {revision.state}: {revision.message}")
        server = make_server("127.0.0.1", 0, Beside(world.app, folder / "peers"), threaded=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        print(json.dumps({"url": address, "viewer": f"/drawings/{revision.drawing_id}"}), flush=True)
        sys.stdin.read()
        server.shutdown()
        server.server_close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
