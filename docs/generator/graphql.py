"""The reference of the GraphQL interface, from its schema file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
)

_SCHEMA = Path(__file__).parents[2] / "schemas" / "solutions.graphql"


def pages() -> Iterator[tuple[str, str]]:
    """The one page of the GraphQL interface."""
    schema = build_schema(_SCHEMA.read_text(encoding="utf-8"))
    parts = [
        "# GraphQL\n\n"
        "POST a query as JSON to `/graphql`, with `Authorization: Bearer` and a master token or a user token.\n"
        "The schema file: [solutions.graphql](../../schemas/solutions.graphql).",
        *(_section(named) for named in _in_order(schema)),
    ]
    yield "graphql.md", "\n\n".join(parts) + "\n"


def _in_order(schema: GraphQLSchema) -> list[GraphQLNamedType]:
    """Queries, mutations, then all other types of the schema file by name."""
    roots = [root for root in (schema.query_type, schema.mutation_type) if root is not None]
    others = (named for named in schema.type_map.values() if named.ast_node is not None and named not in roots)
    return [*roots, *sorted(others, key=lambda named: named.name)]


def _section(named: GraphQLNamedType) -> str:
    heading = f"## {named.name}\n\n{_text(named.description)}"
    match named:
        case GraphQLObjectType() | GraphQLInterfaceType():
            rows = [
                f"| `{name}{_arguments(field)}` | `{field.type}` | {_about(field)} |"
                for name, field in named.fields.items()
            ]
            return "\n".join([heading + "\n", "| field | type | meaning |", "|---|---|---|", *rows])
        case GraphQLInputObjectType():
            rows = [
                f"| `{name}` | `{field.type}` | {_text(field.description)} |" for name, field in named.fields.items()
            ]
            return "\n".join([heading + "\n", "| field | type | meaning |", "|---|---|---|", *rows])
        case GraphQLEnumType():
            values = (f"| `{name}` | {_text(value.description)} |" for name, value in named.values.items())
            return "\n".join([heading, "", "| value | meaning |", "|---|---|", *values])
        case _:
            return heading


def _arguments(field: GraphQLField) -> str:
    return f"({', '.join(_argument(*item) for item in field.args.items())})" if field.args else ""


def _argument(name: str, argument: GraphQLArgument) -> str:
    return f"{name}: {argument.type}"


def _about(field: GraphQLField) -> str:
    about = [_text(argument.description) for argument in field.args.values()]
    return " ".join(text for text in (_text(field.description), *about) if text)


def _text(description: str | None) -> str:
    return " ".join((description or "").split()).replace("|", "\\|")
