"""The page at `/graphql` that sends queries to the GraphQL API. Whoever has a token may use it, without signing in."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any, Final

from flask import Blueprint, Response, request
from werkzeug.exceptions import MethodNotAllowed

from app.console.forms import Form
from app.console.pages import page
from app.console.services import graphql
from app.console.visitor import admit, keep_token
from app.text import JsonConstantError, refuse_json_constant, with_line_feeds
from app.web.schema_directory import SCHEMA_DIRECTORY

ADDRESS: Final = "/graphql"
FORM: Final = "/graphql-form"

_FIELDS: Final = {
    "PreconditionError": "token",
    "GraphQLError": "query",
    "UserError": "query",
    "NotAvailableError": "query",
    "RequestError": "query",
    "VariableError": "variables",
}
"""The field that an error is about, by the name in its extensions."""
_MOST_ERRORS = 10
_NOT_SENT = "Nothing was sent."

blueprint = Blueprint("query_page", __name__)
"""The page is at the address of the API."""
form_blueprint = Blueprint("query_form", __name__)
"""The form for browsers without scripts has an address under /console."""

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


class _VariablesError(Exception):
    """The variables cannot be sent. The message says what is wrong with them."""


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
    query, given = with_line_feeds(request.form.get("query", "")), request.form.get("variables", "")
    shown = Form({"query": query, "variables": given, "token": ""})
    body: dict[str, object] = {"query": query}
    if given.strip():
        try:
            body["variables"] = _variables(given)
        except _VariablesError as error:
            return _page(Form(shown.values, {"variables": [str(error)]}), _NOT_SENT, status=422)
    response = graphql(request.form.get("token", "").strip(), body)
    document = json.loads(response.get_data())
    result = json.dumps(document, indent=2, ensure_ascii=False)
    return _page(_with_errors(shown, document.get("errors", ())), _writable(result))


def _variables(text: str) -> dict[str, object]:
    """Return the variables. Raises _VariablesError."""
    try:
        found = json.loads(text, parse_constant=refuse_json_constant)
    except json.JSONDecodeError as error:
        raise _VariablesError(f"is not JSON: {error.msg} in line {error.lineno}, column {error.colno}") from error
    except JsonConstantError as error:
        raise _VariablesError(f"is not JSON: {error} is not a JSON value") from error
    except RecursionError as error:
        raise _VariablesError("is not JSON that can be read: it is nested too deep") from error
    except ValueError as error:
        raise _VariablesError("is not JSON that can be read: a number has too many digits") from error
    if not isinstance(found, dict):
        raise _VariablesError('must be a JSON object, such as {"first": 10}')
    return found


def _with_errors(shown: Form, errors: Iterable[Mapping[str, Any]]) -> Form:
    """Return the form with the errors of a response beside the fields that they are about."""
    beside: dict[str, list[str]] = {}
    others: list[str] = []
    for error in islice(errors, _MOST_ERRORS):
        field = _FIELDS.get(error["extensions"]["name"])
        # The place of an error about a variable is where the query declares it, and not among the values.
        text = _writable(error["message"]) if field == "variables" else _text(error)
        (others if field is None else beside.setdefault(field, [])).append(text)
    return Form(shown.values, beside, tuple(others))


def _text(error: Mapping[str, Any]) -> str:
    """Return what is wrong, and where in the query or in the response."""
    message = _writable(error["message"])
    if error.get("path"):
        return f"{'.'.join(map(str, error['path']))}: {message}"
    places = [f"line {place['line']}, column {place['column']}" for place in error.get("locations", ())]
    return f"{message} ({'; '.join(places)})" if places else message


def _writable(text: str) -> str:
    r"""Return a text with halves of surrogate pairs, which UTF-8 does not have, as `\ud800`."""
    return text.encode(errors="backslashreplace").decode()


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
