"""The published schema with its resolvers."""

from __future__ import annotations

from ariadne import make_executable_schema
from graphql import GraphQLSchema

from app.graphql import mutations, nodes, queries, scalars


def make_schema(type_definitions: str) -> GraphQLSchema:
    """Return the executable schema of `schemas/solutions.graphql`. `camelCase` there is `snake_case` here."""
    return make_executable_schema(
        type_definitions,
        scalars.json_scalar,
        scalars.date_time_scalar,
        *nodes.TYPES,
        *queries.TYPES,
        mutations.MUTATION,
        convert_names_case=True,
    )
