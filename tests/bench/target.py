"""What the web servers serve while tests/bench/servers.py measures them: a page, a file, an event stream, an upload."""

from __future__ import annotations

import time
from collections.abc import Iterator

from flask import Flask, Response, request

PAGE_CPU_SECONDS = 0.02
FILE = bytes(200 * 1024)

app = Flask("target")


@app.get("/page")
def page() -> str:
    """As much work as a page with a session, some queries and a template."""
    end = time.thread_time() + PAGE_CPU_SECONDS
    while time.thread_time() < end:
        pass
    return "<p>page</p>"


@app.get("/file")
def file() -> Response:
    return Response(FILE, mimetype="application/octet-stream")


@app.get("/slow")
def slow() -> str:
    time.sleep(1)
    return "slow"


@app.get("/events")
def events() -> Response:
    """A stream that says something every second."""

    def say() -> Iterator[str]:
        for number in range(60):
            yield f"data: {number}\n\n"
            time.sleep(1)

    return Response(say(), mimetype="text/event-stream")


@app.post("/upload")
def upload() -> str:
    size = 0
    while part := request.stream.read(65536):
        size += len(part)
    return str(size)
