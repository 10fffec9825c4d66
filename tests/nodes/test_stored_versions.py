"""The database refuses inconsistent nodes and versions, whatever a program writes."""

from __future__ import annotations

from contextlib import nullcontext

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from tests.support.builders import Graph, draft, frozen, links
from tests.support.http import Client

DRAFT = (
    " WHERE node_identifier = (SELECT node_identifier FROM node WHERE node_reference = 'P.A') AND version_number = 2"
)
NODE = " WHERE node_reference = 'P.A'"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE node_version SET target_numbers = '{}'" + DRAFT,
        "UPDATE node_version SET member_types = member_types || 1" + DRAFT,
        "UPDATE node_version SET values = '{a,b,c}'" + DRAFT,
        "UPDATE node_version SET indexed_as = 2" + DRAFT,
        "UPDATE node_version SET version_number = 3" + DRAFT,
        "INSERT INTO node_version (node_identifier, version_number, type_node_identifier, type_version_number,"
        " node_name, targets) SELECT node_identifier, 3, 1, 1, 'x', '{1}' FROM node" + NODE,
        "INSERT INTO node_version (node_identifier, version_number, type_node_identifier, type_version_number,"
        " node_name) SELECT node_identifier, 1000000, 1, 1, 'x' FROM node" + NODE,
        "UPDATE node SET latest_version_number = 3" + NODE,
        "UPDATE node SET latest_version_number = 0, frozen_version_number = 0" + NODE,
        "UPDATE node SET frozen_version_number = 0" + NODE,
        "UPDATE node SET frozen_version_number = 3" + NODE,
        "UPDATE node SET node_reference = 'P.A.1'" + NODE,
        "INSERT INTO node (node_reference) VALUES ('P.a b')",
        "INSERT INTO node (node_reference, latest_version_number, frozen_version_number) VALUES ('P.New', 3, 1)",
        "DELETE FROM node" + NODE,
    ],
)
def test_inconsistent_versions_are_refused(client: Client, engine: Engine, statement: str) -> None:
    client.load(Graph().node("P.B", frozen()).node("P.A", frozen(), draft(*links("P.B.1", "P.B.1"))))
    with pytest.raises(DBAPIError) as refused, engine.begin() as connection:
        connection.execute(text(statement))
    assert getattr(refused.value.orig, "sqlstate", None) in ("23514", "RL001", "RL002")
    assert client.get("P.A.2").members() == ["system.NODE_LIST.1 -> P.B.1", "system.NODE_LIST.1 -> P.B.1"]


@pytest.mark.parametrize("depending", ["type", "target", "member type", None])
def test_a_node_that_an_import_creates_frozen_depends_on_no_draft(
    client: Client, engine: Engine, depending: str | None
) -> None:
    client.load(Graph().node("P.B", frozen(), draft()))
    insert = """
        WITH b AS (SELECT node_identifier FROM node WHERE node_reference = 'P.B'), created AS (
          INSERT INTO node (node_reference, latest_version_number, frozen_version_number) VALUES ('P.New', 1, 1)
          RETURNING node_identifier
        )
        INSERT INTO node_version (node_identifier, version_number, node_name, type_node_identifier, type_version_number,
                                  member_types, member_type_numbers, sequences, targets, target_numbers)
        SELECT c.node_identifier, 1, 'New', b.node_identifier, :type, ARRAY[b.node_identifier], ARRAY[:member_type],
               ARRAY[1], ARRAY[b.node_identifier], ARRAY[:target] FROM created c, b
    """
    numbers = {name.replace(" ", "_"): 1 + (name == depending) for name in ("type", "target", "member type")}
    check = "SELECT check_created_on_frozen(ARRAY(SELECT node_identifier FROM node WHERE node_reference = 'P.New'))"
    refused = pytest.raises(DBAPIError, match="depends on a draft") if depending else nullcontext()
    with refused, engine.begin() as connection:
        connection.execute(text(insert), numbers)
        connection.execute(text(check))
