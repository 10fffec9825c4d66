"""Hashes of frozen versions, to see that none of them ever changes."""

from __future__ import annotations

from sqlalchemy import Engine, text

_HASHES = text("""
    SELECT n.node_reference || '.' || v.version_number,
           md5(to_jsonb(v)::text)
    FROM node n JOIN node_version v ON v.node_identifier = n.node_identifier
     AND v.version_number <= n.frozen_version_number
""")

Hashes = dict[str, str]


def frozen_hashes(engine: Engine) -> Hashes:
    """The hash of each frozen version with its members, by the reference of the version."""
    with engine.connect() as connection:
        return {row[0]: row[1] for row in connection.execute(_HASHES)}


def assert_unchanged(before: Hashes, after: Hashes) -> None:
    """All versions that were frozen before are still frozen and unchanged. Others may have been frozen since."""
    changed = [version for version, digest in before.items() if after.get(version) != digest]
    assert not changed, f"frozen versions that changed: {changed[:10]}"
