"""`POST /graphql`: solutions, for partners and their end users, with a master token or a user token.

The answer is JSON in the documented shape whatever happens. A request that was understood is answered with status
200, also where it has errors, as documented. It is 401 without a valid token, 400 where the body is no GraphQL
request, 405, 413 or 415 where it can not be taken, and 503 while the database is away.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any, Final

from flask import Blueprint, Response, request
from graphql import GraphQLError, GraphQLSchema
from sqlalchemy.exc import SQLAlchemyError

from app.database.failures import passing
from app.errors import RelinkError
from app.graphql.errors import BadRequestError, NoTokenError, format_error
from app.graphql.execution import GraphQLRequest, execute
from app.graphql.schema import make_schema
from app.graphql.session import Session
from app.solutions.people.cipher import Cipher
from app.solutions.people.tokens import Token, find_token
from app.wire.context import present_state
from app.wire.schemas import SCHEMA_DIRECTORY

MOST_BYTES: Final = 1024 * 1024

blueprint = Blueprint("graphql", __name__)
_BLOCK = 64 * 1024


class _RefusedError(BadRequestError):
    """A body that is not taken, with the status that says why."""

    def __init__(self, status: int, description: str) -> None:
        super().__init__(description)
        self.status = status


@blueprint.route("/graphql", methods=["POST", "GET", "PUT", "PATCH", "DELETE"])
def graphql() -> Response:
    """Answer one request."""
    if request.method != "POST":
        return _failed(405, BadRequestError("only POST is taken here"), Allow="POST")
    try:
        token = _token()
        state = present_state()
        session = Session(state.engine, Cipher(state.settings.secret_key), token, state.settings.trigger_url)
        return _answered(200, execute(_schema(), session, _graphql_request()))
    except NoTokenError as error:
        return _failed(401, error, WWW_Authenticate="Bearer")
    except _RefusedError as error:
        return _failed(error.status, error)


@blueprint.errorhandler(SQLAlchemyError)
def _store_failed(error: SQLAlchemyError) -> Response:
    """What the resolvers did not meet: the database is away before a token is found."""
    return _failed(503, error, Retry_After="5") if passing(error) is not None else _failed(500, error)


@cache
def _schema() -> GraphQLSchema:
    return make_schema((SCHEMA_DIRECTORY / "solutions.graphql").read_text(encoding="utf-8"))


def _token() -> Token:
    """The token of the request. Raises NoTokenError."""
    given = request.authorization
    if given is not None and given.type == "bearer" and given.token:
        with present_state().engine.connect() as connection:
            token = find_token(connection, given.token)
        if token is not None:
            return token
    raise NoTokenError


def _graphql_request() -> GraphQLRequest:
    """The request in the body. Raises _RefusedError."""
    body = _json(_body())
    if not isinstance(body, dict):
        raise _RefusedError(400, "the body must be a JSON object with query, variables and operationName")
    query, variables, name = body.get("query"), body.get("variables"), body.get("operationName")
    if not isinstance(query, str):
        raise _RefusedError(400, "query must be a string")
    if not isinstance(variables, dict | None):
        raise _RefusedError(400, "variables must be an object")
    if not isinstance(name, str | None):
        raise _RefusedError(400, "operationName must be a string")
    return GraphQLRequest(query, variables, name)


def _body() -> bytes:
    if request.mimetype != "application/json" or request.mimetype_params.get("charset", "utf-8").lower() != "utf-8":
        raise _RefusedError(415, "the media type must be application/json, in UTF-8")
    if request.headers.get("Content-Encoding", "identity").strip().lower() not in ("", "identity"):
        raise _RefusedError(415, "no content encoding is taken: send the JSON as it is")
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
        return json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError):  # whose words repeat the body
        raise _RefusedError(400, "the body is not JSON in UTF-8, or is nested too deep") from None


def _failed(status: int, error: RelinkError | SQLAlchemyError, **headers: str) -> Response:
    """An answer without data, for a request that was not looked into."""
    formatted = format_error(GraphQLError("", original_error=error))
    response = _answered(status, {"data": None, "errors": [formatted]})
    response.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    return response


def _answered(status: int, answer: dict[str, Any]) -> Response:
    """The response. Nobody may keep it: it may hold a token."""
    response = Response(json.dumps(answer), status, content_type="application/json; charset=utf-8")
    response.headers["Cache-Control"] = "no-store"
    return response
