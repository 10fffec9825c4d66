"""Runs as a process that was killed leaves them behind."""

from __future__ import annotations

from sqlalchemy import Engine, text


def leave_dead_run(engine: Engine) -> None:
    """Record that a run is at work on the package `system`, and stage steps of it; the first run of its store."""
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO run (service, context_node_identifier, context_reference, include_content, options, state)"
                " SELECT 'UpdateNodeVersions', node_identifier, node_reference, true, '{}', 'running' FROM node"
                " WHERE node_reference = 'system'"
            )
        )
        connection.execute(text("INSERT INTO run_step_other VALUES (1, 1, 1, 1, 1, NULL)"))
        connection.execute(
            text("INSERT INTO run_step VALUES (1, 1, 1, 1, 'version', 1, 1, NULL, NULL, NULL, NULL, false)")
        )


def is_closed(engine: Engine) -> bool:
    """Whether the dead run is recorded as interrupted, and nothing is staged; read from the tables themselves."""
    query = """
        SELECT (SELECT state FROM run WHERE run_identifier = 1) = 'interrupted'
          AND NOT EXISTS (SELECT FROM run_step) AND NOT EXISTS (SELECT FROM run_step_other)
    """
    with engine.connect() as connection:
        return bool(connection.execute(text(query)).scalar_one())
