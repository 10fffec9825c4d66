"""Executes one GraphQL request."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    OperationType,
    execute_sync,
    get_operation_ast,
    parse,
    validate,
)

from app.errors import UserError, too_many
from app.graphql.budget import NoTurn, ResponseTooLarge
from app.graphql.errors import format_errors
from app.graphql.limits import MOST_TOKENS, limit_fault, selected_fields
from app.graphql.session import GraphQLSession
from app.graphql.variables import variable_faults


@dataclass(frozen=True)
class GraphQLRequest:
    """The request of a client. Variables may be secret."""

    query: str
    variables: dict[str, Any] | None = field(default=None, repr=False)
    operation_name: str | None = None


@dataclass(frozen=True)
class Executed:
    """The response, with `data` and possibly `errors`, and its error number."""

    response: dict[str, Any]
    error_number: int


def execute(schema: GraphQLSchema, session: GraphQLSession, request: GraphQLRequest, request_id: str) -> Executed:
    """Execute a request. Its mutations run one after the other. Internal errors are logged with the `request_id`.

    Raises BusyError if the response would be large while too many large responses are being built. Mutations that were
    carried out before that are not undone.
    """
    try:
        data, errors = _executed(schema, session, request)
    except GraphQLError as error:
        data, errors = None, [error]
    except RecursionError:
        data, errors = None, [GraphQLError("the request is nested too deep")]
    response: dict[str, Any] = {"data": data}
    if not errors:
        return Executed(response, 0)
    formatted = format_errors(errors, request_id)
    response["errors"] = formatted.errors
    return Executed(response, formatted.number)


def _executed(
    schema: GraphQLSchema, session: GraphQLSession, request: GraphQLRequest
) -> tuple[dict[str, Any] | None, list[GraphQLError] | None]:
    document = parse(request.query, max_tokens=MOST_TOKENS)
    faults = _faults(schema, document, request)
    if faults:
        return None, faults
    session.selected = selected_fields(document)
    try:
        result = execute_sync(
            schema,
            document,
            context_value=session,
            variable_values=request.variables,
            operation_name=request.operation_name,
            middleware=[session.budget],
        )
    except NoTurn as error:
        raise error.cause from None
    except ResponseTooLarge:
        return None, [_too_large(session, document, request)]
    return result.data, result.errors


def _too_large(session: GraphQLSession, document: DocumentNode, request: GraphQLRequest) -> GraphQLError:
    operation = get_operation_ast(document, request.operation_name)
    mutation = operation is not None and operation.operation is OperationType.MUTATION
    done = ". The mutations before it have been carried out" if mutation else ""
    return GraphQLError("", original_error=UserError(too_many("", f"{session.budget.reason}{done}")))


def _faults(schema: GraphQLSchema, document: DocumentNode, request: GraphQLRequest) -> list[GraphQLError]:
    """Return why a document cannot be executed."""
    fault = limit_fault(document)
    faults = [fault] if fault is not None else validate(schema, document)
    operation = get_operation_ast(document, request.operation_name)
    # Without an operation, the library says that there is none, or that a name is needed.
    if faults or operation is None:
        return faults
    return variable_faults(schema, operation, request.variables or {})
