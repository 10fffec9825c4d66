"""The list of the nodes at the top, and the search for nodes."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Blueprint, Response, request
from sqlalchemy import Connection

from app.console.nodes.addresses import NODES
from app.console.nodes.finding import number_argument
from app.console.pages import page
from app.console.reasons import reasons_of
from app.console.visitor import caller
from app.database.connection import short_statements
from app.database.engine import snapshot
from app.errors import UserError
from app.nodes.listing import list_nodes
from app.nodes.search import search
from app.web.context import resources

blueprint = Blueprint("nodes", __name__)

_PAGE = 100
_HITS = 50


@blueprint.get("/nodes")
@short_statements()
def nodes() -> Response:
    """Show the nodes at the top, or those that a search finds."""
    words = request.args.get("q", "").strip()
    with snapshot(resources().engine) as connection:
        return _found(connection, words) if words else _top(connection)


def _top(connection: Connection) -> Response:
    after = request.args.get("after", "")
    found = list_nodes(connection, caller(), None, depth=1, after=after, limit=_PAGE + 1)
    shown = found[:_PAGE]
    following = f"{NODES}?{urlencode({'after': shown[-1].node.reference})}" if len(found) > _PAGE else ""
    return page(
        "nodes/list.html", "Nodes", section="Nodes", nodes=shown, words="", following=following, first=bool(after)
    )


def _found(connection: Connection, words: str) -> Response:
    number = number_argument("page") or 1
    values = "values" in request.args
    fault, hits, results = "", [], 0
    try:
        found = search(connection, caller(), words, everywhere=values, package=None, page=number, page_size=_HITS)
        hits, results = found.page, found.results
    except UserError as error:
        fault = "; ".join(reasons_of(error))
    given = {"q": words, **({"values": "true"} if values else {})}
    following = f"{NODES}?{urlencode({**given, 'page': number + 1})}" if number * _HITS < results else ""
    return page(
        "nodes/search.html",
        "Search",
        section="Nodes",
        hits=hits,
        results=results,
        fault=fault,
        words=words,
        values=values,
        following=following,
        first=f"{NODES}?{urlencode(given)}" if number > 1 else "",
    )
