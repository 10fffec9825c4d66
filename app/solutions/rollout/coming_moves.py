"""When the instances of a solution would begin to move to a release that is published now."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, text

from app.solutions.releases.contents import read_contents
from app.solutions.rollout.lazy_updates import due_at


def coming_moves(
    connection: Connection, solution_id: str, releases: Iterable[int], delay_seconds: int
) -> dict[int, datetime]:
    """Return when lazy updates of the instances on each of these releases would begin."""
    now: datetime = connection.execute(text("SELECT now()")).scalar_one()
    contents = read_contents(connection, solution_id, list(releases))
    return {number: due_at(now, delay_seconds, content.workflows) for number, content in contents.items()}
