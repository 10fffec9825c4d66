"""The page at `/graphql` that sends queries to the GraphQL API. Whoever has a token may use it, without signing in."""

from __future__ import annotations

import json
from typing import Final

from flask import Blueprint, Response, request
from werkzeug.exceptions import MethodNotAllowed

from app.console.forms import Form
from app.console.pages import page
from app.console.services import graphql
from app.console.visitor import admit, keep_token
from app.web.schema_directory import SCHEMA_DIRECTORY

ADDRESS: Final = "/graphql"
FORM: Final = "/graphql-form"

blueprint = Blueprint("query_page", __name__)
"""The page is at the address of the API."""
form_blueprint = Blueprint("query_form", __name__)
"""The form of a browser without scripts is below the other pages."""

blueprint.after_request(keep_token)
form_blueprint.after_request(keep_token)

_EXAMPLE = """\
{
  viewer {
    solutions {
      edges { node { id title } }
    }
  }
}
"""


@blueprint.get(ADDRESS)
def form() -> Response:
    """Show the page to a browser. Other clients are told that the API takes POST only."""
    if request.accept_mimetypes.best_match(["application/json", "text/html"]) != "text/html":
        raise MethodNotAllowed(["OPTIONS", "POST"])
    admit(signed_in=False)
    return _page(Form({"query": _EXAMPLE}))


@form_blueprint.before_request
def begin() -> Response | None:
    """Check that the form comes from our own page."""
    return admit(signed_in=False)


@form_blueprint.post(FORM)
def send() -> Response:
    """Send the query of a browser without scripts, and show the response."""
    query, given = request.form.get("query", "").replace("\r\n", "\n"), request.form.get("variables", "")
    shown = Form({"query": query, "variables": given})
    body: dict[str, object] = {"query": query}
    if given.strip():
        try:
            body["variables"] = json.loads(given)
        except (ValueError, RecursionError):
            return _page(Form(shown.values, {"variables": ["is not JSON"]}), status=422)
    response = graphql(request.form.get("token", "").strip(), body)
    return _page(shown, json.dumps(json.loads(response.get_data()), indent=2, ensure_ascii=False))


def _page(shown: Form, result: str = "", *, status: int = 200) -> Response:
    schema = (SCHEMA_DIRECTORY / "solutions.graphql").read_text(encoding="utf-8")
    return page(
        "query.html",
        "GraphQL",
        section="Services",
        form=shown,
        result=result,
        schema=schema,
        action=f"/console{FORM}",
        status=status,
    )
