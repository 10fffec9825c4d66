"""Reads the contents of releases. A release never changes, so contents are cached and shared by many readers."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable
from functools import lru_cache

from sqlalchemy import Connection, text

from app.solutions.content.documents import from_document
from app.solutions.content.model import Content
from app.solutions.texts import identifier

_MOST_CACHED = 64 * 1024
"""Larger contents are not cached."""
_OF_SOLUTIONS = text("""
    SELECT solution_identifier::text, release_number, content::text FROM solution_release
    WHERE solution_identifier = ANY (cast(:solutions AS uuid[]))
""")
_OF_RELEASES = text("""
    SELECT solution_identifier::text, release_number, content::text FROM solution_release
    WHERE (solution_identifier, release_number)
          IN (SELECT * FROM unnest(cast(:solutions AS uuid[]), cast(:numbers AS integer[])))
""")


def read_contents(
    connection: Connection, solution_id: str, numbers: Collection[int] | None = None
) -> dict[int, Content]:
    """Return the contents of a solution's releases by number: all of them, or those of `numbers` that exist."""
    solution = identifier(solution_id)
    if solution is None:
        return {}
    if numbers is None:
        return contents_of_solutions(connection, [solution]).get(solution, {})
    return contents_of_releases(connection, [(solution, number) for number in numbers]).get(solution, {})


def contents_of_solutions(connection: Connection, solution_ids: Iterable[str]) -> dict[str, dict[int, Content]]:
    """Return the contents of all releases of solutions, by solution and number."""
    return _read(connection.execute(_OF_SOLUTIONS, {"solutions": list(solution_ids)}))


def contents_of_releases(connection: Connection, releases: Iterable[tuple[str, int]]) -> dict[str, dict[int, Content]]:
    """Return the contents of single releases, by solution and number."""
    wanted = list(releases)
    parameters = {"solutions": [solution for solution, _ in wanted], "numbers": [number for _, number in wanted]}
    return _read(connection.execute(_OF_RELEASES, parameters))


@lru_cache(maxsize=256)
def content_of_text(document: str) -> Content:
    """Return the content in a document from the database."""
    return from_document(json.loads(document))


def _read(rows: Iterable[tuple[str, int, str]]) -> dict[str, dict[int, Content]]:
    contents: dict[str, dict[int, Content]] = defaultdict(dict)
    for solution, number, document in rows:
        cached = len(document) <= _MOST_CACHED
        contents[solution][number] = content_of_text(document) if cached else from_document(json.loads(document))
    return dict(contents)
