"""ListSolutionReleases: list the releases of a solution with their changes, page by page."""

from __future__ import annotations

from dataclasses import dataclass

from app.database.engine import snapshot
from app.identity.rights import require_solutions
from app.services.call import Call, CollapsedText, Service
from app.services.response import Fields, Group, ServiceResponse
from app.services.solution_fields import judgement_parts
from app.solutions.releases.history import ReleaseRecord, read_history
from app.solutions.texts import time_text

_HIGHEST = 2**31 - 1


@dataclass(frozen=True)
class ListSolutionReleasesRequest:
    """A solution. The page has the releases before a number."""

    solution_id: CollapsedText | None = None
    release_number_before: int | None = None
    page_size: int = 100


def run(request: ListSolutionReleasesRequest, call: Call) -> ServiceResponse:
    """Return a page, newest first, and the start of the next page if there are more releases.

    105 if the solution is not found.
    """
    require_solutions(call.caller)
    before = request.release_number_before or _HIGHEST
    with snapshot(call.engine) as connection:
        found = read_history(connection, request.solution_id or "", before=before, limit=request.page_size + 1)
    page = found[: request.page_size]
    next_page = page[-1].number if len(found) > len(page) else None
    releases = Group("ReleaseList", map(_release, page))
    return ServiceResponse((releases, Fields(("releaseNumberBefore", next_page))))


def _release(each: ReleaseRecord) -> Group:
    head = Fields(
        ("releaseNumber", each.number),
        ("title", each.title),
        ("releaseNotes", each.notes),
        ("publishedBy", each.published_by),
        ("publishedByName", each.published_by_name),
        ("publishedAt", time_text(each.published_at)),
    )
    return Group("Release", (head, *judgement_parts(each.judgement)))


SERVICE = Service("ListSolutionReleases", ListSolutionReleasesRequest, run)
