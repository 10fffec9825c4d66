"""The two scalars of the schema: JSON in a string, and points in time."""

from __future__ import annotations

from datetime import datetime

from ariadne import ScalarType
from graphql import GraphQLError, StringValueNode, ValueNode

from app.solutions.texts import time_text

json_scalar = ScalarType("Json")
date_time_scalar = ScalarType("DateTime")


@date_time_scalar.serializer
def _time(moment: datetime) -> str:
    return time_text(moment)


@json_scalar.serializer
def _json(text: str) -> str:
    """Json stays a text here. The function that uses a value checks its content."""
    return text


@json_scalar.value_parser
def _given(value: object) -> str:
    if not isinstance(value, str):
        raise GraphQLError("Json is a string that holds JSON")
    return value


@json_scalar.literal_parser
def _literal(node: ValueNode, _: dict[str, object] | None = None) -> str:
    if not isinstance(node, StringValueNode):
        raise GraphQLError("Json is a string that holds JSON")
    return node.value
