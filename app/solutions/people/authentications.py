"""Authentications: the credentials of an end user, or of the builder, for a service.

Their data is stored encrypted. No response contains it: only the call of a connector reads it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import uuid4

from sqlalchemy import Connection, Row, text

from app.database.sql_files import sql_file
from app.errors import Fault, UserError, invalid, missing, refuse, too_many, unknown
from app.identity import audit
from app.identity.audit import Action, Event
from app.solutions.content.model import AuthenticationFacts, NotJsonError, read_json
from app.solutions.limits import DEFAULT_LIMITS, Limits
from app.solutions.listing import Listing
from app.solutions.people.cipher import Cipher
from app.solutions.people.external_users import check_number, lock_external_user
from app.solutions.texts import MOST_LABEL, identifier, identifiers, moment, text_faults

_COLUMNS = """
    authentication_identifier, owner, name, service, service_version, service_environment, scopes, hidden, created_at,
    expires_at, expires_at <= now() AS expired
"""
_INSERT = audit.statement(sql_file("app.solutions.people", "insert_authentication"))
_UPDATE = audit.statement(sql_file("app.solutions.people", "update_authentication"))
_REMOVE = audit.statement("""
    WITH removed AS (DELETE FROM authentication WHERE authentication_identifier = :authentication RETURNING 1)
    INSERT INTO audit ({columns}) SELECT {values} FROM removed RETURNING details
""")
NEVER: Final = "never"
"""What stands for the expiry of an authentication that does not expire."""

_MOST_SCOPES = 16 * 1024
_SLOTS_OF_DRAFTS = text("""
    SELECT title FROM solution
    WHERE jsonb_path_exists(draft, '$.authSlots[*].authenticationId ? (@ == $id)',
                            jsonb_build_object('id', cast(:authentication AS text)))
""")


@dataclass(frozen=True)
class AuthenticationDraft:
    """The fields of an authentication, or of a new one if no id is given. Absent fields keep their value. A new
    authentication without an owner belongs to the builder. `data` is JSON as text. `expires` is a time as text, or
    `NEVER`; a new authentication without it never expires. `new_id` is the id that a new authentication gets, a random
    one if there is none."""

    authentication_id: str | None = None
    owner: str | None = None
    name: str | None = None
    service: str | None = None
    service_version: str | None = None
    service_environment: str | None = None
    scopes: tuple[str, ...] | None = None
    data: str | None = field(default=None, repr=False)
    hidden: bool | None = None
    expires: str | None = None
    new_id: str | None = None


@dataclass(frozen=True)
class Authentication:
    """An authentication, without its data. `expires` is None if it never expires."""

    facts: AuthenticationFacts
    owner: str | None
    name: str
    hidden: bool
    created: datetime
    expires: datetime | None = None


def set_authentication(
    connection: Connection, cipher: Cipher, draft: AuthenticationDraft, limits: Limits = DEFAULT_LIMITS
) -> str:
    """Create or change an authentication and return its id.

    Raises UserError about the fields of the draft. The owner never changes.
    """
    refuse(_faults(draft, limits, new=draft.authentication_id is None))
    values = {
        "name": draft.name,
        "service": draft.service,
        "version": draft.service_version,
        "environment": draft.service_environment,
        "scopes": None if draft.scopes is None else sorted(set(draft.scopes)),
        "data": None if draft.data is None else cipher.encrypt(draft.data),
        "hidden": draft.hidden,
        "expires": None if draft.expires is None else moment(draft.expires),
    }
    if draft.authentication_id is None:
        owner = None
        if draft.owner is not None:
            owner = lock_external_user(connection, draft.owner, "owner", alone=True)
            check_number(connection, owner, "authentication", limits.authentications_per_user)
        new = draft.new_id or str(uuid4())
        created = _event(Action.AUTHENTICATION_CREATED, new, draft.service, owner)
        audit.make_change(connection, _INSERT, {**values, "owner": owner, "new_id": new}, created)
        return new
    # Not FOR UPDATE, so that a transaction that gives the authentication to an instance does not wait.
    stored = _locked(connection, draft.authentication_id, "NO KEY UPDATE")
    if draft.owner is not None and identifier(draft.owner) != stored.owner:
        raise UserError(invalid("owner", "cannot be changed"))
    values |= {"authentication": stored.facts.authentication_id, "keeps_expiry": draft.expires is None}
    fields = _given_fields(draft)
    if fields:
        audit.make_change(
            connection, _UPDATE, values, _event_about(Action.AUTHENTICATION_CHANGED, stored, fields=fields)
        )
    return stored.facts.authentication_id


def remove_authentication(connection: Connection, authentication_id: str) -> None:
    """Remove an authentication. Slots of instances that hold it become pending.

    Raises UserError about `authentication_id`, also if the authentication is the builder's and a draft or an instance
    uses it.
    """
    stored = _locked(connection, authentication_id, "UPDATE")
    values = {"authentication": stored.facts.authentication_id}
    if stored.owner is None:
        _check_not_used(connection, values)
    audit.make_change(connection, _REMOVE, values, _event_about(Action.AUTHENTICATION_REMOVED, stored))


def read_authentications(
    connection: Connection, *, ids: Iterable[str] | None = None, owner: str | None = None, keep: bool = False
) -> dict[str, Authentication]:
    """Return authentications by id: those of an end user, or those of `ids` that exist, or else the builder's.

    With `keep`, they are locked so that they cannot be removed before the transaction ends.
    """
    listing = authentication_listing(owner)
    condition, values = listing.condition, dict(listing.parameters)
    if ids is not None:
        condition = "authentication_identifier = ANY (cast(:ids AS uuid[]))"
        values["ids"] = identifiers(ids)
    query = f"SELECT {_COLUMNS} FROM {listing.table} WHERE {condition} ORDER BY {listing.order}"  # noqa: S608
    query += " FOR KEY SHARE" if keep else ""
    found = (_authentication(row) for row in connection.execute(text(query), values))
    return {authentication.facts.authentication_id: authentication for authentication in found}


def authentication_listing(owner: str | None) -> Listing:
    """Return the list of the authentications of an end user, or of the builder if `owner` is None, the oldest first."""
    condition = "owner IS NULL" if owner is None else "owner = cast(:owner AS uuid)"
    order = ("created_at", "authentication_identifier")
    return Listing("authentication", *order, condition, {"owner": identifier(owner)})


def _given_fields(draft: AuthenticationDraft) -> list[str]:
    """Return the names of the fields that a draft changes, as the requests call them."""
    given = {
        "name": draft.name,
        "service": draft.service,
        "serviceVersion": draft.service_version,
        "serviceEnvironment": draft.service_environment,
        "scopes": draft.scopes,
        "data": draft.data,
        "hidden": draft.hidden,
        "expires": draft.expires,
    }
    return [name for name, value in given.items() if value is not None]


def _event_about(action: Action, stored: Authentication, **details: object) -> Event:
    return _event(action, stored.facts.authentication_id, stored.facts.service, stored.owner, **details)


def _event(action: Action, authentication_id: str, service: str | None, owner: str | None, **details: object) -> Event:
    """Return an event about an authentication. One of the builder's has no owner."""
    whose = {} if owner is None else {"owner": owner}
    return Event(action, "authentication", authentication_id, {"service": service, **whose, **details})


