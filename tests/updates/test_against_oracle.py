"""Impact and force over HTTP on random graphs, compared with the naive oracle. Frozen versions do not change."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from app.application import create_app
from app.database.engine import snapshot
from app.identity.users import add_user
from app.settings import Settings
from tests.conftest import FreshDatabase
from tests.support.databases import engine_on
from tests.support.examples import EXAMPLES
from tests.support.http import PASSWORD, Client, Reply
from tests.updates import oracle
from tests.updates.chains import check_chains
from tests.updates.graph_documents import to_node_import
from tests.updates.graphs import cases
from tests.updates.oracle_links import may
from tests.updates.oracle_model import Link, Request, Result, Row, Store

PERMISSIONS = {right: f"node-{right}" for right in ("read", "link", "use-type", "use-draft", "administer")}


@pytest.mark.ledger("PRO-1")
@given(case=cases(), why=st.booleans())
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
def test_impact_and_force_are_what_the_oracle_says(
    fresh_database: FreshDatabase, case: tuple[Store, Request], why: bool
) -> None:
    store, request = case
    with loaded(fresh_database, store) as (engine, client):
        before = frozen_rows(engine, store)
        planned = update(client, request, "impact", why=why)
        same(planned, oracle.impact(store, request), store)
        assert contents(engine) == expected_contents(store)

        after, forced = oracle.force(store, request)
        done = update(client, request, "force", why=why)
        same(done, forced, store)
        if why:
            check_chains(planned, store, request)
            check_chains(done, store, request)
        assert contents(engine) == expected_contents(after)
        assert frozen_rows(engine, store) == before
        assert not wrongly_indexed(engine)

        again = update(client, request, "impact")
        same(again, oracle.impact(after, request), after)
        assert not [row for row in again.updates() if row["updateType"] in ("version", "change")]


@contextmanager
def loaded(fresh_database: FreshDatabase, store: Store) -> Iterator[tuple[Engine, Client]]:
    """A service on a database with the nodes of a store, and a client who has the rights of its caller."""
    with fresh_database(True, connected=True) as url, engine_on(url) as engine:
        with engine.begin() as connection:
            add_user(connection, "caller", PASSWORD)
        client = Client(create_app(Settings(), engine))
        assert client.post(to_node_import(store)).number == 0
        grant(engine, store)
        yield engine, client.as_user("caller")


def grant(engine: Engine, store: Store) -> None:
    rows = [
        {"type": PERMISSIONS[right], "reference": reference}
        for reference, rights in store.rights.items()
        for right in rights
        if not reference.startswith("system")
    ]
    if rows:
        with engine.begin() as connection:
            connection.execute(
                text(
                    "INSERT INTO permission (permission_type, user_group_identifier, node_identifier)"
                    " SELECT :type, g.user_group_identifier, n.node_identifier FROM user_group g, node n"
                    " WHERE g.user_group_reference = 'caller' AND n.node_reference = :reference"
                ),
                rows,
            )


def update(client: Client, request: Request, action: str, *, why: bool = False) -> Reply:
    elements = {
        "why": str(why).lower(),
        "alwaysCreateNewVersionIndicator": str(request.always).lower(),
        "sourceScope": request.scope,
    }
    if request.manifest is not None:
        elements["sourceReference"] = f"{request.manifest[0]}.{request.manifest[1]}"
    elif request.source is not None:
        elements["sourceReference"] = request.source
    return client.update(request.context, action, request.content, **elements)


def same(reply: Reply, expected: Result, store: Store) -> None:
    """The response has exactly the rows of the oracle, and the error number that follows from them."""
    assert [as_row(update) for update in reply.updates()] == [shown(row, store) for row in expected.rows]
    refused = [row for row in expected.rows if row.update_type in ("warning", "error")]
    assert reply.number == (108 if refused or expected.hidden else 0)
    description = reply.text("errorDescription") or ""
    assert (f"{expected.hidden} node" in description and "not listed" in description) == bool(expected.hidden)


def as_row(update: dict[str, str]) -> dict[str, str]:
    keys = ("nodeReference", "nodeVersionNumber", "updateType", "nodeReferenceType", "nodeVersionNumberType", "members")
    return {key: update[key] for key in keys if key in update}


def shown(row: Row, store: Store) -> dict[str, str]:
    """A row as the caller gets it: a member type that the caller may not read has no reference."""
    fields = {"nodeReference": row.reference, "nodeVersionNumber": str(row.number), "updateType": row.update_type}
    if row.type is not None:
        fields |= {"nodeReferenceType": row.type[0], "nodeVersionNumberType": str(row.type[1])}
    members = []
    for member in row.members:
        moved = f" -> {full(member.target)}" if member.target is not None else ""
        reference, number = member.member_type
        known = reference if may(store, reference, "read") else ""
        members.append(f"{member.kind} {known}.{number}{moved}")
    if members:
        fields["members"] = ", ".join(members)
    return fields


def full(link: Link) -> str:
    return f"{link[0]}.{link[1]}"


def frozen_rows(engine: Engine, store: Store) -> str:
    """A hash of all rows of the versions that are frozen in a store."""
    with engine.connect() as connection:
        return str(
            connection.execute(
                text(
                    "SELECT md5(string_agg(row::text, E'\\n' ORDER BY row::text COLLATE \"C\")) FROM ("
                    " SELECT (v.*)::text FROM node_version v JOIN node n USING (node_identifier)"
                    " WHERE v.version_number <= n.frozen_version_number) AS rows (row)"
                )
            ).scalar_one()
        )


def wrongly_indexed(engine: Engine) -> list[tuple[object, ...]]:
    """The versions whose content differs from that of the version that the index of contents has instead of them."""
    with engine.connect() as connection:
        return list(
            map(
                tuple,
                connection.execute(
                    text(
                        "SELECT v.node_identifier, v.version_number, v.indexed_as FROM node_version v"
                        " LEFT JOIN node_version i ON i.node_identifier = v.node_identifier"
                        " AND i.version_number = v.indexed_as AND i.indexed_as IS NULL"
                        " WHERE v.indexed_as IS NOT NULL"
                        " AND (v.node_name, v.targets, v.member_types, v.values)"
                        " IS DISTINCT FROM (i.node_name, i.targets, i.member_types, i.values)"
                    )
                ),
            )
        )


Content = dict[str, tuple[str, list[tuple[object, ...]]]]


def contents(engine: Engine) -> Content:
    """All versions outside the system package: type, and members by member type."""
    with snapshot(engine) as connection:
        versions = connection.execute(
            text(
                "SELECT n.node_reference || '.' || v.version_number, t.node_reference || '.' || v.type_version_number"
                " FROM node_version v JOIN node n USING (node_identifier)"
                " JOIN node t ON t.node_identifier = v.type_node_identifier WHERE n.node_identifier > 1000"
            )
        )
        found: Content = {version: (of, []) for version, of in versions}
        members = connection.execute(
            text(
                "SELECT n.node_reference || '.' || m.version_number,"
                " mt.node_reference || '.' || m.member_type_version_number,"
                " m.value, m.scale, t.node_reference || '.' || m.target_version_number, m.comment"
                " FROM member m JOIN node n USING (node_identifier)"
                " JOIN node mt ON mt.node_identifier = m.member_type_node_identifier"
                " LEFT JOIN node t ON t.node_identifier = m.target_node_identifier WHERE n.node_identifier > 1000"
            )
        )
        for version, *member in members:
            found[version][1].append(tuple(member))
    return {version: (of, sorted(members, key=repr)) for version, (of, members) in found.items()}


def expected_contents(store: Store) -> Content:
    found: Content = {}
    for reference, node in store.nodes.items():
        if reference == "system" or reference.startswith("system."):
            continue
        for number, version in node.versions.items():
            members: list[tuple[object, ...]] = [
                (
                    full(member.member_type),
                    member.value,
                    member.scale,
                    None if member.target is None else full(member.target),
                    member.comment,
                )
                for member in version.members
            ]
            found[full((reference, number))] = (full(version.type), sorted(members, key=repr))
    return found
