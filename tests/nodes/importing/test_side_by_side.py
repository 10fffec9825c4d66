"""NodeImport: several imports, and many nodes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError

from app.errors import StateError, UserError
from app.identity.rights import Caller
from app.nodes.import_document import ImportMember, ImportNode
from app.nodes.importing import ImportTotals, import_nodes
from tests.support.imports import (
    MEMBER_TYPE,
    NAME,
    NOTHING,
    TYPE,
    allow,
    bring,
    draft,
    linking,
    member,
    members_of,
    node,
    nodes_of,
    rows,
    sign_up,
    version,
    versions_of,
)
from tests.support.lock_waits import waiting_sessions
from tests.support.served import eventually


def test_an_import_without_force_writes_nothing(engine: Engine, admin: Caller) -> None:
    bring(engine, admin, node("acme", version(1), draft(2, member(NAME, value="kept"))))
    document = [
        node("acme", version(2), draft(3)),
        linking("acme.sub.new", "acme.2", "acme.new.1"),
        linking("acme.new"),
    ]
    before = nodes_of(engine)
    with engine.connect() as connection:
        totals = import_nodes(connection, admin, document, force=False)
        connection.rollback()
    assert totals == ImportTotals(
        nodes_created=3, versions_created=4, versions_replaced=1, members_written=2, drafts_frozen=1
    )
    assert nodes_of(engine) == before
    with engine.begin() as connection:
        import_nodes(connection, admin, document, force=False)
    assert nodes_of(engine) == before
    assert members_of(engine, "acme", 2) == [(NAME, 1, "kept", None, None, None)]
    assert bring(engine, admin, *document) == totals


def test_an_empty_document_does_nothing(engine: Engine, admin: Caller) -> None:
    assert bring(engine, admin) == NOTHING


def test_imports_may_follow_each_other_in_one_transaction(engine: Engine, admin: Caller) -> None:
    with engine.begin() as connection:
        for number in range(1, 13):
            import_nodes(connection, admin, [node("acme", version(number))], force=True)
    assert nodes_of(engine) == {"acme": (12, 12, 12)}


def test_existing_nodes_are_locked(engine: Engine, admin: Caller) -> None:
    document = linking("acme", "acme.target.1")
    bring(engine, admin, document, node("acme.target", version(1)), node("acme.other", version(1)))

    def lock(connection: Connection, strength: str, reference: str) -> None:
        with connection.begin():
            query = f"SELECT FROM node WHERE node_reference = :reference {strength} NOWAIT"
            connection.execute(text(query), {"reference": reference})

    with engine.begin() as importing, engine.connect() as other:
        import_nodes(importing, admin, [document], force=True)
        for strength, reference in (("FOR NO KEY UPDATE", "acme"), ("FOR UPDATE", "acme.target")):
            with pytest.raises(OperationalError):
                lock(other, strength, reference)
        lock(other, "FOR NO KEY UPDATE", "acme.target")
        lock(other, "FOR UPDATE", "acme.other")


def test_a_node_that_another_request_creates_meanwhile_is_a_conflict(engine: Engine, admin: Caller) -> None:
    with ThreadPoolExecutor(1) as executor, engine.connect() as other:
        import_nodes(other, admin, [node("acme", version(1))], force=True)
        waiting = executor.submit(bring, engine, admin, node("acme.Widget", version(1)))
        eventually(lambda: waiting_sessions(engine))
        other.commit()
        with pytest.raises(StateError, match="just created"):
            waiting.result(timeout=30)
    assert nodes_of(engine) == {"acme": (1, 1, 1)}


def test_an_import_sees_what_another_one_has_just_written(engine: Engine, admin: Caller) -> None:
    bring(engine, admin, node("acme", version(1)))
    with ThreadPoolExecutor(1) as executor, engine.connect() as other:
        import_nodes(other, admin, [node("acme", version(2, name="First"))], force=True)
        waiting = executor.submit(bring, engine, admin, node("acme", version(2, name="Second")))
        eventually(lambda: waiting_sessions(engine))
        other.commit()
        with pytest.raises(UserError, match="version 2 is frozen with another name"):
            waiting.result(timeout=30)
    assert [row[2] for row in versions_of(engine, "acme")] == ["acme", "First"]


NODES_OF_A_BULK = 3000


def bulk(frozen: bool) -> Iterator[ImportNode]:
    """Nodes in a ring that skips: each links to the next one and to one that is far away."""
    for number in range(NODES_OF_A_BULK):
        targets = [f"bulk.p{at % 7}.n{at}.1" for at in ((number + 1) % NODES_OF_A_BULK, number * 17 % NODES_OF_A_BULK)]
        members: Iterable[ImportMember] = (
            member(NAME, value=f"value {number}"),
            *(member("bulk.types.next.1", target) for target in targets),
        )
        yield node(f"bulk.p{number % 7}.n{number}", version(1, *members, frozen=frozen, of="bulk.types.T.1"))
    yield node("bulk.types.T", version(1, member("system.MEMBER_TYPE_LIST.1", "bulk.types.next.1"), of=TYPE))
    yield node("bulk.types.next", version(1, of=MEMBER_TYPE))


@pytest.mark.parametrize("frozen", [True, pytest.param(False, marks=pytest.mark.soak)])
def test_many_nodes(engine: Engine, admin: Caller, frozen: bool) -> None:
    with engine.begin() as connection:
        totals = import_nodes(connection, admin, bulk(frozen), force=True)
    made = 9  # bulk, bulk.types and seven packages
    assert totals == ImportTotals(
        nodes_created=NODES_OF_A_BULK + 2 + made,
        versions_created=NODES_OF_A_BULK + 2 + made,
        versions_replaced=0,
        members_written=3 * NODES_OF_A_BULK + 1,
    )
    assert rows(
        engine,
        "SELECT count(*), count(*) FILTER (WHERE t.node_reference LIKE '%.n' || (m.value_number + 1) % 3000)"
        " FROM (SELECT m.*, substring(n.node_reference FROM 'n([0-9]+)$')::integer AS value_number"
        "  FROM member m JOIN node n USING (node_identifier) WHERE m.sequence = 1 AND m.target_version_number = 1"
        "  AND n.node_reference ~ '^bulk[.]p') m"
        " JOIN node t ON t.node_identifier = m.target_node_identifier",
    ) == [(NODES_OF_A_BULK, NODES_OF_A_BULK)]
    ((estimate,),) = rows(engine, "SELECT reltuples FROM pg_class WHERE oid = 'node'::regclass")
    assert estimate > NODES_OF_A_BULK
    with engine.begin() as connection:
        again = import_nodes(connection, admin, bulk(frozen), force=True)
    replaced = 0 if frozen else NODES_OF_A_BULK
    assert again == ImportTotals(0, 0, replaced, 3 * replaced)


def test_many_nodes_by_a_user_without_all_rights(engine: Engine, admin: Caller, user: Caller) -> None:
    bring(engine, admin, node("bulk", version(1)))
    allow(engine, user, "package-use", "bulk")
    with engine.begin() as connection:
        import_nodes(connection, user, bulk(True), force=True)
    with engine.begin() as connection:
        assert import_nodes(connection, user, bulk(True), force=True) == NOTHING
    reader = sign_up(engine, "reader")
    with engine.connect() as connection, pytest.raises(UserError) as raised:
        import_nodes(connection, reader, bulk(True), force=True)
    assert len(raised.value.faults) == 100


def test_a_session_that_knew_a_small_store_does_not_read_a_large_one_row_by_row(engine: Engine, admin: Caller) -> None:
    with engine.begin() as connection:
        connection.execute(text("ANALYZE node, node_version, member"))
        for number in range(1, 13):
            import_nodes(connection, admin, [node("acme", version(number, member(target="acme")))], force=True)
        import_nodes(connection, admin, bulk(True), force=True)
        query = text("SELECT sum(seq_tup_read) FROM pg_stat_xact_user_tables WHERE relname IN ('node', 'node_version')")
        rows_read = connection.execute(query).scalar_one()
    assert rows_read < 100 * NODES_OF_A_BULK
