"""Reads instances: one, or a page of the instances that match a filter."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, text

from app.database.sql_files import sql_file
from app.errors import UserError, too_many, unknown
from app.solutions.content.flags import Contents, PendingSlot, Values, WaitsFor, flags, pending, waits_for
from app.solutions.content.model import Flags, GivenValue, SlotKey, SlotKind
from app.solutions.instances.flags import OnRelease, read_flags
from app.solutions.instances.values import SELECT_VALUES, read_values, values_of
from app.solutions.limits import DEFAULT_LIMITS, Limits
from app.solutions.listing import Listing
from app.solutions.releases.contents import contents_of_releases, contents_of_solutions
from app.solutions.texts import identifier, identifiers
from app.text import counted

_TOGETHER = 50
_WITH_SOLUTION = "solution_instance i JOIN solution s USING (solution_identifier)"
_COLUMNS = """
    i.instance_identifier::text, i.solution_identifier::text, i.release_number, s.latest_release_number, i.name,
    i.enabled, i.held, i.created_at, i.owner::text
"""
_ROWS = f"""
    SELECT {_COLUMNS}
    FROM {_WITH_SOLUTION} WHERE i.instance_identifier = ANY (cast(:ids AS uuid[]))
    ORDER BY i.created_at, i.instance_identifier
"""  # noqa: S608
_IS_FAILING = """
    i.release_number < s.latest_release_number AND i.failed_release = s.latest_release_number AND NOT (i.held OR s.held)
"""
_NAMES = text("""
    SELECT instance_identifier::text, name FROM solution_instance
    WHERE instance_identifier = ANY (cast(:ids AS uuid[]))
""")


@dataclass(frozen=True)
class InstanceRow:
    """An instance without its values and workflows."""

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
    the slots of its release that still need a value; `hidden_slots` are the slots of its release that end users do not
    see."""

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
    hidden_slots: frozenset[SlotKey]

    @property
    def waits_for(self) -> WaitsFor:
        """Whom the instance waits for, with its release behind the latest or on it."""
        return waits_for(self.flags, self.pending)


@dataclass(frozen=True)
class InstanceFilter:
    """Selects instances: they must match all fields that are given. The solution must have all of `tags`.

    `held` are instances that are on hold themselves, `on_hold` also those whose solution is. `failing` are instances
    that would move to the latest release by themselves, and have failed to.
    """

    ids: tuple[str, ...] | None = None
    owner: str | None = None
    solution_id: str | None = None
    name: str | None = None
    tags: tuple[str, ...] = ()
    has_newer_version: bool | None = None
    requires_user_input_to_update_version: bool | None = None
    requires_system_input_to_update_version: bool | None = None
    held: bool | None = None
    on_hold: bool | None = None
    failing: bool | None = None

    @property
    def asks_for_input(self) -> bool:
        """Whether the values of each instance must be read to apply the filter."""
        return (
            self.requires_user_input_to_update_version is not None
            or self.requires_system_input_to_update_version is not None
        )

    def lets_through(self, found: Flags) -> bool:
        """Return whether an instance with these flags matches."""
        user, system = self.requires_user_input_to_update_version, self.requires_system_input_to_update_version
        return user in (None, found.requires_user_input_to_update_version) and system in (
            None,
            found.requires_system_input_to_update_version,
        )


def read_instances(
    connection: Connection,
    wanted: InstanceFilter,
    page: int = 1,
    page_size: int = 100,
    limits: Limits = DEFAULT_LIMITS,
) -> tuple[list[Instance], int]:
    """Return a page (from 1) of the instances that match a filter, the oldest first, and how many match in all.

    The connection must have a snapshot, or a lock must prevent that releases of the solutions are published meanwhile.
    Raises UserError about `page_size` if the values on the page are too large for one response.
    """
    listing = instance_listing(wanted)
    first = (page - 1) * page_size
    if wanted.asks_for_input:
        ids = _ids_by_flags(connection, wanted, listing)
        on_page = instance_listing(InstanceFilter(ids=tuple(ids[first : first + page_size])))
        return _page(connection, on_page, 0, page_size, limits)[0], len(ids)
    return _page(connection, listing, first, page_size, limits)


def read_instances_of(connection: Connection, ids: Sequence[str], *, with_values: bool = True) -> list[Instance]:
    """Return the instances of `ids` that exist, the oldest first.

    The values are read in any case, to find flags and pending slots. Without `with_values` they are dropped after
    that, so that a long list of instances needs little memory.
    """
    if with_values:
        return _read_together(connection, ids)
    return [
        replace(instance, config_values={}, auth_values={})
        for first in range(0, len(ids), _TOGETHER)
        for instance in _read_together(connection, ids[first : first + _TOGETHER])
    ]


def _page(
    connection: Connection, listing: Listing, first: int, page_size: int, limits: Limits
) -> tuple[list[Instance], int]:
    """Return a page of a list with its values, and the length of the list. One statement reads both.

    Values that are too large together are not sent by the database.
    """
    query = sql_file("app.solutions.instances", "instance_page").format(
        identifier=listing.identifier,
        table=listing.table,
        condition=listing.condition,
        order=listing.order,
        columns=_COLUMNS,
        with_solution=_WITH_SOLUTION,
        select_values=SELECT_VALUES,
    )
    parameters = {**listing.parameters, "size": page_size, "first": first, "most_bytes": limits.response_bytes}
    rows = connection.execute(text(query), parameters).all()
    total, size = rows[0][:2]
    if len(rows) > 1 and size > limits.response_bytes:
        reason = f"is too large: the values of {counted(len(rows), 'instance')} have {size} bytes, of at most"
        raise UserError(too_many("page_size", f"{reason} {limits.response_bytes} in one response"))
    found = [(InstanceRow(*row[3:]), values_of(row[2] or ())) for row in rows if row[3] is not None]
    return _with_contents(connection, found), total


