"""Finds the instances that wait for input: the database selects those that may wait, and the program judges them."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from sqlalchemy import Connection, text

from app.database.sql_files import sql_file
from app.solutions.content.flags import WaitsFor

MAY_WAIT: Final = """
    (i.release_number < s.latest_release_number OR i.instance_identifier = ANY (CAST(:lacking AS uuid[])))
"""
"""The condition that selects instances `i` of solutions `s` that may wait for input: those behind the latest release,
and those that may lack a value. It also selects some that do not wait: only the program can judge all values."""
_LACKING = text(sql_file("app.solutions.instances", "lacking_values"))
_PLAN = text("SELECT set_config('enable_nestloop', :nested, true)")


def read_lacking(connection: Connection) -> list[str]:
    """Return the ids of the instances that may lack a value, for the parameter `lacking` of `MAY_WAIT`."""
    # PostgreSQL expects a few rows where there are all values, and would look up each of them by itself.
    connection.execute(_PLAN, {"nested": "off"})
    found = [str(instance_id) for instance_id in connection.execute(_LACKING).scalars()]
    connection.execute(_PLAN, {"nested": "on"})
    return found


class InputFrom(StrEnum):
    """Who has to give the input that instances wait for."""

    USER = "user"
    SYSTEM = "system"

    def is_wanted_by(self, waits_for: WaitsFor) -> bool:
        """Return whether an instance waits for this input."""
        return waits_for.user if self is InputFrom.USER else waits_for.system
