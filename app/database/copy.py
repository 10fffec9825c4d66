"""Reads and writes many rows at once by COPY."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import LiteralString

import psycopg
from psycopg import sql
from psycopg.abc import Buffer
from psycopg.adapt import Loader
from psycopg.postgres import types
from psycopg.pq import Format
from psycopg.rows import TupleRow as Row

_BIGINTS = types["bigint"].array_oid
_ARRAY_HEADER = 5
_LINES_AT_ONCE = 1000


def read_columns(connection: psycopg.Connection[Row], query: sql.Composable, columns: int) -> list[array[int]]:
    """Read the columns of a query, all of which are bigint, not null and not negative.

    Each column arrives as one array in binary format, so that there is no work for each row in Python: this is an order
    of magnitude faster than fetching rows, and several times as fast as COPY.
    """
    names = [sql.Identifier(f"c{number}") for number in range(1, columns + 1)]
    arrays = sql.SQL(", ").join(sql.SQL("array_agg({})").format(name) for name in names)
    aliases = sql.SQL(", ").join(names)
    statement = sql.SQL("SELECT {} FROM ({}) AS read ({})").format(arrays, query, aliases)
    with connection.cursor(binary=True) as cursor:
        cursor.adapters.register_loader(_BIGINTS, _Integers)
        row = cursor.execute(statement).fetchone()
    return [array("q") for _ in names] if row is None or row[0] is None else list(row)


class _Integers(Loader):
    """Loads an array of bigint that has one dimension and no null."""

    format = Format.BINARY

    def load(self, data: Buffer) -> array[int]:
        """Return the numbers, in four bytes each if they all fit, in eight otherwise."""
        words = array("I")
        words.frombytes(data)
        if sys.byteorder == "little":
            words.byteswap()
        # The header has dimensions, flags, type, length and lower bound; each element its length and eight bytes.
        high, low = words[_ARRAY_HEADER + 1 :: 3], words[_ARRAY_HEADER + 2 :: 3]
        if any(high):
            return array("q", [(upper << 32) + lower for upper, lower in zip(high, low, strict=True)])
        return low


def joined(blocks: Iterable[Sequence[array[int]]]) -> list[array[int]]:
    """Join blocks of the same columns. The numbers of a column may have any size."""
    columns: list[array[int]] = []
    for block in blocks:
        columns = [_joined(*pair) for pair in zip(columns, block, strict=True)] if columns else list(block)
    return columns


def _joined(first: array[int], second: array[int]) -> array[int]:
    if first.typecode != second.typecode:
        first, second = array("q", first), array("q", second)
    first.extend(second)
    return first


def write_rows(
    connection: psycopg.Connection[Row], table: LiteralString, columns: LiteralString, rows: Iterable[Row]
) -> None:
    """Add rows to a table by COPY."""
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def as_field(text: str | None) -> str:
    """Return a text as a field of the text format of COPY."""
    if text is None:
        return r"\N"
    if text.isprintable() and "\\" not in text:
        return text
    return text.translate(_ESCAPES)


def write_lines(
    connection: psycopg.Connection[Row], table: LiteralString, columns: LiteralString, lines: Iterable[str]
) -> None:
    """Add rows to a table by COPY, from lines in its text format. The calling code must escape special characters."""
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
        rest = iter(lines)
        while block := "".join(islice(rest, _LINES_AT_ONCE)):
            copy.write(block)
