"""What one request may ask for at the most: how deep, and how many fields and aliases."""

from __future__ import annotations

from typing import Any, Final

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValidationContext,
    ValidationRule,
)

MOST_DEPTH: Final = 15
MOST_FIELDS: Final = 500
MOST_ALIASES: Final = 30
MOST_TOKENS: Final = 5000


class WithinLimits(ValidationRule):
    """Refuses operations that are too deep or too wide, fragments counted wherever they are used."""

    def __init__(self, context: ValidationContext) -> None:
        super().__init__(context)
        self._fragments = {
            node.name.value: node.selection_set
            for node in context.document.definitions
            if isinstance(node, FragmentDefinitionNode)
        }

    def enter_document(self, node: DocumentNode, *_: Any) -> None:  # noqa: ANN401 - the visitor's signature
        """Look at every operation before anything else does."""
        for definition in node.definitions:
            if isinstance(definition, OperationDefinitionNode):
                self._look(definition)

    def _look(self, operation: OperationDefinitionNode) -> None:
        fields = aliases = 0
        pending: list[tuple[SelectionSetNode, int, frozenset[str]]] = [(operation.selection_set, 1, frozenset())]
        while pending:
            selection_set, depth, inside = pending.pop()
            if depth > MOST_DEPTH:
                self.report_error(GraphQLError(f"the query is more than {MOST_DEPTH} levels deep", operation))
                return
            for selection in selection_set.selections:
                if isinstance(selection, FieldNode):
                    fields += 1
                    aliases += selection.alias is not None
                    if selection.selection_set is not None:
                        pending.append((selection.selection_set, depth + 1, inside))
                elif isinstance(selection, InlineFragmentNode):
                    pending.append((selection.selection_set, depth, inside))
                elif isinstance(selection, FragmentSpreadNode):
                    name = selection.name.value
                    if name in self._fragments and name not in inside:
                        pending.append((self._fragments[name], depth, inside | {name}))
            if fields > MOST_FIELDS or aliases > MOST_ALIASES or len(pending) > MOST_FIELDS:
                text = f"the query asks for more than {MOST_FIELDS} fields or uses more than {MOST_ALIASES} aliases"
                self.report_error(GraphQLError(text, operation))
                return
