"""The flags of many instances at once (design section 8, *Flags*).

What lies between two releases is the same for all instances on the older one: values are read only where something
breaking does, and only those of the slots concerned.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from app.solutions.changes import changes
from app.solutions.flags import Contents, flags
from app.solutions.instance_values import SlotKey, read_values
from app.solutions.model import Flags, SlotKind


class OnRelease(NamedTuple):
    """An instance, the release that it is on, and the one to compare that with."""

    instance_id: str
    solution_id: str
    release: int
    latest: int

    @property
    def move(self) -> tuple[str, int, int]:
        """What instances have in common that move from the same release to the same."""
        return self[1:]


def read_flags(
    connection: Connection, instances: Sequence[OnRelease], contents: Mapping[str, Contents]
) -> dict[str, Flags]:
    """The flags of instances, by id. `contents` are those of all releases, by solution."""
    moves = {instance.move for instance in instances}
    breaking = {move: _breaking_slots(*move, contents) for move in moves}
    without_values = {move: flags(move[1], move[2], contents[move[0]], {}) for move in moves}
    asked = [instance.instance_id for instance in instances if breaking[instance.move]]
    values = read_values(connection, asked, set[SlotKey]().union(*breaking.values())) if asked else {}
    found = {}
    for instance in instances:
        its = values.get(instance.instance_id)
        found[instance.instance_id] = (
            without_values[instance.move]
            if its is None
            else flags(instance.release, instance.latest, contents[instance.solution_id], its)
        )
    return found


def _breaking_slots(solution_id: str, release: int, latest: int, contents: Mapping[str, Contents]) -> set[SlotKey]:
    """The slots with a breaking change between two releases."""
    if release >= latest:
        return set()
    between = changes(contents[solution_id][release], contents[solution_id][latest])
    return {(SlotKind(change.kind), change.external_id) for change in between if change.breaking}
