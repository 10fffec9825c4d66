"""The HTTP status of each error, and the headers that go with it."""

from __future__ import annotations

from typing import Final

from app.errors import BusyError, NotAuthorisedError, PreconditionError, RelinkError, StateError, UserError
from app.identity.sign_in import TooManyFailuresError
from app.web.refusal import Refused

ERROR_NUMBER: Final = "Relink-Error-Number"
"""The header that repeats the error number of the response."""


def failure_headers(error: RelinkError) -> dict[str, str]:
    """Return the headers that say what a client can do about an error, such as `Retry-After`."""
    match error:
        case Refused():
            return error.headers
        case TooManyFailuresError() | BusyError():
            return {"Retry-After": str(error.retry_after)}
        case _:
            return {}


def failure_status(error: RelinkError) -> int:
    """Return the HTTP status of an error of a service."""
    match error:
        case Refused():
            return error.status
        case PreconditionError():
            return 412
        case TooManyFailuresError():
            return 429
        case BusyError():
            return 503
        case _:
            return 500 if error.number == 100 else 200


def http_status(error: RelinkError) -> int:
    """Return the status that HTTP has for an error, for endpoints that are not services."""
    match error:
        case NotAuthorisedError():
            return 401
        case UserError():
            return 400
        case StateError() if not isinstance(error, PreconditionError | BusyError):
            return 409
        case _:
            return failure_status(error)
