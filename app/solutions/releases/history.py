"""The releases of a solution with the changes of each, and the differences between two releases."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from app.errors import UserError, not_found
from app.solutions.content.flags import PublishJudgement, judge_publish
from app.solutions.content.model import Content
from app.solutions.releases.contents import read_contents
from app.solutions.releases.draft_content import released_content
from app.solutions.releases.solutions import Solution, read_solution

DRAFT = 0
"""The number that stands for the draft of a solution."""

_RELEASES = text("""
    SELECT r.release_number, r.title, r.notes, a.user_logon_reference, a.user_name, r.published_at
    FROM solution_release r LEFT JOIN account a ON a.user_identifier = r.published_by
    WHERE r.solution_identifier = :solution AND r.release_number < :before
    ORDER BY r.release_number DESC LIMIT :limit
""")


@dataclass(frozen=True)
class ReleaseRecord:
    """A release: who published it and when, its notes, and its changes since the release before it."""

    number: int
    title: str
    notes: str | None
    published_by: str | None
    published_by_name: str | None
    published_at: datetime
    judgement: PublishJudgement


@dataclass(frozen=True)
class Comparison:
    """The differences between two releases of a solution, or between a release and the draft (DRAFT).

    The numbers are those of the releases compared. DRAFT as the first number means the empty solution before its first
    release.
    """

    solution_id: str
    from_number: int
    to_number: int
    judgement: PublishJudgement


def read_history(connection: Connection, solution_id: str, *, before: int, limit: int) -> list[ReleaseRecord]:
    """Return the releases with numbers below `before`, the newest first. Raises UserError about `solution_id`."""
    solution = read_solution(connection, solution_id)
    values = {"solution": solution.solution_id, "before": before, "limit": limit}
    rows = connection.execute(_RELEASES, values).all()
    numbers = {number for row in rows for number in (row.release_number, row.release_number - 1)}
    contents = read_contents(connection, solution.solution_id, numbers)
    return [
        ReleaseRecord(
            row[0], row[1], row[2], row[3], row[4], row[5], judge_publish(contents.get(row[0] - 1), contents[row[0]])
        )
        for row in rows
    ]


def compare_releases(
    connection: Connection, solution_id: str, from_number: int | None, to_number: int | None
) -> Comparison:
    """Compare two releases, or without numbers the latest release and the draft, as publishing does.

    Raises UserError about `solution_id`, `release_number_from` and `release_number_to`.
    """
    solution = read_solution(connection, solution_id)
    start = solution.latest_release_number if from_number is None else from_number
    end = DRAFT if to_number is None else to_number
    contents = read_contents(connection, solution.solution_id, {start, end})
    old = None if start == DRAFT else _release(contents, start, "release_number_from")
    new = _draft(connection, solution) if end == DRAFT else _release(contents, end, "release_number_to")
    return Comparison(solution.solution_id, start, end, judge_publish(old, new))


def _draft(connection: Connection, solution: Solution) -> Content:
    return released_content(connection, solution.draft)


def _release(contents: dict[int, Content], number: int, field: str) -> Content:
    if number not in contents:
        raise UserError(not_found(field, f"release {number}"))
    return contents[number]
