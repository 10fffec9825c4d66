"""`POST /graphql`: solutions, for partners and their end users, with a master token or a user token.

The response is JSON in the documented shape whatever happens. Its status is 200 for a request that was executed, even
with errors, as documented: `Relink-Error-Number` says whether it has errors, for the log and the metrics too. The
status is 401 without a valid token, 400 where the body is not a GraphQL request, 405, 413 or 415 where it cannot be
accepted, and 503 while the database is not available.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import cache
from typing import Any, Final

from flask import Blueprint, Response, g, request
from graphql import GraphQLError, GraphQLSchema
from sqlalchemy.exc import SQLAlchemyError

from app.database.connection import short_statements
from app.database.failures import database_failure
from app.errors import BusyError, InternalError, NotAuthorisedError, RelinkError
from app.graphql.errors import BadRequestError, NoTokenError, format_errors
from app.graphql.execution import GraphQLRequest, execute
from app.graphql.schema import make_schema
from app.graphql.session import GraphQLSession
from app.identity.actor import Actor, ActorKind, act_as
from app.solutions.limits import Limits
from app.solutions.people.cipher import Cipher
from app.solutions.people.tokens import Token, find_token, note_use
from app.text import refuse_json_constant
from app.web.context import resources
from app.web.credentials import authorization
from app.web.encoding import json_text
from app.web.refusal import Refused
from app.web.schema_directory import SCHEMA_DIRECTORY
from app.web.statuses import ERROR_NUMBER, failure_headers, failure_status

PATH: Final = "/graphql"
MOST_BYTES: Final = 1024 * 1024

blueprint = Blueprint("graphql", __name__)
_BLOCK = 64 * 1024


class _RefusedError(BadRequestError):
    """A body that is not accepted, with the status that says why."""

    def __init__(self, status: int, description: str) -> None:
        super().__init__(description)
        self.status = status


@blueprint.post(PATH)
def graphql() -> Response:
    """Handle one request."""
    return _responded(_token, lambda: _json(_body()))


def asked(token: str, body: dict[str, object]) -> Response:
    """Return the response to a request that a page sends for its reader, with a token that the reader has given."""

    def known() -> Token:
        found = _known(token) if token else None
        if found is None:
            raise NoTokenError
        return found

    return _responded(known, lambda: body)


def _responded(find: Callable[[], Token], body: Callable[[], object]) -> Response:
    """Return the response to a request, whose token and body are read in this order."""
    try:
        token = find()
        shared = resources()
        limits = Limits.of(shared.settings)
        given = _graphql_request(body())
        with ExitStack() as until_done, short_statements():
            session = GraphQLSession(
                shared.engine,
                Cipher(shared.settings.secret_key),
                token,
                shared.settings.trigger_url,
                limits,
                before_large=lambda: until_done.enter_context(shared.workload.large_responses.soon(_user(token))),
            )
            executed = execute(_schema(), session, given, g.request_id)
            return _response(200, executed.response, executed.error_number)
    except BusyError as error:
        return _refused(503, error, {"Retry-After": str(error.retry_after)})
    except NoTokenError as error:
        return _refused(401, error, {"WWW-Authenticate": "Bearer"})
    except _RefusedError as error:
        return _refused(error.status, error)


@blueprint.errorhandler(SQLAlchemyError)
def _store_failed(error: SQLAlchemyError) -> Response:
    """Return the response to a failure outside the resolvers: the database cannot be used to find the token."""
    found = database_failure(error)
    if found is None or found.passing is None:
        return _failed(500, error)
    return _failed(503, error, {"Retry-After": str(found.retry_after)})


@cache
def _schema() -> GraphQLSchema:
    return make_schema((SCHEMA_DIRECTORY / "solutions.graphql").read_text(encoding="utf-8"))


def _user(token: Token) -> str:
    """Return whose share of the large responses a request takes: the end user's, or that of the master token."""
    return f"token {token.identifier}" if token.owner is None else f"owner {token.owner}"