def _faults(draft: AuthenticationDraft, limits: Limits, *, new: bool) -> list[Fault]:
    return [
        *text_faults("name", draft.name, required=new),
        *text_faults("service", draft.service, most=MOST_LABEL, required=new),
        *text_faults("service_version", draft.service_version, most=MOST_LABEL, required=False),
        *text_faults("service_environment", draft.service_environment, most=MOST_LABEL, required=False),
        *(
            fault
            for position, scope in enumerate(draft.scopes or ())
            for fault in text_faults(("scopes", position), scope, most=MOST_LABEL)
        ),
        *_scopes_faults(draft.scopes or ()),
        *_data_faults(draft.data, limits, required=new),
        *_expiry_faults(draft.expires),
    ]


def _expiry_faults(expires: str | None) -> list[Fault]:
    if expires in (None, NEVER) or moment(expires or "") is not None:
        return []
    reason = f'is not a time: write one with its time zone, such as 2026-09-26T10:03:28Z, or "{NEVER}"'
    return [invalid("expires", reason)]


def _scopes_faults(scopes: tuple[str, ...]) -> list[Fault]:
    if sum(map(len, scopes)) <= _MOST_SCOPES:
        return []
    return [
        too_many(
            ("scopes", 0),
            f"is too long with the other scopes: all scopes together must have at most {_MOST_SCOPES} characters",
        )
    ]


def _data_faults(data: str | None, limits: Limits, *, required: bool) -> list[Fault]:
    if not data:
        return [missing("data")] if required else []
    if len(data.encode(errors="replace")) > limits.instance_bytes:
        return [too_many("data", f"must have at most {limits.instance_bytes} bytes")]
    try:
        read_json(data)
    except NotJsonError as error:
        return [invalid("data", str(error))]
    return []


def _locked(connection: Connection, authentication_id: str, lock: str) -> Authentication:
    query = f"SELECT {_COLUMNS} FROM authentication WHERE authentication_identifier = :authentication FOR {lock}"  # noqa: S608
    row = connection.execute(text(query), {"authentication": identifier(authentication_id)}).one_or_none()
    if row is None:
        raise UserError(unknown("authentication_id", authentication_id))
    return _authentication(row)


def _check_not_used(connection: Connection, values: dict[str, str]) -> None:
    solution = connection.execute(_SLOTS_OF_DRAFTS, values).scalars().first()
    if solution is not None:
        raise UserError(invalid("authentication_id", f"is used by an auth slot of the draft of {solution}"))
    query = text("SELECT FROM instance_value WHERE authentication_identifier = :authentication LIMIT 1")
    if connection.execute(query, values).first() is not None:
        raise UserError(invalid("authentication_id", "is used by instances"))


def _authentication(row: Row[tuple[object, ...]]) -> Authentication:
    facts = AuthenticationFacts(
        str(row.authentication_identifier),
        row.service,
        row.service_version,
        row.service_environment,
        frozenset(row.scopes),
        bool(row.expired),
    )
    owner = None if row.owner is None else str(row.owner)
    return Authentication(facts, owner, row.name, row.hidden, row.created_at, row.expires_at)
