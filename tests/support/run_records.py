"""Records of runs that no request has begun, like those of processes that work or have died."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, text

RUN_LOCKS = 0x52454C4B

_INSERT = text("""
    INSERT INTO run (service, context_node_identifier, context_reference, include_content, options, state)
    SELECT 'UpdateNodeVersions', node_identifier, node_reference, true, '{}', :state
    FROM node WHERE node_reference = :reference
    RETURNING run_identifier
""")


def insert_run(engine: Engine, state: str = "running", reference: str = "P") -> int:
    """Record a run on a node and its content that no process holds, as a killed process leaves it."""
    with engine.begin() as connection:
        return int(connection.execute(_INSERT, {"state": state, "reference": reference}).scalar_one())


@contextmanager
def held_run(engine: Engine, reference: str = "P") -> Iterator[int]:
    """A run on a node and its content that is held until this `with` statement ends."""
    with engine.connect() as holder:
        run = int(holder.execute(_INSERT, {"state": "running", "reference": reference}).scalar_one())
        key = {"key": RUN_LOCKS << 32 | run}
        holder.execute(text("SELECT pg_advisory_lock(:key)"), key)
        holder.commit()
        yield run
        holder.execute(text("SELECT pg_advisory_unlock(:key)"), key)
