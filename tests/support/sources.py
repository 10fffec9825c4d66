"""The statements of Python sources, for tests of the sources."""

from __future__ import annotations

import ast
from collections.abc import Iterator

_BLOCKS = ("body", "orelse", "handlers", "finalbody", "cases")


def statements(block: ast.AST) -> Iterator[ast.stmt]:
    """Yield the statements in a module or in a statement at any depth, without looking into expressions."""
    for name in _BLOCKS:
        inner = getattr(block, name, ())
        for each in inner if isinstance(inner, list) else ():
            if isinstance(each, ast.stmt):
                yield each
            yield from statements(each)
