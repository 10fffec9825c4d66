"""Reads, checks and stores the values that instances hold in their slots."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

from sqlalchemy import Connection, text

from app.database.engine import prepared
from app.database.sql_files import sql_file
from app.errors import (
    Fault,
    FaultPath,
    UserError,
    absence,
    duplicate,
    invalid,
    missing,
    needs_upgrade,
    refuse,
    too_many,
)
from app.solutions.content.flags import Contents
from app.solutions.content.model import (
    AuthenticationFacts,
    AuthSlot,
    ConfigSlot,
    ConfigType,
    GivenValue,
    Slot,
    SlotKey,
    SlotKind,
)
from app.solutions.content.values import authentication_fault, config_value_fault, is_good
from app.solutions.limits import Limits
from app.solutions.people.authentications import Authentication, read_authentications
from app.solutions.texts import identifier

GivenPair: TypeAlias = tuple[str | None, str | None]
"""The external id of a slot and the value for it, each None if the request lacks it."""

_KINDS = {kind.value: kind for kind in SlotKind}

_READ = """
    SELECT v.instance_identifier::text, v.slot_kind, v.external_identifier, v.value, v.given_for,
           v.authentication_identifier::text, a.service, a.service_version, a.service_environment, a.scopes,
           a.expires_at <= now() AS expired
    FROM instance_value v LEFT JOIN authentication a USING (authentication_identifier)
    WHERE v.instance_identifier = ANY (cast(:instances AS uuid[]))
"""
_BYTES = text("""
    SELECT coalesce(sum(octet_length(value)), 0) FROM instance_value
    WHERE instance_identifier = ANY (cast(:instances AS uuid[]))
""")
_OF_SLOTS = """
    AND (v.slot_kind, v.external_identifier) IN
        (SELECT * FROM unnest(cast(:kinds AS text[]), cast(:external_ids AS text[])))
"""
STORE_VALUES = sql_file("app.solutions.instances", "store_values")
"""Stores values in slots of an instance, in place of those that they have. `as_rows` returns the parameter `given`."""

SELECT_VALUES: Final = """
    SELECT json_agg(json_build_array(v.slot_kind, v.external_identifier, v.value, v.given_for,
                                     v.authentication_identifier, a.service, a.service_version, a.service_environment,
                                     a.scopes, a.expires_at <= now()))
    FROM instance_value v LEFT JOIN authentication a USING (authentication_identifier)
