"""Errors in the documented shape: message, path, locations, and extensions with name, code and time_thrown."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import structlog
from graphql import GraphQLError

from app.errors import NotAuthorisedError, RelinkError, UserError

_log = structlog.get_logger("relink.graphql")


class AccessError(NotAuthorisedError):
    """The token may not do this."""


def format_error(error: GraphQLError, debug: bool = False) -> dict[str, Any]:  # noqa: ARG001 - ariadne's signature
    """One error for the answer. What is our fault says nothing of itself; it is in the log."""
    original = error.original_error
    while isinstance(original, GraphQLError):
        original = original.original_error
    message, name, code = _words(error, original)
    formatted: dict[str, Any] = {
        "message": message,
        "path": error.path,
        "locations": [{"line": place.line, "column": place.column} for place in error.locations or ()],
        "extensions": {
            "name": name,
            "code": code,
            "time_thrown": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        },
    }
    return formatted


def _words(error: GraphQLError, original: BaseException | None) -> tuple[str, str, str]:
    match original:
        case None:
            return error.message, "GraphQLError", "invalid_query"
        case NotAuthorisedError():
            return original.description, "PreconditionError", "access_not_allowed"
        case UserError():
            missing = any(reason.startswith("is not found") for _, reason in original.faults)
            return original.description, "UserError", "not_found" if missing else "invalid_input"
        case RelinkError():
            return original.description, "StateError", "try_again"
        case _:
            _log.error("defect", exc_info=original)
            return "an error of ours", "InternalError", "internal_error"