def _token() -> Token:
    """Return the token of the request. Raises NoTokenError."""
    given = authorization(request)
    if given is not None and given.type == "bearer" and given.token:
        token = _known(given.token)
        if token is not None:
            return token
    act_as(Actor(ActorKind.PUBLIC, address=request.remote_addr))
    g.token_refused = given is not None
    raise NoTokenError


def _known(text: str) -> Token | None:
    """Return the token with a text, whose bearer becomes the current actor, or None."""
    with short_statements(), resources().engine.connect() as connection:
        token = find_token(connection, text)
        if token is not None:
            act_as(Actor(ActorKind.TOKEN, name=token.label, address=request.remote_addr))
            if token.is_to_note:
                note_use(connection, token)
                connection.commit()
        return token


def _graphql_request(body: object) -> GraphQLRequest:
    """Return the request in a body. Raises _RefusedError."""
    if isinstance(body, list):
        raise _RefusedError(400, "the body must be one JSON object, not a list: send each request by itself")
    if not isinstance(body, dict):
        raise _RefusedError(400, "the body must be a JSON object with query, variables and operationName")
    query, variables, name = body.get("query"), body.get("variables"), body.get("operationName")
    if not isinstance(query, str):
        raise _RefusedError(400, "query must be a string")
    if not isinstance(variables, dict | None):
        raise _RefusedError(400, "variables must be an object")
    if not isinstance(name, str | None):
        raise _RefusedError(400, "operationName must be a string")
    if not isinstance(body.get("extensions"), dict | None):
        raise _RefusedError(400, "extensions must be an object")
    # Clients send an empty name where no operation is chosen.
    return GraphQLRequest(query, variables, name or None)


def _body() -> bytes:
    if request.mimetype != "application/json":
        raise _RefusedError(415, f"the media type is {request.mimetype[:100] or 'missing'}: send application/json")
    if request.headers.get("Content-Encoding", "identity").strip().lower() not in ("", "identity"):
        raise _RefusedError(415, "a content encoding is not accepted: send the JSON without one")
    too_large = f"the body has more than {MOST_BYTES} bytes"
    if request.content_length is not None and request.content_length > MOST_BYTES:
        raise _RefusedError(413, too_large)
    body = bytearray()
    while block := request.stream.read(_BLOCK):
        body += block
        if len(body) > MOST_BYTES:
            raise _RefusedError(413, too_large)
    return bytes(body)


def _json(body: bytes) -> object:
    try:
        text = json_text(body, request.mimetype_params.get("charset"))
        return json.loads(text, parse_constant=refuse_json_constant)
    except Refused as error:
        raise _RefusedError(error.status, error.description) from None
    except (ValueError, RecursionError):  # whose words repeat the body
        raise _RefusedError(400, "the body is not JSON, or is nested too deep") from None


def failure(error: RelinkError) -> Response:
    """Return the response to a request that failed outside the execution."""
    return _refused(failure_status(error), error, failure_headers(error))


def _refused(status: int, error: RelinkError, headers: Mapping[str, str] | None = None) -> Response:
    """Return the response to a request that was not executed."""
    if status == 500:
        error = InternalError(error.description)
    elif 400 <= status < 500 and not isinstance(error, NotAuthorisedError):
        error = BadRequestError(error.description)
    return _failed(status, error, headers)


def _failed(status: int, error: RelinkError | SQLAlchemyError, headers: Mapping[str, str] | None = None) -> Response:
    formatted = format_errors([GraphQLError("", original_error=error)], g.request_id)
    response = _response(status, {"data": None, "errors": formatted.errors}, formatted.number)
    response.headers.update(headers or {})
    return response


def _response(status: int, document: dict[str, Any], error_number: int) -> Response:
    """Return the response. It must not be cached, since it may contain a token."""
    response = Response(json.dumps(document), status, content_type="application/json; charset=utf-8")
    response.headers["Cache-Control"] = "no-store"
    response.headers[ERROR_NUMBER] = str(error_number)
    return response
