"""Lists solutions page by page, the oldest first."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import Connection, text

from app.errors import UserError, not_found
from app.solutions.listing import ListPlace, read_places
from app.solutions.releases.solutions import Solution, read_solutions, solution_listing
from app.solutions.texts import identifiers

_TITLES = text("""
    SELECT solution_identifier::text, title FROM solution
    WHERE solution_identifier = ANY (CAST(:solutions AS uuid[]))
""")


def list_solutions(
    connection: Connection, *, tags: Collection[str] = (), after: str | None = None, limit: int
) -> list[Solution]:
    """Return solutions that have all of `tags`, the oldest first, starting after the solution `after` if it is given.

    Raises UserError about `solution_id_after`.
    """
    place = None if after is None else _place(connection, after)
    places = read_places(connection, solution_listing(tags), limit, after=place)
    return read_solutions(connection, [str(each.identifier) for each in places])


def read_titles(connection: Connection, solution_ids: Collection[str]) -> dict[str, str]:
    """Return the titles of the solutions that exist, by id."""
    rows = connection.execute(_TITLES, {"solutions": identifiers(solution_ids)})
    return {row[0]: row[1] for row in rows}


def _place(connection: Connection, solution_id: str) -> ListPlace:
    found = read_solutions(connection, [solution_id])
    if not found:
        raise UserError(not_found("solution_id_after"))
    return ListPlace(found[0].created, UUID(found[0].solution_id))
