"""The flags of many instances at once.

The changes between two releases are the same for all instances on the older one. Values are read only if there are
breaking changes, and only the values of the slots concerned. Instances with equal values are judged once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

from sqlalchemy import Connection

from app.solutions.content.changes import Change
from app.solutions.content.flags import Contents, Values, breaking_changes, flags_of, slot_of
from app.solutions.content.model import Flags, GivenValue, SlotKey
from app.solutions.instances.values import read_values

ReleasePair: TypeAlias = tuple[str, int, int]
"""A solution and two of its releases: the older one and the newer one."""

_TOGETHER = 500


class OnRelease(NamedTuple):
    """An instance, its release, and the release to compare it with."""

    instance_id: str
    solution_id: str
    release: int
    latest: int

    @property
    def releases(self) -> ReleasePair:
        """The key that instances have in common if they move between the same two releases."""
        return self[1:]


def read_flags(
    connection: Connection, instances: Sequence[OnRelease], contents: Mapping[str, Contents]
) -> dict[str, Flags]:
    """Return the flags of instances by id. `contents` are the contents of all releases, by solution."""
    breaking = {releases: _breaking(*releases, contents) for releases in {instance.releases for instance in instances}}
    slots = {slot_of(change) for found in breaking.values() for change in found}
    found: dict[str, Flags] = {}
    # In parts, so that the values of many instances are never in memory together.
    for first in range(0, len(instances), _TOGETHER):
        part = instances[first : first + _TOGETHER]
        asked = [instance.instance_id for instance in part if breaking[instance.releases]]
        values = read_values(connection, asked, slots) if asked else {}
        judged: dict[tuple[ReleasePair, frozenset[tuple[SlotKey, GivenValue]]], Flags] = {}
        for instance in part:
            its = values.get(instance.instance_id, {})
            alike = instance.releases, frozenset(its.items())
            if alike not in judged:
                judged[alike] = _flags(instance, breaking[instance.releases], contents, its)
            found[instance.instance_id] = judged[alike]
    return found


def _flags(instance: OnRelease, breaking: list[Change], contents: Mapping[str, Contents], values: Values) -> Flags:
    if instance.release >= instance.latest:
        return Flags()
    return flags_of(breaking, instance.latest, contents[instance.solution_id], values)


def _breaking(solution_id: str, release: int, latest: int, contents: Mapping[str, Contents]) -> list[Change]:
    """Return the breaking changes between two releases."""
    if release >= latest:
        return []
    return breaking_changes(contents[solution_id][release], contents[solution_id][latest])
