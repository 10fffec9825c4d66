"""The releases of a solution with the changes of each, and the differences between two releases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from app.errors import UserError, not_found
from app.solutions.content.flags import PublishJudgement, judge_publish
from app.solutions.content.model import Content
from app.solutions.releases.contents import read_contents
from app.solutions.releases.draft_content import released_content
from app.solutions.releases.solutions import Release, Solution, read_releases, read_solution

BEFORE_FIRST: Final = 0
"""The number that stands for the empty solution before its first release, where a comparison begins."""
DRAFT: Final = 0
"""The number that stands for the draft of a solution, where a comparison ends."""


@dataclass(frozen=True)
class ReleaseRecord(Release):
    """A release with its changes since the release before it."""

    judgement: PublishJudgement


@dataclass(frozen=True)
class Comparison:
    """The differences between two releases of a solution, or between a release and the draft.

    The first number is that of a release or `BEFORE_FIRST`, the second one that of a release or `DRAFT`.
    """

    solution_id: str
    from_number: int
    to_number: int
    judgement: PublishJudgement


def read_history(connection: Connection, solution_id: str, *, before: int, limit: int) -> list[ReleaseRecord]:
    """Return the releases with numbers below `before`, the newest first. Raises UserError about `solution_id`."""
    solution = read_solution(connection, solution_id)
    found = read_releases(connection, solution.solution_id, before=before, limit=limit)
    numbers = {number for release in found for number in (release.number, release.number - 1)}
    contents = read_contents(connection, solution.solution_id, numbers)
    return [
        ReleaseRecord(
            **vars(release), judgement=judge_publish(contents.get(release.number - 1), contents[release.number])
        )
        for release in found
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
    old = None if start == BEFORE_FIRST else _release(contents, start, "release_number_from")
    new = _draft(connection, solution) if end == DRAFT else _release(contents, end, "release_number_to")
    return Comparison(solution.solution_id, start, end, judge_publish(old, new))


def _draft(connection: Connection, solution: Solution) -> Content:
    return released_content(connection, solution.draft)


def _release(contents: dict[int, Content], number: int, field: str) -> Content:
    if number not in contents:
        raise UserError(not_found(field, f"release {number}"))
    return contents[number]
