"""Links to versions that do not exist."""

from __future__ import annotations

from sqlalchemy import Engine, text

_DANGLING = text("""
    SELECT l.kind, l.node_identifier, l.version_number FROM (
      SELECT 'type' AS kind, type_node_identifier AS node_identifier, type_version_number AS version_number
      FROM node_version
      UNION
      SELECT 'member type', member_type_node_identifier, member_type_version_number FROM member
      UNION
      SELECT 'target', target_node_identifier, target_version_number FROM member
    ) AS l
    WHERE l.node_identifier IS NOT NULL AND NOT EXISTS (
      SELECT FROM node_version v WHERE v.node_identifier = l.node_identifier AND v.version_number = l.version_number)
""")


def dangling_links(engine: Engine) -> list[tuple[object, ...]]:
    """The kinds of such links, and the identifiers and numbers that they have."""
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(_DANGLING)]
