"""Nothing in the program is unused: each function, class and constant occurs somewhere besides its definition."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.support.sources import statements

ROOT = Path(__file__).parent.parent
FOLDERS = ("app", "benchmarks", "docs", "examples")
OVERRIDES = {
    "format_commands", "http_open", "https_open", "murder_pending", "readinto", "redirect_request", "render", "sendall"
}  # fmt: skip
"""Methods that override those of a library's class."""
READ_BY_GUNICORN = "app/commands/gunicorn_config.py"


def test_each_name_is_used() -> None:
    sources = {path: path.read_text() for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")}
    others = [*(ROOT / "app").rglob("*.html"), *(ROOT / name for name in ("wsgi.py", "pyproject.toml"))]
    texts = [*sources.values(), *(path.read_text() for path in others)]
    words = Counter(word for text in texts for word in re.findall(r"\w+", text))
    defined = {
        name: path.relative_to(ROOT).as_posix()
        for path, text in sources.items()
        if path.is_relative_to(ROOT / "app") and path != ROOT / READ_BY_GUNICORN
        for name in _defined(ast.parse(text))
    }
    assert len(defined) > 2000
    assert {name: path for name, path in defined.items() if words[name] == 1 and name not in OVERRIDES} == {}


def _defined(module: ast.Module) -> Iterator[str]:
    """Yield the names of functions, methods, classes and constants. What has a decorator is used by the decorator."""
    for node in statements(module):
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            continue
        if not node.decorator_list and not node.name.startswith("__"):
            yield node.name
    for statement in module.body:
        targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
        yield from (target.id for target in targets if isinstance(target, ast.Name))
