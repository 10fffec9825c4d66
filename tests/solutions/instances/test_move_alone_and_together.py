"""An instance moves in the same way alone and with others, although different statements do this."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import pytest
from sqlalchemy import text

from app.solutions.content.model import Content, Trigger, Workflow
from app.solutions.instances.moving import Move, lock_to_move, move
from app.solutions.instances.moving_many import DONE, Destination, move_many
from app.solutions.instances.values import GivenValues, Recipient, checked
from app.solutions.releases.contents import read_contents
from tests.support.world import World, config

_NOT_COMPARED: Final = frozenset(
    {"instance_identifier", "name", "created_at", "moved_at", "workflow_instance_identifier", "audit_identifier", "at"}
)
"""The columns in which the rows of two instances differ in any case."""
_ROWS: Final = {
    "solution_instance": "SELECT * FROM solution_instance WHERE name = :name",
    "instance_value": """
        SELECT v.* FROM instance_value v JOIN solution_instance i USING (instance_identifier) WHERE i.name = :name
        ORDER BY v.slot_kind, v.external_identifier
    """,
    "workflow_instance": """
        SELECT w.* FROM workflow_instance w JOIN solution_instance i USING (instance_identifier) WHERE i.name = :name
        ORDER BY w.source_workflow_identifier
    """,
    "audit": """
        SELECT a.* FROM audit a JOIN solution_instance i ON a.object_name = i.instance_identifier::text
        WHERE i.name = :name ORDER BY a.audit_identifier
    """,
    "outbox": """
        SELECT o.event, o.attempts FROM outbox o JOIN solution_instance i
          ON o.body::text LIKE '%' || i.instance_identifier || '%'
        WHERE i.name = :name
    """,
}

STAYS = Workflow("stays", trigger=Trigger.WEBHOOK)
OLD = replace(config("kept", "dropped", "replaced"), workflows=(STAYS, Workflow("becomes-webhook"), Workflow("ends")))
NEW = replace(
    config("kept", "replaced", "given"),
    workflows=(
        STAYS,
        Workflow("becomes-webhook", trigger=Trigger.WEBHOOK),
        Workflow("begins", trigger=Trigger.WEBHOOK),
    ),
)
VALUES = {"kept": '"1"', "dropped": '"2"', "replaced": '"3"'}
GIVEN = {"replaced": '"4"', "given": '"5"'}


def move_alone(world: World, instance: str, target: int, given: dict[str, str], pinned_at: int | None) -> None:
    with world.engine.begin() as connection:
        state = lock_to_move(connection, instance)
        assert state is not None
        contents = read_contents(connection, world.solution)
        recipient = Recipient(world.owner, target, state.row.latest_release_number, contents)
        values, faults = checked(connection, recipient, GivenValues(given, {}))
        assert faults == []
        move(connection, state, target, contents, values, how=Move.BULK, pinned_at=pinned_at)


def move_together(
    world: World, instances: list[str], target: int, given: dict[str, str], pinned_at: int | None
) -> None:
    with world.engine.connect() as connection:
        states = [state for each in instances if (state := lock_to_move(connection, each)) is not None]
        contents = read_contents(connection, world.solution)
        latest = states[0].row.latest_release_number
        values, faults = checked(connection, Recipient(world.owner, target, latest, contents), GivenValues(given, {}))
        assert faults == []
        connection.rollback()
        to = Destination(world.solution, latest, target, contents, Move.BULK, values, pinned_at)
        assert move_many(connection, states, to) == [DONE] * len(instances)


def stored(world: World, name: str) -> dict[str, list[dict[str, object]]]:
    """The rows of an instance in all tables. Instead of a trigger key they have whether there is one."""
    with world.engine.connect() as connection:
        found = {
            table: [dict(row) for row in connection.execute(text(query), {"name": name}).mappings()]
            for table, query in _ROWS.items()
        }
    return {table: [_comparable(row) for row in rows] for table, rows in found.items()}


def _comparable(row: dict[str, object]) -> dict[str, object]:
    compared = {
        column: value for column, value in row.items() if column not in _NOT_COMPARED and column != "object_name"
    }
    return {**compared, "trigger_key": compared["trigger_key"] is not None} if "trigger_key" in compared else compared


@pytest.mark.parametrize("given", [{}, GIVEN], ids=["without values", "with values"])
def test_the_rows_of_a_move_to_a_newer_release_are_the_same(world: World, given: dict[str, str]) -> None:
    world.release(OLD)
    alone, *others = [world.make(name, **VALUES) for name in ("alone", "one", "two")]
    keys = {each: world.keys(each)["stays"] for each in (alone, *others)}
    target = world.release(NEW)
    move_alone(world, alone, target, given, None)
    move_together(world, others, target, given, None)
    assert stored(world, "one") == stored(world, "two") == (rows := stored(world, "alone"))
    assert {each: world.keys(each)["stays"] for each in (alone, *others)} == keys
    assert {name: len(found) for name, found in rows.items()} == {
        "solution_instance": 1,
        "instance_value": 3 if given else 2,
        "workflow_instance": 3,
        "audit": 2,
        "outbox": 1,  # written by the publication, about all three
    }


def test_the_rows_of_a_move_back_are_the_same(world: World) -> None:
    target = world.release(OLD)
    world.release(NEW)
    alone, together = [world.make(name, kept='"1"', given='"2"') for name in ("alone", "together")]
    move_alone(world, alone, target, {"dropped": '"3"'}, 2)
    move_together(world, [together], target, {"dropped": '"3"'}, 2)
    assert stored(world, "together") == (rows := stored(world, "alone"))
    assert rows["solution_instance"][0]["pinned_at_release"] == 2
    assert rows["audit"][-1]["details"] == {
        "solution": world.solution,
        "from": 2,
        "to": 1,
        "how": "bulk",
        "slots": ["dropped"],
    }


def test_a_release_without_slots_and_workflows_drops_everything(world: World) -> None:
    world.release(OLD)
    alone, together = [world.make(name, **VALUES) for name in ("alone", "together")]
    target = world.release(Content())
    move_alone(world, alone, target, {}, None)
    move_together(world, [together], target, {}, None)
    assert stored(world, "together") == (rows := stored(world, "alone"))
    assert (rows["instance_value"], rows["workflow_instance"]) == ([], [])
