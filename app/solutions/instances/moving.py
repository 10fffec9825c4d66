"""Moves an instance to another release: one statement locks and reads it, and after the check another one moves it.

An upgrade moves an instance this way. Lazy updates and roll-outs move many, see `moving_many`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, LiteralString

from sqlalchemy import Connection

from app.database.engine import prepared
from app.database.sql_files import sql_file
from app.identity import audit
from app.identity.audit import Action, Event
from app.solutions.content.flags import Contents, values_after_move
from app.solutions.content.model import GivenValue, SlotKey
from app.solutions.instances.reading import InstanceRow, needed_releases
from app.solutions.instances.values import (
    SELECT_VALUES,
    STORE_VALUES,
    as_rows,
    read_values,
    slots_detail,
    values_of,
)
from app.solutions.instances.workflows import trigger_keys
from app.solutions.texts import identifier

_STATES = sql_file("app.solutions.instances", "states").replace("{select_values}", SELECT_VALUES)
_COLUMNS = """
    i.instance_identifier, i.solution_identifier, i.release_number, s.latest_release_number, i.name, i.enabled, i.held,
    i.created_at, i.owner, i.xmin AS version
"""
_MOVE = audit.driver_statement(
    sql_file("app.solutions.instances", "move_instance").replace("{store_values}", STORE_VALUES)
)


READ_COLUMNS: Final = 12
"""A row of a `reading_statement` begins with this many columns. The additional columns follow them."""


class Move(StrEnum):
    """How an instance comes to move to another release."""

    LAZY = "lazy"
    UPGRADE = "upgrade"
    BULK = "bulk"
    ROLL_BACK = "roll-back"


@dataclass(frozen=True)
class InstanceState:
    """An instance with the values that it holds. `version` changes when the instance changes or gets a value."""

    row: InstanceRow
    values: dict[SlotKey, GivenValue]
    version: str = ""

    @property
    def needed_releases(self) -> set[int]:
        """The releases whose contents are needed to judge the instance."""
        return needed_releases(self.row, self.values)


def reading_statement(
    condition: LiteralString, *, columns: Sequence[LiteralString] = (), lock: LiteralString = ""
) -> LiteralString:
    """Return a statement that reads instances `i` of solutions `s`, with additional columns of `i`.

    The condition may be followed by ORDER BY and LIMIT. With `lock`, such as "FOR SHARE OF s", the statement locks the
    rows that it reads. `state_of_row` reads a row of its result.
    """
    more = "".join(f", {column}" for column in columns)
    found = f"WITH found AS (SELECT {_COLUMNS}{more} FROM solution_instance i"  # noqa: S608
    found += f" JOIN solution s USING (solution_identifier) WHERE {condition} {lock})"
    names = "".join(f", found.{column.rpartition('.')[2]}" for column in columns)
    return found + _STATES.replace("{columns}", names)


_ONE: Final = "i.instance_identifier = %(instance)s"
_LOCK = reading_statement(_ONE, lock="FOR NO KEY UPDATE OF i")
_LOCK_TO_MOVE = reading_statement(_ONE, lock="FOR NO KEY UPDATE OF i FOR SHARE OF s")


def lock(connection: Connection, instance_id: str) -> InstanceState | None:
    """Lock an instance and read it. Returns None if there is no such instance."""
    return _locked(connection, _LOCK, instance_id)


def lock_to_move(connection: Connection, instance_id: str, *, first: bool = False) -> InstanceState | None:
    """Lock an instance and its solution, and read the instance. Returns None if there is no such instance.

    `first` says that this is the first statement of the transaction.

    No release of the solution is published before the transaction ends, so a publication sees the instance on the
    release that it has moved to.
    """
    return _locked(connection, _LOCK_TO_MOVE, instance_id, first=first)


def _locked(
    connection: Connection, statement: LiteralString, instance_id: str, *, first: bool = False
) -> InstanceState | None:
    row = prepared(connection, statement, {"instance": identifier(instance_id)}, first=first).fetchone()
    return None if row is None else state_of_row(connection, row)


def state_of_row(connection: Connection, row: tuple[Any, ...]) -> InstanceState:
    """Return the instance from a row of a `reading_statement`. Reads its values again if they have changed while the
    statement waited for a lock."""
    *of_instance, is_fresh, stored_values, version = row[:READ_COLUMNS]
    instance = InstanceRow(*of_instance)
    if is_fresh:
        return InstanceState(instance, values_of(stored_values or ()), version)
    values = read_values(connection, [instance.instance_id]).get(instance.instance_id, {})
    return InstanceState(instance, values, version)


def move(
    connection: Connection,
    locked: InstanceState,
    to_release: int,
    contents: Contents,
    given: dict[SlotKey, GivenValue],
    *,
    how: Move,
    pinned_at: int | None = None,
) -> None:
    """Move a locked instance to another release.

    Given values replace the stored ones; values of slots that the release does not have are dropped. Workflow instances
    that stay keep their trigger keys. With `pinned_at`, lazy updates do not move the instance until there is a newer
    release than `pinned_at`.
    """
    row, content = locked.row, contents[to_release]
    kept = values_after_move(locked.values, content)
    dropped = locked.values.keys() - kept.keys()
    moved = moved_event(row, to_release, how, given)
    parameters = {
        "instance": row.instance_id,
        "release": to_release,
        "pinned_at": pinned_at,
        "dropped_kinds": [kind.value for kind, _ in dropped],
        "dropped_ids": [external_id for _, external_id in dropped],
        "given": as_rows(given),
        "workflows": [workflow.source_workflow_id for workflow in content.workflows],
        "keys": trigger_keys(content),
        **audit.parameters(moved),
    }
    prepared(connection, _MOVE, parameters)
    audit.log_on_commit(connection, moved)


def moved_event(row: InstanceRow, to_release: int, how: Move, given: dict[SlotKey, GivenValue]) -> Event:
    """Return the event that an instance, which is still on its old release in `row`, has moved with given values."""
    releases = {"from": row.release_number, "to": to_release, "how": how.value}
    details = {"solution": row.solution_id, **releases, **slots_detail(given)}
    return Event(Action.INSTANCE_MOVED, "instance", row.instance_id, details)
