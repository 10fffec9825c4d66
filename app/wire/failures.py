"""Failures in the format of the endpoint: JSON where the endpoint returns JSON, otherwise XML. A service fails in the
format in which it would have responded.

Services return most errors with status 200, as documented for them. Every other endpoint uses the status that HTTP has
for the failure, with `WWW-Authenticate` where the client has to sign in.
"""

from __future__ import annotations

import json
from typing import Final

from flask import Response, g, request

from app.errors import RelinkError
from app.services.registry import SERVICES
from app.web.failures import is_below
from app.web.statuses import ERROR_NUMBER, failure_headers, http_status
from app.wire.envelope import failed
from app.wire.json_responses import as_json, wants_json
from app.wire.response_documents import error_fields

SIGN_IN: Final = 'Basic realm="Relink"'
_JSON = ("/runs", "/healthz", "/readyz")
_RUNS = "/runs"
_KEPT_RESPONSE = "/response"
_SERVICES = ("/service", "/servicejson")


def failure(error: RelinkError) -> Response:
    """Return the response to a failed request, in the format of the endpoint that the URL names."""
    path = request.path
    if is_below(path, _RUNS) and path.endswith(_KEPT_RESPONSE):
        return with_http_status(failed(None, error), error)
    if any(is_below(path, endpoint) for endpoint in _JSON):
        return with_http_status(_failed_as_json(error), error)
    response = failed(g.get("service") or _named_service(path), error)
    is_of_service = any(is_below(path, endpoint) for endpoint in _SERVICES)
    return as_json(response) if is_of_service and wants_json(request) else response


def with_http_status(response: Response, error: RelinkError) -> Response:
    """Give a failure the status that HTTP has for it, for endpoints that are not services."""
    response.status_code = http_status(error)
    if response.status_code == 401:
        response.headers["WWW-Authenticate"] = SIGN_IN
    return response


def _failed_as_json(error: RelinkError) -> Response:
    fields = {name: value for name, value in error_fields(error) if value is not None}
    response = Response(json.dumps(fields), content_type="application/json")
    response.headers[ERROR_NUMBER] = str(error.number)
    response.headers.update(failure_headers(error))
    return response


def _named_service(path: str) -> str | None:
    """Return the service that the URL names."""
    name = path.removeprefix("/service/").removeprefix("/servicejson/")
    return name if name in SERVICES else None
