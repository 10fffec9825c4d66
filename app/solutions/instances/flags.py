"""The flags of many instances at once, and whom they wait for.

The changes between two releases are the same for all instances on the older one. Only the values of the slots
concerned are read: those with breaking changes and, to say whom instances wait for, those that need a value. Instances
with equal values are judged once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple, TypeAlias, TypeVar

from sqlalchemy import Connection

from app.solutions.content.changes import Change
from app.solutions.content.flags import (
    Contents,
    Values,
    WaitsFor,
    breaking_changes,
    flags_of,
    pending,
    slot_of,
    waits_for,
)
from app.solutions.content.model import Content, Flags, GivenValue, SlotKey, SlotKind
from app.solutions.instances.values import read_values

ReleasePair: TypeAlias = tuple[str, int, int]
"""A solution and two of its releases: the older one and the newer one."""

_TOGETHER = 500
_Judgement = TypeVar("_Judgement")


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
    breaking = _breaking_by_releases(instances, contents)

    def judge(instance: OnRelease, values: Values) -> Flags:
        return _flags(instance, breaking[instance.releases], contents, values)

    return _judged(connection, instances, _slots_of(breaking), judge)


def read_waits_for(
    connection: Connection, instances: Sequence[OnRelease], contents: Mapping[str, Contents]
) -> dict[str, WaitsFor]:
    """Return whom instances wait for, by id. `contents` are the contents of all releases, by solution."""
    breaking = _breaking_by_releases(instances, contents)
    slots = {
        releases: {*found, *_needed(contents[releases[0]][releases[1]])}
        for releases, found in _slots_of(breaking).items()
    }

    def judge(instance: OnRelease, values: Values) -> WaitsFor:
        found = _flags(instance, breaking[instance.releases], contents, values)
        return waits_for(found, pending(instance.release, contents[instance.solution_id], values))

    return _judged(connection, instances, slots, judge)


def _judged(
    connection: Connection,
    instances: Sequence[OnRelease],
    slots: Mapping[ReleasePair, Collection[SlotKey]],
    judge: Callable[[OnRelease, Values], _Judgement],
) -> dict[str, _Judgement]:
    """Return the judgements of instances by id. Only the values in `slots` are read."""
    every_slot = {slot for found in slots.values() for slot in found}
    judgements: dict[str, _Judgement] = {}
    # In parts, so that the values of many instances are never in memory together.
    for first in range(0, len(instances), _TOGETHER):
        part = instances[first : first + _TOGETHER]
        asked = [instance.instance_id for instance in part if slots[instance.releases]]
        values = read_values(connection, asked, every_slot) if asked else {}
        judged: dict[tuple[ReleasePair, frozenset[tuple[SlotKey, GivenValue]]], _Judgement] = {}
        for instance in part:
            its = values.get(instance.instance_id, {})
            alike = instance.releases, frozenset(its.items())
            if alike not in judged:
                judged[alike] = judge(instance, its)
            judgements[instance.instance_id] = judged[alike]
    return judgements


def _breaking_by_releases(
    instances: Sequence[OnRelease], contents: Mapping[str, Contents]
) -> dict[ReleasePair, list[Change]]:
    return {releases: _breaking(*releases, contents) for releases in {instance.releases for instance in instances}}


def _slots_of(breaking: Mapping[ReleasePair, list[Change]]) -> dict[ReleasePair, set[SlotKey]]:
    return {releases: {slot_of(change) for change in found} for releases, found in breaking.items()}


def _needed(content: Content) -> list[SlotKey]:
    """Return the slots that need a value."""
    return [
        *((SlotKind.AUTH, slot.external_id) for slot in content.auth_slots if slot.needs_input),
        *((SlotKind.CONFIG, slot.external_id) for slot in content.config_slots if slot.needs_input),
    ]


def _flags(instance: OnRelease, breaking: list[Change], contents: Mapping[str, Contents], values: Values) -> Flags:
    if instance.release >= instance.latest:
        return Flags()
    return flags_of(breaking, instance.latest, contents[instance.solution_id], values)


def _breaking(solution_id: str, release: int, latest: int, contents: Mapping[str, Contents]) -> list[Change]:
    """Return the breaking changes between two releases."""
    if release >= latest:
        return []
    return breaking_changes(contents[solution_id][release], contents[solution_id][latest])
