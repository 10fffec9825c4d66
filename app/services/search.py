"""Search: find nodes by the words in their names, references and values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from app.database.engine import snapshot
from app.nodes.search import Hit, search
from app.services.call import Call, CollapsedText, Service
from app.services.response import Fields, Group, ServiceResponse


class SearchField(StrEnum):
    """Where to look for the words."""

    NAME = "name"
    ALL = "all"


@dataclass(frozen=True)
class SearchRequest:
    """Words, and where to look for them. Pages count from 1."""

    query: str | None = None
    search_field: SearchField = SearchField.ALL
    package: CollapsedText | None = None
    page: int = 1
    page_size: int = 100
    search_info: str | None = None


def run(request: SearchRequest, call: Call) -> ServiceResponse:
    """Return a page of the nodes that the caller may read.

    105 if the query has no words or the package is not found.
    """
    with snapshot(call.engine) as connection:
        found = search(
            connection,
            call.caller,
            request.query,
            everywhere=request.search_field is SearchField.ALL,
            package=request.package,
            page=request.page,
            page_size=request.page_size,
        )
    head = Fields(
        ("page", request.page),
        ("numberOfResults", found.results),
        ("numberOfPages", -(-found.results // request.page_size)),
        ("searchInfo", request.search_info),
    )
    return ServiceResponse((head, Group("NodeList", map(_node, found.page))))


def _node(hit: Hit) -> Group:
    reference = hit.reference if hit.number is None else f"{hit.reference}.{hit.number}"
    fields = Fields(("nodeVersionReference", reference), ("nodeName", hit.name), ("nodeSummary", hit.summary))
    return Group("Node", (fields,))


SERVICE = Service("Search", SearchRequest, run)
