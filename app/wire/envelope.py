"""HTTP responses. Each has the error number and the request's id in headers."""

from __future__ import annotations

from flask import Response

from app.errors import RelinkError
from app.services.response import ServiceResponse
from app.web.statuses import ERROR_NUMBER, failure_headers, failure_status
from app.wire.response_documents import failure_document, written

CONTENT_TYPE = "application/xml; charset=utf-8"


def http_response(root: str, given: ServiceResponse) -> Response:
    """Return the HTTP response of a service."""
    body = written(root, given) if given.written is None else given.written
    response = Response(body, 200, content_type=CONTENT_TYPE)
    response.headers[ERROR_NUMBER] = str(given.error_number)
    response.headers.update(given.headers)
    return response


def failed(root: str | None, error: RelinkError) -> Response:
    """Return the response that says why a request failed."""
    response = Response(failure_document(root, error), failure_status(error), content_type=CONTENT_TYPE)
    response.headers[ERROR_NUMBER] = str(error.number)
    response.headers.update(failure_headers(error))
    return response
