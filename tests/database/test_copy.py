"""Integers that are read in bulk have the values that are in the database."""

from __future__ import annotations

from psycopg import sql
from sqlalchemy import Engine

from app.database.copy import read_columns
from app.database.engine import driver_connection


def test_integers_of_any_size_arrive_row_by_row(engine: Engine) -> None:
    query = sql.SQL("VALUES (1::bigint, 5000000000::bigint), (9223372036854775807, 0), (4294967295, 4294967296)")
    with engine.connect() as connection:
        rows = list(zip(*read_columns(driver_connection(connection), query, 2), strict=True))
    assert rows == [(1, 5_000_000_000), (2**63 - 1, 0), (2**32 - 1, 2**32)]


def test_a_query_without_rows_returns_none(engine: Engine) -> None:
    with engine.connect() as connection:
        query = sql.SQL("SELECT 1::bigint WHERE false")
        assert [*map(list, read_columns(driver_connection(connection), query, 1))] == [[]]
