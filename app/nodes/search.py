"""Finds nodes by the words in their names, references and values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, text

from app.database.sql_files import sql_file
from app.errors import UserError, invalid, missing, not_found, too_many
from app.identity import right
from app.identity.rights import Caller
from app.nodes.versions import Node, node_by_reference, sign_in_to_read
from app.nodes.visibility import Visibility, read_visibility
from app.references import content_range

MOST_WORDS = 20
_SHORTEST_BEGINNING = 3
_SEARCH = (Path(__file__).parent / "search.sql").read_text(encoding="utf-8")
# References and addresses are split into words. Only the beginning of a long text is indexed, because a vector of words
# has a size limit. The indexes are on these expressions.
_PUNCTUATION = "._/@:-"
_PLAIN = f"translate(left({{}}, 65536), '{_PUNCTUATION}', '{' ' * len(_PUNCTUATION)}')"
_WORDS_OF = {
    "words_of_name": "i.node_name",
    "words_of_reference": "n.node_reference",
    "words_of_value": "m.value",
}
_EXPRESSIONS = {
    name: f"to_tsvector('simple'::regconfig, {_PLAIN.format(column)})" for name, column in _WORDS_OF.items()
}
# A word of at least `shortest` letters also matches words that begin with it. A text without letters or digits is not a
# word.
_WORDS = text(f"""
    SELECT DISTINCT CASE WHEN length(word) >= :shortest THEN query || ':*' ELSE query END
    FROM regexp_split_to_table({_PLAIN.format(":query")}, '\\s+') AS given (word)
    CROSS JOIN LATERAL (SELECT CAST(plainto_tsquery('simple', word) AS text)) AS of (query)
    WHERE query <> ''
""")  # noqa: S608 - all of it is in this module
_SUMMARIES = sql_file("app.nodes", "search_summaries")
LONGEST_SUMMARY = 200


@dataclass(frozen=True)
class Hit:
    """A node that was found, its latest version that the caller may use, and a value that contains one of the words."""

    node_identifier: int
    reference: str
    number: int | None
    name: str | None
    summary: str | None


@dataclass(frozen=True)
class Hits:
    """A page of the nodes that were found, and the number of nodes on all pages."""

    page: list[Hit]
    results: int


def search(
    connection: Connection,
    caller: Caller,
    query: str | None,
    *,
    everywhere: bool,
    package: str | None,
    page: int,
    page_size: int,
) -> Hits:
    """Find nodes that have all words of a query, in the order of their references.

    Whole words match, whatever the case of the letters; words of three letters or more also match the beginning of
    other words. Nodes, drafts and member types that the caller may not use or read are not searched.

    Raises UserError (105) about `query` or `package`, and NotAuthorisedError (101) for a package that a caller without
    credentials may not read.
    """
    words = _words(connection, query)
    inside = None if package is None else _package(connection, caller, package)
    visibility = read_visibility(connection, caller)
    start, end = ("", "~") if inside is None else content_range(inside.reference)
    values = {
        "words": words,
        "everywhere": everywhere,
        "package": "" if inside is None else inside.reference,
        "package_start": start,
        "package_end": end,
        "limit": page_size,
        "offset": (page - 1) * page_size,
        **visibility.parameters,
    }
    statement = _SEARCH.format(
        shown=_shown(visibility),
        readable=visibility.readable("n"),
        readable_member_type=visibility.readable("mt"),
        **_EXPRESSIONS,
    )
    rows = connection.execute(text(statement), values).all()
    if not rows and page > 1:
        return Hits([], _results(connection, statement, values))
    return Hits(_with_summaries(connection, visibility, words, rows), rows[0].results if rows else 0)


def _results(connection: Connection, statement: str, values: dict[str, object]) -> int:
    """Return the number of results for a page after the last one."""
    row = connection.execute(text(statement), {**values, "limit": 1, "offset": 0}).first()
    return 0 if row is None else int(row.results)


def _words(connection: Connection, query: str | None) -> list[str]:
    if not query:
        raise UserError(missing("query"))
    words = list(connection.execute(_WORDS, {"query": query, "shortest": _SHORTEST_BEGINNING}).scalars())
    if not words:
        raise UserError(invalid("query", "has no word: give at least one letter or digit"))
    if len(words) > MOST_WORDS:
        raise UserError(too_many("query", f"has more than {MOST_WORDS} words"))
    return words


def _package(connection: Connection, caller: Caller, reference: str) -> Node:
    package = node_by_reference(connection, caller, reference)
    if package is None or not package.may(right.READ):
        if not caller.is_signed_in:
            raise sign_in_to_read(reference)
        raise UserError(not_found("package", reference))
    return package


def _shown(visibility: Visibility) -> str:
    """Return an SQL expression: the number of the latest version of the node `n` that the caller may use, or null."""
    visible = visibility.visible_version("n", "n.latest_version_number")
    return f"CASE WHEN {visible} THEN n.latest_version_number ELSE nullif(n.frozen_version_number, 0) END"


def _with_summaries(
    connection: Connection, visibility: Visibility, words: list[str], rows: Sequence[object]
) -> list[Hit]:
    found = [(row.node_identifier, row.node_reference, row.version_number) for row in rows]  # type: ignore[attr-defined]
    statement = _SUMMARIES.format(
        readable_member_type=visibility.readable("mt"), longest=LONGEST_SUMMARY, **_EXPRESSIONS
    )
    values = {
        "nodes": [node for node, _, _ in found],
        "numbers": [number for _, _, number in found],
        "words": words,
        **visibility.parameters,
    }
    summaries = {row[0]: (row[1], row[2]) for row in connection.execute(text(statement), values)}
    return [Hit(node, reference, number, *summaries[node]) for node, reference, number in found]
