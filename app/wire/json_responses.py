"""Responses as JSON: the same content as the XML document, converted while it is sent."""

from __future__ import annotations

from typing import Final

from flask import Request, Response

from app.response_json.writer import json_blocks

CONTENT_TYPE: Final = "application/json"
PATH: Final = "/servicejson"


def wants_json(request: Request) -> bool:
    """Return whether the response to a service must be JSON: because of its address, or because its client prefers
    JSON to XML."""
    if request.path == PATH or request.path.startswith(f"{PATH}/"):
        return True
    # A wildcard does not count: clients that accept any type get XML.
    named = dict(request.accept_mimetypes)
    return named.get("application/json", 0) > max(named.get("application/xml", 0), named.get("text/xml", 0))


def as_json(response: Response) -> Response:
    """Return a response of a service with its XML document as JSON, and the same status and headers."""
    blocks = json_blocks(response.iter_encoded())
    in_one_piece = response.is_sequence
    headers = [(name, value) for name, value in response.headers if name not in ("Content-Type", "Content-Length")]
    body = b"".join(blocks) if in_one_piece else blocks
    return Response(body, response.status_code, headers, content_type=CONTENT_TYPE)