"""
"""Reads the values of an instance as one value of JSON, for `values_of`. The condition is left out."""


@dataclass(frozen=True)
class GivenValues:
    """The values of a request, by the external id of a slot: JSON as text, and the ids of authentications."""

    config_values: Mapping[str, str]
    auth_values: Mapping[str, str]

    @classmethod
    def of(cls, config_values: Iterable[GivenPair] | None, auth_values: Iterable[GivenPair] | None) -> GivenValues:
        """Return the values that a request lists. Raises UserError if something is missing or a slot is repeated."""
        faults: list[Fault] = []
        given = cls(
            _by_slot("config_values", "value", config_values or (), faults),
            _by_slot("auth_values", "auth_id", auth_values or (), faults),
        )
        refuse(faults)
        return given


@dataclass(frozen=True)
class Recipient:
    """Whom and what values are given to: the instance's owner, and the release that they are for.

    Only the system fills hidden slots. For an end user who gives values these slots do not exist.
    """

    owner: str
    release: int
    latest: int
    contents: Contents
    by_end_user: bool = False

    def slot(self, release: int, key: SlotKey) -> Slot | None:
        """Return a slot of a release, or None if it does not exist for the person or system that gives the values."""
        slot = self.contents[release].slot(*key)
        return None if slot is not None and slot.hidden and self.by_end_user else slot


def read_values(
    connection: Connection, instance_ids: Iterable[str], slots: Collection[SlotKey] | None = None
) -> dict[str, dict[SlotKey, GivenValue]]:
    """Return the values of instances, in all slots or in `slots`. An instance without values is not in the result."""
    query, parameters = _READ, dict[str, object](instances=list(instance_ids))
    if slots is not None:
        query += _OF_SLOTS
        parameters |= {"kinds": [kind for kind, _ in slots], "external_ids": [name for _, name in slots]}
    found: dict[str, dict[SlotKey, GivenValue]] = defaultdict(dict)
    for instance, *row in connection.execute(text(query), parameters):
        found[instance].update(values_of([row]))
    return dict(found)


def values_of(rows: Iterable[Sequence[Any]]) -> dict[SlotKey, GivenValue]:
    """Return values by slot from rows with the slot, the value, the releases it was given for, and the facts of an
    authentication."""
    found: dict[SlotKey, GivenValue] = {}
    for kind, external_id, value, given_for, *facts in rows:
        authentication = None if kind == SlotKind.CONFIG else _facts(*facts)
        found[_KINDS[kind], external_id] = GivenValue(value, authentication, tuple(given_for))
    return found


def checked(
    connection: Connection, recipient: Recipient, given: GivenValues
) -> tuple[dict[SlotKey, GivenValue], list[Fault]]:
    """Return the given values in the form that an instance holds, and what is wrong with them."""
    values: dict[SlotKey, GivenValue] = {}
    faults: list[Fault] = []
    for position, (external_id, value) in enumerate(given.config_values.items()):
        key, path = (SlotKind.CONFIG, external_id), ("config_values", position)
        values[key] = GivenValue(value, None, (recipient.release,))
        faults += _faults(recipient, key, values[key], path, "value")
    known = read_authentications(connection, ids=given.auth_values.values(), keep=True) if given.auth_values else {}
    for position, (external_id, authentication_id) in enumerate(given.auth_values.items()):
        key, path = (SlotKind.AUTH, external_id), ("auth_values", position)
        facts = _usable(recipient, key, known.get(identifier(authentication_id) or ""))
        values[key] = GivenValue(None, facts, (recipient.release,))
        faults += _faults(recipient, key, values[key], path, "auth_id")
    return {key: _for_the_latest_too(recipient, key, value) for key, value in values.items()}, faults


def check_size(values: Mapping[SlotKey, GivenValue], given: Mapping[str, str], limits: Limits) -> None:
    """Raise UserError if the values of an instance, including the newly given ones, are too large together.

    An instance that is given no values can still move after the limit was lowered.
    """
    if not given:
        return
    size = bytes_together(values)
    if size > limits.instance_bytes:
        reason = f"make the values of the instance {size} bytes in total; the limit is {limits.instance_bytes}"
        raise UserError(too_many("config_values", reason))


def bytes_together(values: Mapping[SlotKey, GivenValue]) -> int:
    """Return how many bytes values have together."""
    return sum(len(value.value.encode()) for value in values.values() if value.value is not None)


def bytes_of_values(connection: Connection, instance_ids: Sequence[str]) -> int:
    """Return how many bytes the values of instances have together, without reading the values."""
    return int(connection.execute(_BYTES, {"instances": list(instance_ids)}).scalar_one())


def store_values(connection: Connection, instance_id: str, values: Mapping[SlotKey, GivenValue]) -> None:
    """Store values in slots of an instance and replace the values that they have."""
    if values:
        prepared(connection, STORE_VALUES, {"instance": instance_id, "given": as_rows(values)})


def slots_detail(values: Iterable[SlotKey]) -> dict[str, list[str]]:
    """Return what the audit holds of values that are given: their slots. It never holds a value."""
    names = sorted({external_id for _, external_id in values})
    return {"slots": names} if names else {}


def as_rows(values: Mapping[SlotKey, GivenValue]) -> str:
    """Return values as JSON, for the parameter `given` of `STORE_VALUES`."""
    return json.dumps(
        [
            {
                "kind": kind.value,
                "external_id": external_id,
                "value": value.value,
                "authentication": None if value.authentication is None else value.authentication.authentication_id,
                "given_for": value.given_for,
            }
            for (kind, external_id), value in values.items()
        ]
    )


def _by_slot(name: str, field: str, pairs: Iterable[GivenPair], faults: list[Fault]) -> dict[str, str]:
    """Return the values of a list by slot, and add what is wrong with the list to the faults."""
    values: dict[str, str] = {}
    for position, (external_id, value) in enumerate(pairs):
        if external_id is None:
            faults.append(missing((name, position, "external_id")))
        elif external_id in values:
            faults.append(duplicate((name, position, "external_id")))
        if value is None:
            faults.append(missing((name, position, field)))
        values[external_id or ""] = value or ""
    return values


def _facts(
    identifier: str, service: str, version: str, environment: str, scopes: list[str], expired: bool | None
) -> AuthenticationFacts:
    return AuthenticationFacts(identifier, service, version, environment, frozenset(scopes), bool(expired))


def _faults(recipient: Recipient, key: SlotKey, value: GivenValue, path: FaultPath, field: str) -> list[Fault]:
    """Return what is wrong with a value. `path` is the path of the slot with its value, `field` the value's name
    there."""
    slot = recipient.slot(recipient.release, key)
    if slot is not None:
        reason = _value_fault(slot, value)
        if reason is None:
            return []
        if recipient.slot(recipient.latest, key) is not None and _fits_the_latest(recipient, key, value):
            return [needs_upgrade((*path, field), f"{reason}; release {recipient.latest} accepts it")]
        return [invalid((*path, field), reason, is_sentence=True)]
    kind, external_id = key
    if any(number > recipient.release and recipient.slot(number, key) for number in recipient.contents):
        reason = f'The instance is on release {recipient.release}, and "{external_id}" is new in a later one'
        return [needs_upgrade((*path, "external_id"), reason)]
    reason = f'Release {recipient.release} has no {kind} slot "{external_id}"'
    return [invalid((*path, "external_id"), reason, is_sentence=True)]


def _fits_the_latest(recipient: Recipient, key: SlotKey, value: GivenValue) -> bool:
    slot = recipient.contents[recipient.latest].slot(*key)
    return slot is not None and _value_fault(slot, value) is None


def _value_fault(slot: Slot, value: GivenValue) -> str | None:
    if isinstance(slot, ConfigSlot):
        return None if value.value is None else config_value_fault(slot, value.value)
    if value.authentication is None:
        return absence(f'The authentication for auth slot "{slot.external_id}"')
    return authentication_fault(slot, value.authentication)


def _usable(recipient: Recipient, key: SlotKey, authentication: Authentication | None) -> AuthenticationFacts | None:
    """Return the facts of an authentication if it belongs to the owner or to the slot, else None."""
    if authentication is None or authentication.owner == recipient.owner:
        return None if authentication is None else authentication.facts
    slot = recipient.contents[recipient.release].slot(*key)
    own = isinstance(slot, AuthSlot) and identifier(slot.authentication_id) == authentication.facts.authentication_id
    return authentication.facts if own and authentication.owner is None else None


def _for_the_latest_too(recipient: Recipient, key: SlotKey, value: GivenValue) -> GivenValue:
    """Return a value that counts as given for the latest release too if it fits the slot there, so that a change that
    the value already meets does not require input again.

    The entries of a drop-down list are not known here, so a value that was chosen from another list does not fit.
    """
    if recipient.latest in value.given_for or not _fits_the_latest(recipient, key, value):
        return value
    slot = recipient.contents[recipient.latest].slot(*key)
    if (
        isinstance(slot, ConfigSlot)
        and slot.type is ConfigType.DDL
        and not is_good(value, *key, recipient.latest, recipient.contents)
    ):
        return value
    return replace(value, given_for=(*value.given_for, recipient.latest))
