"""The door for programs that send usage: events come in, and the answer says of each whether it counts."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from portal.core.gate import access, key_holder
from portal.metering import service

usage_api = Blueprint("usage_api", __name__, url_prefix="/api/v1")
LARGEST_REQUEST = 8 * 1024 * 1024


@usage_api.post("/usage/events")
@access("key", roles={"usage"}, largest=LARGEST_REQUEST)
def events() -> Response:
    """`{"events": [{"id", "tenant", "meter", "quantity", "at", "properties"}]}`, 1 to 1,000 of them."""
    answer = service.ingest(key_holder(), request.get_data(cache=False), request.headers.get("Idempotency-Key", ""))
    response = jsonify(results=answer.results)
    if answer.replayed:
        response.headers["Idempotent-Replayed"] = "true"
    return response