def _read_together(connection: Connection, ids: Sequence[str]) -> list[Instance]:
    rows = _rows(connection, ids)
    values = read_values(connection, [row.instance_id for row in rows])
    return _with_contents(connection, [(row, values.get(row.instance_id, {})) for row in rows])


def _with_contents(
    connection: Connection, found: Sequence[tuple[InstanceRow, dict[SlotKey, GivenValue]]]
) -> list[Instance]:
    releases = {(row.solution_id, number) for row, values in found for number in needed_releases(row, values)}
    contents = contents_of_releases(connection, releases) if releases else {}
    return [instance_of(row, contents[row.solution_id], values) for row, values in found]


def instance_listing(wanted: InstanceFilter, *, joined: bool = False) -> Listing:
    """Return the list of instances that match a filter, the oldest first. The fields about required input are not
    applied, since a database query cannot find them.

    An invalid id matches nothing. With `joined`, the list has the solutions even if the filter does not need them.
    """
    of_instance: dict[str, object] = {
        "i.instance_identifier = ANY (cast(:ids AS uuid[]))": wanted.ids,
        "i.owner = cast(:owner AS uuid)": wanted.owner,
        "i.solution_identifier = cast(:solution_id AS uuid)": wanted.solution_id,
        "i.name = :name": wanted.name,
        "i.held = :held": wanted.held,
    }
    of_solution: dict[str, object] = {
        "s.tags @> cast(:tags AS text[])": wanted.tags or None,
        "(i.release_number < s.latest_release_number) = :newer": wanted.has_newer_version,
        "(i.held OR s.held) = :on_hold": wanted.on_hold,
        f"({_IS_FAILING}) = :failing": wanted.failing,
        "i.release_number < s.latest_release_number": (
            wanted.requires_user_input_to_update_version or wanted.requires_system_input_to_update_version or None
        ),
    }
    parameters: dict[str, object] = {
        "ids": identifiers(wanted.ids or ()),
        "owner": identifier(wanted.owner),
        "solution_id": identifier(wanted.solution_id),
        "name": wanted.name,
        "held": wanted.held,
        "tags": list(wanted.tags),
        "newer": wanted.has_newer_version,
        "on_hold": wanted.on_hold,
        "failing": wanted.failing,
    }
    of_solution = {condition: value for condition, value in of_solution.items() if value is not None}
    given = [condition for condition, value in {**of_instance, **of_solution}.items() if value is not None]
    return Listing(
        _WITH_SOLUTION if of_solution or joined else "solution_instance i",
        "i.created_at",
        "i.instance_identifier",
        " AND ".join(given) or "true",
        parameters,
    )


def read_names(connection: Connection, ids: Sequence[str]) -> dict[str, str]:
    """Return the names of the instances of `ids` that exist, by id."""
    return {row[0]: row[1] for row in connection.execute(_NAMES, {"ids": identifiers(ids)})}


def read_row(connection: Connection, instance_id: str) -> InstanceRow:
    """Return an instance without its values. Raises UserError about `solution_instance_id`."""
    rows = _rows(connection, [instance_id])
    if not rows:
        raise UserError(unknown("solution_instance_id", instance_id))
    return rows[0]


def instance_of(row: InstanceRow, contents: Contents, values: Values) -> Instance:
    """Return an instance with its values. `contents` must have the releases of `needed_releases`."""
    content = contents[row.release_number]
    config_values, auth_values = {}, {}
    for config_slot in content.config_slots:
        stored = values.get((SlotKind.CONFIG, config_slot.external_id))
        if stored is not None and stored.value is not None:
            config_values[config_slot.external_id] = stored.value
    for auth_slot in content.auth_slots:
        stored = values.get((SlotKind.AUTH, auth_slot.external_id))
        if stored is not None and stored.authentication is not None:
            auth_values[auth_slot.external_id] = stored.authentication.authentication_id
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
        hidden_slots=frozenset(content.hidden_slots),
    )


def needed_releases(row: InstanceRow, values: Values) -> set[int]:
    """Return the releases whose contents `instance_of` needs: the instance's, the latest, and those that its values
    were given for."""
    return {
        row.release_number,
        row.latest_release_number,
        *(number for value in values.values() for number in value.given_for),
    }


def _ids_by_flags(connection: Connection, wanted: InstanceFilter, listing: Listing) -> list[str]:
    """Return the ids of all instances that match a filter, in the order of the list."""
    columns = "i.instance_identifier::text, i.solution_identifier::text, i.release_number, s.latest_release_number"
    query = f"SELECT {columns} FROM {_WITH_SOLUTION} WHERE {listing.condition} ORDER BY {listing.order}"  # noqa: S608
    instances = [OnRelease(*row) for row in connection.execute(text(query), listing.parameters)]
    contents = contents_of_solutions(connection, {instance.solution_id for instance in instances})
    found = read_flags(connection, instances, contents)
    return [instance.instance_id for instance in instances if wanted.lets_through(found[instance.instance_id])]


def _rows(connection: Connection, ids: Iterable[str]) -> list[InstanceRow]:
    return [InstanceRow(*row) for row in connection.execute(text(_ROWS), {"ids": identifiers(ids)})]
