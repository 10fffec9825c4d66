"""Reading instances: one, or a page of those that a filter lets through (design section 8)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from app.errors import user_error
from app.solutions.contents import contents_of_releases, contents_of_solutions
from app.solutions.flags import Contents, PendingSlot, Values, flags, pending
from app.solutions.instance_flags import OnRelease, read_flags
from app.solutions.instance_values import read_values
from app.solutions.model import Flags, SlotKind
from app.solutions.texts import identifier

_FROM = "FROM solution_instance i JOIN solution s USING (solution_identifier)"
_ORDER = "ORDER BY i.created_at, i.instance_identifier"
_ROWS = f"""
    SELECT i.instance_identifier::text, i.solution_identifier::text, i.release_number, s.latest_release_number,
           i.name, i.enabled, i.held, i.created_at, i.owner::text
    {_FROM} WHERE i.instance_identifier = ANY (cast(:ids AS uuid[])) {_ORDER}
"""


@dataclass(frozen=True)
class InstanceRow:
    """What is kept of an instance itself."""

    instance_id: str
    solution_id: str
    release_number: int
    latest_release_number: int
    name: str
    enabled: bool
    held: bool
    created: datetime
    owner: str


@dataclass(frozen=True)
class Instance:
    """An instance of a solution. Values are by external id: JSON as text, and ids of authentications. `pending` are
    the slots of its release that need a value and have none."""

    instance_id: str
    name: str
    enabled: bool
    held: bool
    created: datetime
    owner: str
    solution_id: str
    release_number: int
    latest_release_number: int
    flags: Flags
    config_values: dict[str, str]
    auth_values: dict[str, str]
    pending: tuple[PendingSlot, ...]


@dataclass(frozen=True)
class InstanceFilter:
    """Which instances: all that is given must hold. `tags` are those of the solution, which has all of them."""

    ids: tuple[str, ...] | None = None
    owner: str | None = None
    solution_id: str | None = None
    name: str | None = None
    tags: tuple[str, ...] = ()
    has_newer_version: bool | None = None
    requires_user_input_to_update_version: bool | None = None
    requires_system_input_to_update_version: bool | None = None

    @property
    def asks_for_input(self) -> bool:
        """Whether the values of each instance decide."""
        return (
            self.requires_user_input_to_update_version is not None
            or self.requires_system_input_to_update_version is not None
        )

    def lets_through(self, found: Flags) -> bool:
        """Whether an instance with these flags is wanted."""
        user, system = self.requires_user_input_to_update_version, self.requires_system_input_to_update_version
        return user in (None, found.requires_user_input_to_update_version) and system in (
            None,
            found.requires_system_input_to_update_version,
        )


def read_instance(connection: Connection, instance_id: str) -> Instance:
    """An instance. Raises UserError about `solutionInstanceId`."""
    found = _instances(connection, [instance_id])
    if not found:
        user_error("solutionInstanceId", "is not found" if instance_id else "is missing")
    return found[0]


def read_instances(
    connection: Connection, wanted: InstanceFilter, page: int = 1, page_size: int = 100
) -> tuple[list[Instance], int]:
    """A page (from 1) of the instances that a filter lets through, by age, and how many there are on all pages.

    The connection is that of a snapshot, or nobody publishes a release of the solutions meanwhile.
    """
    condition, parameters = _condition(wanted)
    first = (page - 1) * page_size
    if wanted.asks_for_input:
        ids = _ids_by_flags(connection, wanted, condition, parameters)
        return _instances(connection, ids[first : first + page_size]), len(ids)
    total = int(connection.execute(text(f"SELECT count(*) {_FROM} WHERE {condition}"), parameters).scalar_one())
    query = f"SELECT i.instance_identifier::text {_FROM} WHERE {condition} {_ORDER} LIMIT :size OFFSET :first"
    ids = list(connection.execute(text(query), {**parameters, "size": page_size, "first": first}).scalars())
    return _instances(connection, ids), total


def read_instance_ids(connection: Connection, wanted: InstanceFilter) -> list[str]:
    """The ids of all instances that a filter lets through, by age."""
    condition, parameters = _condition(wanted)
    if wanted.asks_for_input:
        return _ids_by_flags(connection, wanted, condition, parameters)
    query = f"SELECT i.instance_identifier::text {_FROM} WHERE {condition} {_ORDER}"
    return list(connection.execute(text(query), parameters).scalars())


def read_row(connection: Connection, instance_id: str) -> InstanceRow:
    """What is kept of an instance itself. Raises UserError about `solutionInstanceId`."""
    rows = _rows(connection, [instance_id])
    if not rows:
        user_error("solutionInstanceId", "is not found" if instance_id else "is missing")
    return rows[0]


def instance_of(row: InstanceRow, contents: Contents, values: Values) -> Instance:
    """An instance put together. `contents` has its release, the latest, and those that its values were given for."""
    content = contents[row.release_number]
    config_values, auth_values = {}, {}
    for config_slot in content.config_slots:
        held = values.get((SlotKind.CONFIG, config_slot.external_id))
        if held is not None and held.value is not None:
            config_values[config_slot.external_id] = held.value
    for auth_slot in content.auth_slots:
        held = values.get((SlotKind.AUTH, auth_slot.external_id))
        if held is not None and held.authentication is not None:
            auth_values[auth_slot.external_id] = held.authentication.authentication_id
    return Instance(
        instance_id=row.instance_id,
        name=row.name,
        enabled=row.enabled,
        held=row.held,
        created=row.created,
        owner=row.owner,
        solution_id=row.solution_id,
        release_number=row.release_number,
        latest_release_number=row.latest_release_number,
        flags=flags(row.release_number, row.latest_release_number, contents, values),
        config_values=config_values,
        auth_values=auth_values,
        pending=tuple(pending(row.release_number, contents, values)),
    )


def needed_releases(row: InstanceRow, values: Values) -> set[int]:
    """The releases whose contents `instance_of` looks at."""
    return {
        row.release_number,
        row.latest_release_number,
        *(number for value in values.values() for number in value.given_for),
    }


def _condition(wanted: InstanceFilter) -> tuple[str, dict[str, object]]:
    """What the database can tell, as SQL. An id that is none is that of nothing."""
    parts: dict[str, object] = {
        "i.instance_identifier = ANY (cast(:ids AS uuid[]))": wanted.ids,
        "i.owner = cast(:owner AS uuid)": wanted.owner,
        "i.solution_identifier = cast(:solution_id AS uuid)": wanted.solution_id,
        "i.name = :name": wanted.name,
        "s.tags @> cast(:tags AS text[])": wanted.tags or None,
        "(i.release_number < s.latest_release_number) = :newer": wanted.has_newer_version,
        "i.release_number < s.latest_release_number": (
            wanted.requires_user_input_to_update_version or wanted.requires_system_input_to_update_version or None
        ),
    }
    parameters: dict[str, object] = {
        "ids": _identifiers(wanted.ids or ()),
        "owner": identifier(wanted.owner),
        "solution_id": identifier(wanted.solution_id),
        "name": wanted.name,
        "tags": list(wanted.tags),
        "newer": wanted.has_newer_version,
    }
    given = [condition for condition, value in parts.items() if value is not None]
    return " AND ".join(given) or "true", parameters


def _ids_by_flags(
    connection: Connection, wanted: InstanceFilter, condition: str, parameters: Mapping[str, object]
) -> list[str]:
    """The ids of all instances that a filter lets through, in their order."""
    columns = "i.instance_identifier::text, i.solution_identifier::text, i.release_number, s.latest_release_number"
    rows = connection.execute(text(f"SELECT {columns} {_FROM} WHERE {condition} {_ORDER}"), parameters)
    instances = [OnRelease(*row) for row in rows]
    contents = contents_of_solutions(connection, {instance.solution_id for instance in instances})
    found = read_flags(connection, instances, contents)
    return [instance.instance_id for instance in instances if wanted.lets_through(found[instance.instance_id])]


def _instances(connection: Connection, ids: Sequence[str]) -> list[Instance]:
    rows = _rows(connection, ids)
    values = read_values(connection, [row.instance_id for row in rows])
    releases = {
        (row.solution_id, number) for row in rows for number in needed_releases(row, values.get(row.instance_id, {}))
    }
    contents = contents_of_releases(connection, releases)
    return [instance_of(row, contents[row.solution_id], values.get(row.instance_id, {})) for row in rows]


def _rows(connection: Connection, ids: Iterable[str]) -> list[InstanceRow]:
    return [InstanceRow(*row) for row in connection.execute(text(_ROWS), {"ids": _identifiers(ids)})]


def _identifiers(ids: Iterable[str]) -> list[str]:
    return [known for known in map(identifier, ids) if known is not None]
