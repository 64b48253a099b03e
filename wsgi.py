"""The portal for a WSGI server, and for `flask --app wsgi`."""

from jobs.cli import lifecycle
from portal import create_app

app = create_app()
# The one command that starts processes as `make run` does, which no room of the portal may know of.
app.cli.add_command(lifecycle)
