"""Faults in variables, in the words of the library, without the values: they may be passwords or other secrets."""

from __future__ import annotations

from typing import Any

from graphql import GraphQLError, GraphQLSchema, OperationDefinitionNode
from graphql.execution import get_variable_values

from app.graphql.errors import VariableError, without_values

_MOST_FAULTS = 10


def variable_faults(
    schema: GraphQLSchema, operation: OperationDefinitionNode, variables: dict[str, Any]
) -> list[GraphQLError]:
    """What is wrong with the values of an operation's variables: which field, and what was expected there.

    The library checks stand-ins, which it takes for the values, but which are only described in its messages.
    """
    stand_ins = {name: _stand_in(value) for name, value in variables.items()}
    found = get_variable_values(schema, operation.variable_definitions or (), stand_ins, max_errors=_MOST_FAULTS)
    if not isinstance(found, list):
        return []
    return [GraphQLError(fault.message, fault.nodes, original_error=_variable_error(fault)) for fault in found]


def _variable_error(fault: GraphQLError) -> VariableError:
    """Values that the library repeats by other means, such as a default in the query, are cut off."""
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
