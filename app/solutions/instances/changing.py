"""Creates, updates, upgrades and removes instances ("Updating vs Upgrading instances").

*Update* changes an instance on its release; *upgrade* moves it to the latest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from uuid import uuid4

from sqlalchemy import Connection, text

from app.database.sql_files import sql_file
from app.errors import Fault, UserError, invalid, missing, refuse, unknown
from app.identity import audit
from app.identity.audit import Action, Event
from app.solutions.content.flags import Contents, pending, values_after_move
from app.solutions.content.model import GivenValue, SlotKey
from app.solutions.instances.moving import InstanceState, Move, lock, lock_to_move, move
from app.solutions.instances.reading import (
    Instance,
    instance_of,
    read_row,
)
from app.solutions.instances.values import (
    GivenValues,
    Recipient,
    check_size,
    checked,
    slots_detail,
    store_values,
)
from app.solutions.instances.workflows import set_workflows
from app.solutions.limits import DEFAULT_LIMITS, Limits
from app.solutions.messages import announce
from app.solutions.people.external_users import check_number, lock_external_user
from app.solutions.releases.contents import read_contents
from app.solutions.releases.solutions import keep_latest_release, read_solution
from app.solutions.texts import identifier, text_faults

_NOTHING: Mapping[str, str] = MappingProxyType({})

_INSERT = audit.statement("""
    WITH created AS (
      INSERT INTO solution_instance (instance_identifier, solution_identifier, release_number, owner, name)
      VALUES (:instance, :solution, :release, :owner, :name) RETURNING 1
    )
    INSERT INTO audit ({columns}) SELECT {values} FROM created
""")
_UPDATE = """
    UPDATE solution_instance SET name = :name, enabled = :enabled, held = :held WHERE instance_identifier = :instance
