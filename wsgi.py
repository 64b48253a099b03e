"""The portal for a WSGI server, and for `flask --app wsgi`."""

import os
from pathlib import Path

# ezdxf writes down the machine's fonts as soon as it is loaded; that belongs to the portal's data, not to someone's home.
os.environ.setdefault(
    "XDG_CACHE_HOME", str(Path(os.environ.get("DATA_DIR", "").strip() or "var").expanduser().absolute() / "cache")
)

from jobs.cli import lifecycle, sessions
from portal import create_app
from portal.core import board

app = create_app()
board.publish(app)
# Commands that start processes as `make run` does, which no room of the portal may know of.
for command in (lifecycle, sessions):
    app.cli.add_command(command)
