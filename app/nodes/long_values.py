"""Reading long values for a check of patterns, a few at a time."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from typing import Final

from app.database.connection import DriverConnection
from app.database.sql_files import sql_file
from app.nodes.members import ReadLongValues
from app.nodes.patterns import LONGEST_VALUE
from app.references import VersionKey

_AT_ONCE: Final = 16
# A value that is cut to this many characters is still too long for a pattern.
_LONGEST: Final = LONGEST_VALUE + 1


def long_value_reader(driver: DriverConnection) -> ReadLongValues:
    """Return a function that reads long values through a cursor, so that a process has few of them at a time.

    The connection must be in a transaction that sees one snapshot.
    """

    def read(version: VersionKey, places: list[int]) -> Generator[tuple[int, str], None, None]:
        parameters = {"node": version[0], "number": version[1], "places": places, "longest": _LONGEST}
        with closing(driver.cursor("long_values")) as cursor:
            cursor.itersize = _AT_ONCE
            cursor.execute(sql_file("app.nodes", "long_values"), parameters)
            yield from cursor

    return read
