"""Changes many rows in transactions of a bounded size."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy import Engine, TextClause


def in_batches(
    engine: Engine, statement: TextClause, parameters: Mapping[str, object], batch: int, stop: Callable[[], bool]
) -> int:
    """Execute a statement that changes at most `:batch` rows repeatedly, each time in a transaction of its own.

    Ends when a transaction changes fewer rows, or when `stop` returns true. Returns the number of changed rows.
    """
    total = 0
    while not stop():
        with engine.begin() as connection:
            done = connection.execute(statement, {**parameters, "batch": batch}).rowcount
        total += done
        if done < batch:
            break
    return total
