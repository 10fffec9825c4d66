"""Describes faults in variables with the library's messages but without the values, which may be secrets."""

from __future__ import annotations

from typing import Any

from graphql import GraphQLError, GraphQLSchema, OperationDefinitionNode
from graphql.execution import get_variable_values

from app.graphql.errors import VariableError, without_values

_MOST_FAULTS = 10


def variable_faults(
    schema: GraphQLSchema, operation: OperationDefinitionNode, variables: dict[str, Any]
) -> list[GraphQLError]:
    """Return what is wrong with the values of an operation's variables: which field, and what was expected there.

    The library checks stand-ins for the values, so that its messages contain only descriptions of the values.
    """
    stand_ins = {name: _stand_in(value) for name, value in variables.items()}
    found = get_variable_values(schema, operation.variable_definitions or (), stand_ins, max_errors=_MOST_FAULTS)
    if not isinstance(found, list):
        return []
    return [GraphQLError(fault.message, fault.nodes, original_error=_variable_error(fault)) for fault in found]


def _variable_error(fault: GraphQLError) -> VariableError:
    """Cut off values that the library repeats from elsewhere, such as a default in the query."""
    message = fault.message
    return VariableError(without_values(message) if "default value" in message else message)


def _stand_in(value: object) -> object:
    match value:
        case None | bool():
            return value
        case str():
            return _Text(value)
        case int():
            return _Integer(value)
        case float():
            return _Number(value)
        case list():
            return _List(map(_stand_in, value))
        case dict():
            return _Object((name, _stand_in(item)) for name, item in value.items())
    raise TypeError(f"{type(value).__name__} is not a type of JSON")


class _Text(str):
    __slots__ = ()

    def __repr__(self) -> str:
        return "a string"


class _Integer(int):
    def __repr__(self) -> str:
        return "an integer"


class _Number(float):
    def __repr__(self) -> str:
        return "a number"


class _List(list[object]):
    def __inspect__(self) -> str:
        return "a list"


class _Object(dict[str, object]):
    def __inspect__(self) -> str:
        return "an object"
