"""The query parameters below `/runs`. Each raises NotValidError if its value is not valid."""

from __future__ import annotations

from collections.abc import Sequence

from flask import request

from app.errors import MOST_FAULTS
from app.references import InvalidReferenceError, check_node_reference
from app.runs.listing import MOST_ON_PAGE, PAGE, RunFilter
from app.runs.record import RunState
from app.solutions.texts import identifier
from app.text import collapsed, is_whole_number, is_writable
from app.wire.asynchronous import key_text
from app.wire.refused_requests import NotValidError

_MOST_NUMBER = 10**18 - 1
_LONGEST_NAME = 60
_LONGEST_USER = 1000


def check_names(allowed: Sequence[str]) -> None:
    """Refuse parameters that an address does not have: a mistyped one would silently list everything."""
    listed = " and ".join([", ".join(allowed[:-1]), allowed[-1]] if len(allowed) > 1 else allowed)
    advice = f"the parameters here are {listed}" if allowed else "there are no parameters here"
    faults = []
    for name, values in request.args.lists():
        if name not in allowed:
            faults.append((_shown_name(name), f"is not a parameter: {advice}"))
        elif len(values) > 1:
            faults.append((name, "is given more than once"))
    if faults:
        raise NotValidError(faults[:MOST_FAULTS])


def run_filter() -> RunFilter:
    """Return the conditions in `state`, `context`, `user`, `idempotencyKey` and `failed`."""
    solution = identifier(_given("context"))
    return RunFilter(_state(), None if solution else _context(), solution, _user(), _key(), _failed())


def limit() -> int:
    """Return the largest number of entries on a page."""
    return _number("limit", PAGE, 1, MOST_ON_PAGE)


def after() -> int | None:
    """Return the number of the last entry of the previous page."""
    return _number("after", 0, 0, _MOST_NUMBER) if _given("after") else None


def _given(name: str) -> str:
    return collapsed(request.args.get(name, ""))


def _state() -> RunState | None:
    given = _given("state")
    if not given:
        return None
    if given not in list(RunState):
        raise NotValidError([("state", f"is not one of {', '.join(RunState)}")])
    return RunState(given)


def _context() -> str | None:
    given = _given("context")
    try:
        return check_node_reference(given) if given else None
    except InvalidReferenceError as error:
        raise NotValidError([("context", f"{error}: give the reference of a node or the id of a solution")]) from None


def _user() -> str | None:
    given = _given("user")
    if len(given) > _LONGEST_USER or not is_writable(given):
        raise NotValidError([("user", "is not the logon reference of a user")])
    return given or None


def _failed() -> bool | None:
    given = _given("failed")
    if given not in ("", "true", "false"):
        raise NotValidError([("failed", "is not true or false")])
    return given == "true" if given else None


def _key() -> str | None:
    given = request.args.get("idempotencyKey")
    return None if given is None else key_text("idempotencyKey", given)


def _number(name: str, default: int, least: int, most: int) -> int:
    given = _given(name)
    if not given:
        return default
    if not is_whole_number(given) or len(given) > len(str(most)) or not least <= int(given) <= most:
        raise NotValidError([(name, f"is not a whole number from {least} to {most}")])
    return int(given)


def _shown_name(name: str) -> str:
    shown = name[:_LONGEST_NAME]
    return shown if is_writable(shown) else ascii(shown)