"""
_UPDATE_UNCHANGED = text(_UPDATE)
_UPDATE_AND_TELL = audit.statement(
    "WITH changed AS (" + _UPDATE + " RETURNING 1) INSERT INTO audit ({columns}) SELECT {values} FROM changed"  # noqa: S608
)
_REMOVE = audit.statement(sql_file("app.solutions.instances", "remove_instance"))


def create_instance(
    connection: Connection,
    solution_id: str,
    owner: str,
    name: str | None,
    config_values: Mapping[str, str] = _NOTHING,
    auth_values: Mapping[str, str] = _NOTHING,
    *,
    by_end_user: bool = False,
    limits: Limits = DEFAULT_LIMITS,
) -> Instance:
    """Create an instance of a solution's latest release for an end user. The instance is not enabled.

    An end user cannot give values for hidden slots: for end users these slots do not exist.

    Raises UserError about the arguments.
    """
    keep_latest_release(connection, solution_id)
    solution = read_solution(connection, solution_id)
    latest = solution.latest_release_number
    faults = [*([] if owner else [missing("owner")]), *text_faults("instance_name", name)]
    if latest == 0:
        faults.append(invalid("solution_id", "has no release yet"))
    refuse(faults)
    user = lock_external_user(connection, owner, "owner", alone=True)
    check_number(connection, user, "instance", limits.instances_per_user)
    contents = read_contents(connection, solution.solution_id, [latest])
    values = _checked(
        connection, Recipient(user, latest, latest, contents, by_end_user), GivenValues(config_values, auth_values)
    )
    check_size(values, config_values, limits)
    parameters = {"solution": solution.solution_id, "release": latest, "owner": user, "name": name}
    instance = str(uuid4())
    details = {"solution": solution.solution_id, "release": latest, **slots_detail(values)}
    created = Event(Action.INSTANCE_CREATED, "instance", instance, details)
    connection.execute(_INSERT, {**parameters, "instance": instance, **audit.parameters(created)})
    audit.log_on_commit(connection, created)
    store_values(connection, instance, values)
    set_workflows(connection, instance, contents[latest])
    return instance_of(read_row(connection, instance), contents, values)


def update_instance(
    connection: Connection,
    instance_id: str,
    *,
    name: str | None = None,
    enabled: bool | None = None,
    held: bool | None = None,
    config_values: Mapping[str, str] = _NOTHING,
    auth_values: Mapping[str, str] = _NOTHING,
    error_on_enabling_with_missing_values: bool = False,
    by_end_user: bool = False,
    limits: Limits = DEFAULT_LIMITS,
) -> Instance:
    """Change an instance on its present release. Absent fields keep their value; given values replace stored ones.
    An end user cannot give values for hidden slots: for end users these slots do not exist.

    Raises UserError about the arguments, also if a slot exists only in a newer release ("You cannot
    use the updateSolutionInstance mutation for this purpose"), and if the instance is to be enabled while slots lack a
    value and the settings make that an error.
    """
    locked = lock(connection, instance_id)
    if locked is None:
        raise UserError(unknown("solution_instance_id", instance_id))
    contents = read_contents(connection, locked.row.solution_id)
    row = locked.row
    faults = [] if name is None else text_faults("instance_name", name)
    recipient = Recipient(row.owner, row.release_number, row.latest_release_number, contents, by_end_user)
    values, value_faults = checked(connection, recipient, GivenValues(config_values, auth_values))
    changed = InstanceState(
        replace(
            row,
            name=row.name if name is None else name,
            enabled=row.enabled if enabled is None else enabled,
            held=row.held if held is None else held,
        ),
        {**locked.values, **values},
    )
    faults += value_faults
    if enabled and error_on_enabling_with_missing_values and not faults:
        faults += _missing_values(changed, contents, by_end_user=by_end_user)
    refuse(faults)
    check_size(changed.values, config_values, limits)
    _store_row(connection, locked, changed)
    store_values(connection, row.instance_id, values)
    return instance_of(changed.row, contents, changed.values)


def upgrade_instance(
    connection: Connection,
    instance_id: str,
    config_values: Mapping[str, str] = _NOTHING,
    auth_values: Mapping[str, str] = _NOTHING,
    *,
    by_end_user: bool = False,
    limits: Limits = DEFAULT_LIMITS,
) -> Instance:
    """Move an instance to the latest release of its solution, with values for slots of that release. An end user
    cannot give values for hidden slots.

    Slots that still need a value are pending afterwards. If the request has only the id and the end user has to fill
    pending slots, a message announces it. Raises UserError about the arguments.
    """
    locked = lock_to_move(connection, instance_id, first=True)
    if locked is None:
        raise UserError(unknown("solution_instance_id", instance_id))
    contents = read_contents(connection, locked.row.solution_id, locked.needed_releases)
    given = GivenValues(config_values, auth_values)
    return upgrade_locked(connection, locked, contents, given, by_end_user=by_end_user, limits=limits)


def upgrade_locked(
    connection: Connection,
    locked: InstanceState,
    contents: Contents,
    given: GivenValues,
    *,
    by_end_user: bool,
    limits: Limits,
) -> Instance:
    """Move an instance that `lock_to_move` has locked and read, as `upgrade_instance` does. `contents` must have the
    releases of `needed_releases`."""
    row = locked.row
    recipient = Recipient(row.owner, row.latest_release_number, row.latest_release_number, contents, by_end_user)
    values = _checked(connection, recipient, given)
    after = {**values_after_move(locked.values, contents[recipient.release]), **values}
    check_size(after, given.config_values, limits)
    if recipient.release == row.release_number:
        _tell_of_change(connection, locked, InstanceState(row, after))
        store_values(connection, row.instance_id, values)
    else:
        move(connection, locked, recipient.release, contents, values, how=Move.UPGRADE)
    instance = instance_of(replace(row, release_number=recipient.release), contents, after)
    id_only = not given.config_values and not given.auth_values
    if id_only and row.release_number != instance.release_number and any(not slot.hidden for slot in instance.pending):
        announce(connection, row.solution_id, instance.release_number, [row.instance_id])
    return instance


def remove_instance(connection: Connection, instance_id: str) -> None:
    """Remove an instance with its values and workflows. Raises UserError about `solution_instance_id`."""
    instance = identifier(instance_id)
    removed = Event(Action.INSTANCE_REMOVED, "instance", instance)
    if not audit.make_change(connection, _REMOVE, {"instance": instance}, removed):
        raise UserError(unknown("solution_instance_id", instance_id))


def _checked(connection: Connection, recipient: Recipient, given: GivenValues) -> dict[SlotKey, GivenValue]:
    values, faults = checked(connection, recipient, given)
    refuse(faults)
    return values


def _missing_values(state: InstanceState, contents: Contents, *, by_end_user: bool) -> Sequence[Fault]:
    """Return why the instance cannot be enabled. The text for an end user does not name hidden slots."""
    lacking = pending(state.row.release_number, contents, state.values)
    if not lacking:
        return []
    named = [f'"{slot.external_id}"' for slot in lacking if not (slot.hidden and by_end_user)]
    if not named:
        reason = "the instance cannot be enabled: it needs values that only the system can give"
    else:
        reason = f"the instance cannot be enabled, these slots need a value: {', '.join(named)}"
    return [invalid("enabled", reason, is_sentence=True)]


def _store_row(connection: Connection, before: InstanceState, after: InstanceState) -> None:
    """Store the row of an instance, and write a row of the audit if anything in the instance changes."""
    row, change = after.row, _change(before, after)
    parameters = {"instance": row.instance_id, "name": row.name, "enabled": row.enabled, "held": row.held}
    if change is None:
        connection.execute(_UPDATE_UNCHANGED, parameters)
    else:
        connection.execute(_UPDATE_AND_TELL, {**parameters, **audit.parameters(change)})
        audit.log_on_commit(connection, change)


def _tell_of_change(connection: Connection, before: InstanceState, after: InstanceState) -> None:
    """Write a row of the audit if anything in an instance changes."""
    change = _change(before, after)
    if change is not None:
        audit.record(connection, change)


def _change(before: InstanceState, after: InstanceState) -> Event | None:
    """Return the event of a change, or None if nothing changes."""
    old, new = before.row, after.row
    details: dict[str, object] = {"solution": new.solution_id}
    if new.name != old.name:
        details["renamed"] = True
    if new.enabled != old.enabled:
        details["enabled"] = new.enabled
    if new.held != old.held:
        details["held"] = new.held
    details |= slots_detail(key for key, value in after.values.items() if _differs(before.values.get(key), value))
    return Event(Action.INSTANCE_CHANGED, "instance", new.instance_id, details) if len(details) > 1 else None


def _differs(before: GivenValue | None, after: GivenValue) -> bool:
    return before is None or _facts(before) != _facts(after)


def _facts(value: GivenValue) -> tuple[str | None, str | None]:
    return value.value, None if value.authentication is None else value.authentication.authentication_id
