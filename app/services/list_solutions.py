"""ListSolutions: list solutions, page by page."""

from __future__ import annotations

from dataclasses import dataclass

from app.database.engine import snapshot
from app.identity.rights import require_solutions
from app.services.call import Call, CollapsedText, Service
from app.services.response import Fields, Group, ServiceResponse
from app.solutions.releases.listing import list_solutions
from app.solutions.releases.solutions import Solution
from app.solutions.texts import time_text


@dataclass(frozen=True)
class ListSolutionsRequest:
    """Tags, all of which a solution must have, and the solution after which the page begins."""

    tag_list: tuple[CollapsedText, ...] = ()
    solution_id_after: CollapsedText | None = None
    page_size: int = 100


def run(request: ListSolutionsRequest, call: Call) -> ServiceResponse:
    """Return a page, oldest first, and the start of the next page if there are more solutions."""
    require_solutions(call.caller)
    with snapshot(call.engine) as connection:
        found = list_solutions(
            connection, tags=request.tag_list, after=request.solution_id_after, limit=request.page_size + 1
        )
    page = found[: request.page_size]
    after = page[-1].solution_id if len(found) > len(page) else None
    return ServiceResponse((Group("SolutionList", map(_solution, page)), Fields(("solutionIdAfter", after))))


def _solution(each: Solution) -> Group:
    head = Fields(("solutionId", each.solution_id), ("title", each.title), ("description", each.description))
    tags = Group("TagList", (Fields(*(("tag", tag) for tag in each.tags)),))
    tail = Fields(
        ("latestReleaseNumber", each.latest_release_number),
        ("held", each.held),
        ("created", time_text(each.created)),
    )
    return Group("Solution", (head, tags, tail))


SERVICE = Service("ListSolutions", ListSolutionsRequest, run)
