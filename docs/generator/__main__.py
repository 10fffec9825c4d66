"""Writes docs/reference, app/console/reference/services.json and app/database/schema.sql from the code and the tests.

`python -m docs.generator` writes them; with `--check` it names the files that are out of date.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from docs.generator import commands, graphql, ledger, schema, service_pages, services, settings

_DOCS = Path(__file__).parents[1]
REFERENCE = _DOCS / "reference"


def pages() -> Iterator[tuple[Path, str]]:
    """Each generated page: its file and its text."""
    for source in (services, graphql, commands, settings, ledger):
        for name, text in source.pages():
            yield REFERENCE / name, text
    yield service_pages.FILE, service_pages.text()


def out_of_date() -> list[Path]:
    """The pages that differ from what would be written, and the files that nothing writes."""
    wanted = dict(pages())
    stale = [path for path, text in wanted.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    return stale + [path for path in REFERENCE.rglob("*.md") if path not in wanted]


def write() -> None:
    """Write the pages, and delete those that nothing writes any more."""
    for path in out_of_date():
        path.unlink(missing_ok=True)
    for path, text in pages():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    if "--check" in sys.argv[1:]:
        stale = out_of_date()
        if schema.SCHEMA_FILE.read_text(encoding="utf-8") != schema.fresh_schema():
            stale.append(schema.SCHEMA_FILE)
        sys.exit("\n".join(["out of date, run make docs:", *map(str, stale)]) if stale else 0)
    write()
    schema.SCHEMA_FILE.write_text(schema.fresh_schema(), encoding="utf-8")
