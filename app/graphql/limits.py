"""Limits of one request: its depth, and its number of fields, aliases and list entries."""

from __future__ import annotations

from typing import Final

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    OperationDefinitionNode,
    SelectionSetNode,
)

MOST_DEPTH: Final = 15
MOST_FIELDS: Final = 500
MOST_ALIASES: Final = 30
MOST_TOKENS: Final = 5000
MOST_ENTRIES: Final = 5000

_TOO_DEEP = f"the query is more than {MOST_DEPTH} levels deep"
_TOO_WIDE = f"the query asks for more than {MOST_FIELDS} fields or uses more than {MOST_ALIASES} aliases"


def limit_fault(document: DocumentNode) -> GraphQLError | None:
    """Return why a document asks for too much, or None. Must be called before validation rules that take longer.

    A fragment counts at each use and at its definition, since the other rules also look at unused fragments.
    """
    walk = _Walk(document)
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode | FragmentDefinitionNode):
            fault = walk.fault_of(definition.selection_set)
            if fault is not None:
                return GraphQLError(fault, definition)
    return None


def selected_fields(document: DocumentNode) -> frozenset[str]:
    """Return the names of all fields that a document selects."""
    names: set[str] = set()
    pending = [
        definition.selection_set
        for definition in document.definitions
        if isinstance(definition, OperationDefinitionNode | FragmentDefinitionNode)
    ]
    while pending:
        for selection in pending.pop().selections:
            if isinstance(selection, FieldNode):
                names.add(selection.name.value)
            inner = getattr(selection, "selection_set", None)
            if inner is not None:
                pending.append(inner)
    return frozenset(names)


class _Walk:
    """Counts the selections of a document. Fields and fragment spreads both count, so that the walk ends soon for all
    documents, even if fragments use themselves."""

    def __init__(self, document: DocumentNode) -> None:
        self._fragments = {
            definition.name.value: definition.selection_set
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }

    def fault_of(self, selection_set: SelectionSetNode) -> str | None:
        selections = aliases = 0
        pending: list[tuple[SelectionSetNode, int]] = [(selection_set, 1)]
        while pending:
            present, depth = pending.pop()
            if depth > MOST_DEPTH:
                return _TOO_DEEP
            for selection in present.selections:
                selections += 1
                if isinstance(selection, FieldNode):
                    aliases += selection.alias is not None
                    inner, inner_depth = selection.selection_set, depth + 1
                elif isinstance(selection, FragmentSpreadNode):
                    inner, inner_depth = self._fragments.get(selection.name.value), depth
                else:
                    inner, inner_depth = getattr(selection, "selection_set", None), depth
                if inner is not None:
                    pending.append((inner, inner_depth))
            if selections > MOST_FIELDS or aliases > MOST_ALIASES:
                return _TOO_WIDE
        return None
