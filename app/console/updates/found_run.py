"""Finds the run that an address names."""

from __future__ import annotations

from sqlalchemy import Connection

from app.console.visitor import caller
from app.runs import record
from app.runs.access import as_readable, may_read_response, may_see
from app.runs.record import Run
from app.web.context import resources
from app.web.refusal import Forbidden, Refused


def found_run(connection: Connection, identifier: int) -> Run:
    """Return a run if the visitor may see it; otherwise it does not exist."""
    found = record.find(connection, identifier)
    if found is None or not may_see(connection, caller(), found):
        raise Refused(404, f"There is no run {identifier}, or you may not see it.")
    return as_readable(connection, caller(), [found])[0]


def readable_run(identifier: int) -> Run:
    """Return a run whose response the visitor may read."""
    with resources().engine.begin() as connection:
        found = found_run(connection, identifier)
        if not may_read_response(connection, caller(), found):
            raise Forbidden(f"Only the user who started run {identifier}, and administrators, can read its updates.")
    return found
