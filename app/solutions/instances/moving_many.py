"""Moves many instances to a release by a procedure, with one commit for each.

The instances are read and judged without a lock. The procedure locks one after the other, and moves it if it has not
changed since it was judged.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from app.database.engine import procedure
from app.identity import audit
from app.identity.actor import present_actor
from app.solutions.content.flags import Contents
from app.solutions.content.model import GivenValue, SlotKey
from app.solutions.instances.moving import InstanceState, Move, moved_event
from app.solutions.instances.values import as_rows, slots_detail
from app.solutions.instances.workflows import trigger_keys

DONE: Final = "done"
CHANGED: Final = "changed"

_CALL: Final = """
    CALL move_instances(
      %(solution)s, %(latest)s, %(unless_on_hold)s, %(target)s, %(pinned_at)s, %(how)s, %(instances)s::uuid[],
      %(versions)s::text[], %(value_counts)s::integer[], %(waiting)s::boolean[], %(kept_kinds)s::text[],
      %(kept_ids)s::text[], %(given)s::json, %(workflows)s::text[], %(keys)s::text[], %(actor_kind)s, %(actor)s,
      %(actor_name)s, %(address)s, %(details)s::jsonb, %(run)s, %(outcome)s, %(ordinal)s, NULL)
"""


@dataclass(frozen=True)
class Destination:
    """Where the instances of a solution move, and how.

    They move only while `latest` is the latest release of the solution and, with `unless_on_hold`, while the solution
    is not on hold. Given values replace the stored ones. For `pinned_at`, see `app.solutions.instances.moving.move`.
    """

    solution_id: str
    latest: int
    target: int
    contents: Contents
    how: Move
    given: dict[SlotKey, GivenValue]
    pinned_at: int | None = None
    unless_on_hold: bool = False


@dataclass(frozen=True)
class RunOutcomes:
    """The run that moves instances, the number of its outcomes so far, and the update type that each move records."""

    run: int
    count: int
    update_type: str


def move_many(
    connection: Connection,
    states: Sequence[InstanceState],
    to: Destination,
    waiting: Sequence[bool] = (),
    outcomes: RunOutcomes | None = None,
) -> list[str]:
    """Move instances as they were judged, and mark those in `waiting` as needing input for the target.

    Returns `DONE`, `CHANGED` or the SQLSTATE of an error for each instance, in order. `CHANGED` instances have changed
    since they were read, or are locked by another transaction. The list is shorter than that of the instances if the
    solution has changed, or if the run was cancelled.

    Commits do not wait for the disk.
    """
    actor, content = present_actor(), to.contents[to.target]
    waits = list(waiting) or [False] * len(states)
    parameters = {
        "solution": to.solution_id,
        "latest": to.latest,
        "unless_on_hold": to.unless_on_hold,
        "target": to.target,
        "pinned_at": to.pinned_at,
        "how": to.how.value,
        "instances": [state.row.instance_id for state in states],
        "versions": [state.version for state in states],
        "value_counts": [len(state.values) for state in states],
        "waiting": waits,
        "kept_kinds": [kind.value for kind, _ in content.slot_keys],
        "kept_ids": [external_id for _, external_id in content.slot_keys],
        "given": as_rows(to.given) if to.given else None,
        "workflows": [workflow.source_workflow_id for workflow in content.workflows],
        "keys": [key for _ in states for key in trigger_keys(content)],
        "actor_kind": actor.kind.value,
        "actor": actor.user_identifier,
        "actor_name": actor.name,
        "address": actor.address,
        "details": json.dumps(slots_detail(to.given)),
        "run": None if outcomes is None else outcomes.run,
        "outcome": None if outcomes is None else outcomes.update_type,
        "ordinal": 0 if outcomes is None else outcomes.count,
    }
    results: list[str] = procedure(connection, _CALL, parameters)[1]
    for state, result, stays in zip(states, results, waits, strict=False):
        if result == DONE and not stays:
            audit.log(moved_event(state.row, to.target, to.how, to.given))
    return results
