"""Changing many rows in transactions of a bounded size."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy import Engine, TextClause


def in_batches(
    engine: Engine, statement: TextClause, parameters: Mapping[str, object], batch: int, stop: Callable[[], bool]
) -> int:
    """Execute a statement that changes at most `:batch` rows, again and again, each time in a transaction of its own.

    Ends when fewer rows than that are left, or when `stop` returns true. Returns how many rows were changed.
    """
    total = 0
    while not stop():
        with engine.begin() as connection:
            done = connection.execute(statement, {**parameters, "batch": batch}).rowcount
        total += done
        if done < batch:
            break
    return total
