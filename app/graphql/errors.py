"""Errors in the documented shape: message, path, locations, and extensions with name, code and time_thrown."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import structlog
from graphql import GraphQLError

from app.database.failures import Passing, logged_failure
from app.errors import (
    DESCRIBED_FAULTS,
    Fault,
    FaultCode,
    FaultPath,
    InternalError,
    NotAuthorisedError,
    RelinkError,
    UserError,
)
from app.solutions.texts import time_text
from app.text import camel_case

_log = structlog.get_logger("relink.graphql")

# From here on, a message of the library repeats what was sent, which may be the data of an authentication.
_REPEATED = re.compile(r"(,? but encountered error|[,.:]? [Ff]ound\b| got invalid value|(?<= value): ).*", re.DOTALL)
_REPEATED_TOKEN = re.compile(r"(Unexpected (?:Block)?String).*", re.DOTALL)

# Fields whose name in the GraphQL schema differs from their name in the domain.
_FIELDS = {"service": "service_id", "service_version": "service_id", "service_environment": "service_environment_id"}
_ADVICE = {FaultCode.NEEDS_UPGRADE: ": use upgradeSolutionInstance, which moves the instance"}


@dataclass(frozen=True)
class _Kind:
    """The `extensions` of an error, and its number in the XML services."""

    name: str
    code: str
    number: int


_INVALID_QUERY = _Kind("GraphQLError", "invalid_query", 105)
_INVALID_VARIABLE = _Kind("VariableError", "invalid_query", 105)
_ACCESS = _Kind("PreconditionError", "access_not_allowed", 101)
_NOT_FOUND = _Kind("UserError", "not_found", 105)
_INVALID_INPUT = _Kind("UserError", "invalid_input", 105)
_NOT_AVAILABLE = _Kind("NotAvailableError", "not_available", 105)
_INVALID_REQUEST = _Kind("RequestError", "invalid_request", 103)
_TRY_AGAIN = _Kind("StateError", "try_again", 106)
_AWAY = _Kind("StateError", "try_again", 100)
_INTERNAL = _Kind("InternalError", "internal_error", 100)
_KINDS = {Passing.AWAY: _AWAY, Passing.CONFLICT: _TRY_AGAIN, None: _INTERNAL}


class AccessError(NotAuthorisedError):
    """The token may not do this."""


class NoTokenError(NotAuthorisedError):
    """The request has no token, or its token is unknown or has expired."""

    def __init__(self) -> None:
        super().__init__("a valid master token or user token is needed: send it in the header Authorization: Bearer")


class NotAvailableError(RelinkError):
    """A documented operation that Relink does not support."""


class BadRequestError(RelinkError):
    """The request is not a GraphQL request."""

    number = 103


class VariableError(RelinkError):
    """A variable does not have the type that the query declares. The message repeats no value."""


@dataclass(frozen=True)
class FormattedErrors:
    """Errors as they are sent, and the number of the most serious: 100 if any is internal, otherwise the first's."""

    errors: list[dict[str, Any]]
    number: int


def format_errors(errors: Iterable[GraphQLError], request_id: str) -> FormattedErrors:
    """Format errors for a response. An internal error is logged, and its message says nothing about its cause."""
    formatted, numbers = [], []
    for error in errors:
        message, kind = _message_and_kind(error, request_id)
        formatted.append(_formatted(error, message, kind))
        numbers.append(kind.number)
    return FormattedErrors(formatted, min(numbers, key=lambda number: number != _INTERNAL.number))


def _formatted(error: GraphQLError, message: str, kind: _Kind) -> dict[str, Any]:
    """One error. `path` and `locations` are left out if there are none, as the GraphQL specification requires."""
    formatted: dict[str, Any] = {"message": message}
    if error.path is not None:
        formatted["path"] = error.path
    if error.locations:
        formatted["locations"] = [{"line": place.line, "column": place.column} for place in error.locations]
    formatted["extensions"] = {"name": kind.name, "code": kind.code, "time_thrown": time_text(datetime.now(UTC))}
    return formatted


def _described(fault: Fault) -> str:
    """Return a fault with its path, which uses the names of the schema and counts positions from 0."""
    text = fault.text + _ADVICE.get(fault.code, "")
    return f"{_path(fault.path)}: {text}" if fault.path else text


def _path(path: FaultPath) -> str:
    return ".".join(camel_case(_FIELDS.get(step, step)) if isinstance(step, str) else str(step) for step in path)


def _message_and_kind(error: GraphQLError, request_id: str) -> tuple[str, _Kind]:
    original = error.original_error
    while isinstance(original, GraphQLError):
        original = original.original_error
    match original:
        case None:
            return without_values(error.message), _INVALID_QUERY
        case NotAuthorisedError():
            return original.description, _ACCESS
        case UserError():
            unknown = any(fault.code is FaultCode.NOT_FOUND for fault in original.faults)
            described = "; ".join(map(_described, original.faults[:DESCRIBED_FAULTS]))
            return described, _NOT_FOUND if unknown else _INVALID_INPUT
        case NotAvailableError():
            return original.description, _NOT_AVAILABLE
        case BadRequestError():
            return original.description, _INVALID_REQUEST
        case VariableError():
            return original.description, _INVALID_VARIABLE
        case InternalError():
            return original.description, _INTERNAL
        case RelinkError():
            return original.description, _TRY_AGAIN
        case _ if (found := logged_failure(original, request_id)) is not None:
            return found.description, _KINDS[found.passing]
        case _:
            _log.error("defect", request_id=request_id, exc_info=original)
            return f"internal error, logged as request {request_id}", _INTERNAL


def without_values(message: str) -> str:
    """Return a message of the library, cut off where it begins to repeat what was sent."""
    return _REPEATED.sub("", _REPEATED_TOKEN.sub(r"\1", message))
