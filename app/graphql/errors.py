"""Errors in the documented shape: message, path, locations, and extensions with name, code and time_thrown."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import structlog
from graphql import GraphQLError

from app.database.failures import passing
from app.errors import NotAuthorisedError, RelinkError, UserError
from app.solutions.texts import time_text

_log = structlog.get_logger("relink.graphql")

# Conflicts with others, timeouts, and a database that is away or has no room.
# From here on a message of the library repeats what was sent, which may be the data of an authentication.
_REPEATED = re.compile(r"(,? but encountered error|[,.:]? [Ff]ound\b| got invalid value| value: ).*", re.DOTALL)
_REPEATED_TOKEN = re.compile(r"(Unexpected (?:Block)?String).*", re.DOTALL)

# What the fields of requests about solutions are called here.
_POSITION = re.compile(r"(?:(Config|Auth)ValueList/\w+|ScopeList/scope)\[(\d+)\]")
_FIELDS = {
    "service": "serviceId",
    "serviceVersion": "serviceId",
    "serviceEnvironment": "serviceEnvironmentId",
}
_UPGRADE = "UpgradeSolutionInstance"


class AccessError(NotAuthorisedError):
    """The token may not do this."""


class NoTokenError(NotAuthorisedError):
    """There is no token, or none that is known and has not expired."""

    def __init__(self) -> None:
        super().__init__("a master token or a user token is needed: send Authorization: Bearer with one that is valid")


class NotAvailableError(RelinkError):
    """Documented, and not done by Relink."""


class BadRequestError(RelinkError):
    """A request that is no GraphQL request."""


def format_error(error: GraphQLError) -> dict[str, Any]:
    """One error for the answer. What is our fault says nothing of itself; it is in the log."""
    original = error.original_error
    while isinstance(original, GraphQLError):
        original = original.original_error
    message, name, code = _words(error.message, original)
    return {
        "message": message,
        "path": error.path,
        "locations": [{"line": place.line, "column": place.column} for place in error.locations or ()],
        "extensions": {"name": name, "code": code, "time_thrown": time_text(datetime.now(UTC))},
    }


def in_graphql_words(error: UserError) -> UserError:
    """The same faults, by the names that the fields have in the GraphQL schema; positions count from 0."""
    return UserError(
        [(_field(field), reason.replace(_UPGRADE, "upgradeSolutionInstance")) for field, reason in error.faults]
    )


def _field(field: str) -> str:
    return _POSITION.sub(_position, _FIELDS.get(field, field)).replace("/", ".")


def _position(found: re.Match[str]) -> str:
    kind, number = found.groups()
    return f"{'scopes' if kind is None else f'{kind.lower()}Values'}[{int(number) - 1}]"


def _words(message: str, original: BaseException | None) -> tuple[str, str, str]:
    """The message, the name and the code of an error."""
    match original:
        case None:
            return _without_values(message), "GraphQLError", "invalid_query"
        case NotAuthorisedError():
            return original.description, "PreconditionError", "access_not_allowed"
        case UserError():
            missing = any(reason.startswith("is not found") for _, reason in original.faults)
            return original.description, "UserError", "not_found" if missing else "invalid_input"
        case NotAvailableError():
            return original.description, "NotAvailableError", "not_available"
        case BadRequestError():
            return original.description, "RequestError", "invalid_request"
        case RelinkError():
            return original.description, "StateError", "try_again"
        case _ if passing(original) is not None:
            return "the database is away or busy: try again", "StateError", "try_again"
        case _:
            _log.error("defect", exc_info=original)
            return "an error of ours", "InternalError", "internal_error"


def _without_values(message: str) -> str:
    """A message of the library up to where it repeats what was sent."""
    return _REPEATED.sub("", _REPEATED_TOKEN.sub(r"\1", message))
