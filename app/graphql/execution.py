"""One GraphQL request from its text to its answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from graphql import GraphQLError, GraphQLSchema, execute_sync, parse, validate

from app.graphql.errors import format_error
from app.graphql.limits import MOST_TOKENS, limit_fault
from app.graphql.session import Session


@dataclass(frozen=True)
class GraphQLRequest:
    """What a client sends. Variables may be secret."""

    query: str
    variables: dict[str, Any] | None = field(default=None, repr=False)
    operation_name: str | None = None


def execute(schema: GraphQLSchema, session: Session, request: GraphQLRequest) -> dict[str, Any]:
    """The answer: `data`, and `errors` where there are any. The mutations of a request run one after the other."""
    try:
        data, errors = _executed(schema, session, request)
    except GraphQLError as error:
        data, errors = None, [error]
    except RecursionError:
        data, errors = None, [GraphQLError("the request is nested too deep")]
    answer: dict[str, Any] = {"data": data}
    if errors:
        answer["errors"] = [format_error(error) for error in errors]
    return answer


def _executed(
    schema: GraphQLSchema, session: Session, request: GraphQLRequest
) -> tuple[dict[str, Any] | None, list[GraphQLError] | None]:
    document = parse(request.query, max_tokens=MOST_TOKENS)
    fault = limit_fault(document)
    faults = [fault] if fault is not None else validate(schema, document)
    if faults:
        return None, faults
    result = execute_sync(
        schema,
        document,
        context_value=session,
        variable_values=request.variables,
        operation_name=request.operation_name,
    )
    return result.data, result.errors
