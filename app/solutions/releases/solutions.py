"""Solutions: their drafts, and the releases that were made from them."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from croniter import CroniterError, croniter
from sqlalchemy import Connection, Row, text

from app.editions import ANY_EDITION, KnownEdition
from app.errors import Fault, UserError, not_found, refuse, unknown
from app.solutions.content.documents import content_faults, to_document
from app.solutions.content.lengths import length_faults
from app.solutions.content.model import AuthSlot, ConfigSlot, Content, Screen, Workflow
from app.solutions.listing import Listing
from app.solutions.people.authentications import read_authentications
from app.solutions.releases.contents import content_of_text
from app.solutions.texts import MOST_DESCRIPTION, MOST_LABEL, identifier, identifiers, text_faults

# Long cron expressions would be slow, since each sweep of lazy updates parses them.
LONGEST_SCHEDULE = 200
_DAYS_AND_MONTHS = "sun|mon|tue|wed|thu|fri|sat|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_BYTES = text("""
    SELECT coalesce(sum(octet_length(s.draft::text) + coalesce(octet_length(r.content::text), 0)), 0)
    FROM solution s LEFT JOIN solution_release r
      ON r.solution_identifier = s.solution_identifier AND r.release_number = s.latest_release_number
    WHERE s.solution_identifier = ANY (cast(:solutions AS uuid[]))
""")
_SCHEDULE = re.compile(rf"((\d|[*,/-]|{_DAYS_AND_MONTHS})+( |$)){{5}}", re.ASCII | re.IGNORECASE)

_COLUMNS = """
    solution_identifier::text, title, description, tags, custom_fields, draft::text, held, latest_release_number,
    created_at
"""
_OF_IDS = text(f"""
    SELECT {_COLUMNS} FROM solution WHERE solution_identifier = ANY (cast(:ids AS uuid[]))
    ORDER BY created_at, solution_identifier
""")  # noqa: S608
_INSERT = text(f"""
    INSERT INTO solution (title, description, tags, custom_fields, draft, held)
    VALUES (:title, :description, :tags, cast(:custom_fields AS jsonb), cast(:draft AS jsonb), :held)
    RETURNING {_COLUMNS}
""")  # noqa: S608
_UPDATE = text(f"""
    UPDATE solution SET title = :title, description = :description, tags = :tags, held = :held,
           custom_fields = cast(:custom_fields AS jsonb), draft = cast(:draft AS jsonb)
    WHERE solution_identifier = :solution
    RETURNING {_COLUMNS}
""")  # noqa: S608
_RELEASES = text("""
    SELECT r.release_number, r.title, r.notes, a.user_logon_reference, a.user_name, r.published_at
    FROM solution_release r LEFT JOIN account a ON a.user_identifier = r.published_by
    WHERE r.solution_identifier = :solution AND r.release_number < :before
    ORDER BY r.release_number DESC LIMIT CAST(:limit AS bigint)
""")


@dataclass(frozen=True)
class CustomField:
    """A key and a value whose meaning only the builder knows."""

    key: str
    value: str


@dataclass(frozen=True)
class SolutionDraft:
    """The fields of a solution, or of a new one if no id is given.

    Absent fields keep their value, and an empty list or description removes what there was.
    """

    solution_id: str | None = None
    title: str | None = None
    description: str | None = None
    tags: tuple[str, ...] | None = None
    custom_fields: tuple[CustomField, ...] | None = None
    auth_slots: tuple[AuthSlot, ...] | None = None
    config_slots: tuple[ConfigSlot, ...] | None = None
    workflows: tuple[Workflow, ...] | None = None
    screens: tuple[Screen, ...] | None = None
    held: bool | None = None


@dataclass(frozen=True)
class Solution:
    """A solution with its draft. `latest_release_number` is 0 if there is no release."""

    solution_id: str
    title: str
    description: str | None
    tags: tuple[str, ...]
    custom_fields: tuple[CustomField, ...]
    draft: Content
    held: bool
    latest_release_number: int
    created: datetime

    @property
    def edition(self) -> str:
        """A digest of the draft and of the number of its next release.

        An editor sends it back, so that changes of others in the meantime are noticed. The number is a part of it so
        that of two requests that publish the same draft, only one does.
        """
        custom_fields = [[field.key, field.value] for field in self.custom_fields]
        draft = [self.title, self.description, self.tags, custom_fields, to_document(self.draft)]
        text_of_draft = json.dumps([*draft, self.latest_release_number])
        return hashlib.sha256(text_of_draft.encode()).hexdigest()[:32]


@dataclass(frozen=True)
class Release:
    """A release without its content. `published_by` is a logon reference."""

    number: int
    title: str
    notes: str | None
    published_by: str | None
    published_by_name: str | None
    published_at: datetime


def set_draft(connection: Connection, draft: SolutionDraft, known: KnownEdition = ANY_EDITION) -> Solution:
    """Create a solution or change it and its draft, and return it.

    Raises UserError about fields of the draft, and StateError if it no longer has the edition that the caller knows. A
    new solution has none.
    """
    stored = None if draft.solution_id is None else lock_solution(connection, draft.solution_id)
    if stored is not None:
        check_edition(stored, known)
    faults = [
        *text_faults("title", draft.title, required=stored is None or draft.title is not None),
        *text_faults("description", draft.description, most=MOST_DESCRIPTION, required=False),
        *_tag_faults(draft.tags or ()),
        *_custom_field_faults(draft.custom_fields or ()),
    ]
    content = _merged(Content() if stored is None else stored.draft, draft)
    faults += content_faults(content, is_schedule)
    faults += length_faults(_given(draft))
    faults += _authentication_faults(connection, draft.auth_slots or ())
    refuse(faults)
    values = _values(draft, stored, content)
    if stored is None:
        return _solution(connection.execute(_INSERT, values).one())
    return _solution(connection.execute(_UPDATE, {**values, "solution": stored.solution_id}).one())


def check_edition(solution: Solution, known: KnownEdition) -> None:
    """Raise StateError (106) if the draft of a solution does not have the known edition."""
    changed = "the draft was changed or published since you read it: read it again, then repeat the request"
    known.check(solution.edition, changed)


def read_solution(connection: Connection, solution_id: str) -> Solution:
    """Return a solution. Raises UserError about `solution_id`."""
    found = read_solutions(connection, [solution_id])
    if not found:
        raise UserError(unknown("solution_id", solution_id))
    return found[0]


def read_solutions(connection: Connection, ids: Iterable[str]) -> list[Solution]:
    """Return the solutions with these ids, the oldest first."""
    return [_solution(row) for row in connection.execute(_OF_IDS, {"ids": identifiers(ids)})]


def bytes_of_solutions(connection: Connection, solution_ids: Iterable[str]) -> int:
    """Return how many bytes the drafts and the latest releases of solutions have together, without reading them."""
    return int(connection.execute(_BYTES, {"solutions": list(solution_ids)}).scalar_one())


def solution_listing(tags: Collection[str] = (), *, published: bool = False) -> Listing:
    """Return the list of solutions that have all of `tags`, the oldest first; with `published` only those that have a
    release."""
    conditions = ["tags @> cast(:tags AS text[])"] if tags else []
    conditions += ["latest_release_number > 0"] if published else []
    order = ("solution.created_at", "solution.solution_identifier")
    return Listing("solution", *order, " AND ".join(conditions) or "true", {"tags": list(tags)})


def read_releases(
    connection: Connection, solution_id: str, *, before: int = 2**31 - 1, limit: int | None = None
) -> list[Release]:
    """Return the releases of a solution with numbers below `before`, the newest first, at most `limit` of them."""
    values = {"solution": identifier(solution_id), "before": before, "limit": limit}
    return [Release(*row) for row in connection.execute(_RELEASES, values)]


def is_schedule(expression: str) -> bool:
    """Return whether a text is a cron expression of five fields that has a next time.

    Extensions of croniter, such as a field for seconds or `R` for a random time, are not accepted.
    """
    if len(expression) > LONGEST_SCHEDULE or not _SCHEDULE.fullmatch(expression):
        return False
    try:
        croniter(expression, datetime.now(UTC)).get_next()
    except (CroniterError, ValueError):
        return False
    return True


def keep_latest_release(connection: Connection, solution_id: str) -> None:
    """Lock the solution in share mode, so that no release is published before this transaction ends."""
    query = text("SELECT FROM solution WHERE solution_identifier = :solution FOR SHARE")
    connection.execute(query, {"solution": identifier(solution_id)})


def lock_solution(connection: Connection, solution_id: str) -> Solution:
    """Lock a solution against changes until the transaction ends, and return it. Raises UserError about
    `solution_id`."""
    query = f"SELECT {_COLUMNS} FROM solution WHERE solution_identifier = :solution FOR NO KEY UPDATE"  # noqa: S608
    row = connection.execute(text(query), {"solution": identifier(solution_id)}).one_or_none()
    if row is None:
        raise UserError(unknown("solution_id", solution_id))
    return _solution(row)


def _given(draft: SolutionDraft) -> Content:
    """Return the lists of a draft as a content, in which an absent list is empty."""
    return Content(draft.auth_slots or (), draft.config_slots or (), draft.workflows or (), draft.screens or ())


def _merged(stored: Content, draft: SolutionDraft) -> Content:
    given = {
        "auth_slots": None if draft.auth_slots is None else tuple(map(_with_known_id, draft.auth_slots)),
        "config_slots": draft.config_slots,
        "workflows": draft.workflows,
        "screens": draft.screens,
    }
    merged = replace(stored, **{name: part for name, part in given.items() if part is not None})  # type: ignore[arg-type]
    return merged if draft.screens is not None else _without_removed_slots(merged)


def _without_removed_slots(content: Content) -> Content:
    """Return a content whose screens name only slots that it has: a slot that is removed leaves its screen."""
    external_ids = content.external_ids
    kept = (
        replace(screen, slots=tuple(slot for slot in screen.slots if slot in external_ids))
        for screen in content.screens
    )
    return replace(content, screens=tuple(kept))


def _with_known_id(slot: AuthSlot) -> AuthSlot:
    """Return the slot with the id of its authentication in canonical form, as the database writes it."""
    return replace(slot, authentication_id=identifier(slot.authentication_id) or slot.authentication_id)


def _values(draft: SolutionDraft, stored: Solution | None, content: Content) -> dict[str, object]:
    """Return all columns of a solution. Absent fields keep their value."""
    tags = draft.tags if draft.tags is not None else stored.tags if stored else ()
    fields = draft.custom_fields if draft.custom_fields is not None else stored.custom_fields if stored else ()
    return {
        "title": draft.title or (stored.title if stored else None),
        "description": (stored and stored.description if draft.description is None else draft.description) or None,
        "tags": list(dict.fromkeys(tags)),
        "custom_fields": json.dumps([{"key": field.key, "value": field.value} for field in fields]),
        "draft": json.dumps(to_document(content)),
        "held": draft.held if draft.held is not None else stored.held if stored else False,
    }


def _tag_faults(tags: Iterable[str]) -> Iterator[Fault]:
    for position, tag in enumerate(tags):
        yield from text_faults(("tags", position), tag, most=MOST_LABEL)


def _custom_field_faults(fields: Iterable[CustomField]) -> Iterator[Fault]:
    for position, field in enumerate(fields):
        path = ("custom_fields", position)
        yield from text_faults((*path, "key"), field.key, most=MOST_LABEL)
        yield from text_faults((*path, "value"), field.value, most=MOST_DESCRIPTION, required=False)


def _authentication_faults(connection: Connection, slots: Iterable[AuthSlot]) -> list[Fault]:
    """Return a fault for each slot whose authentication does not exist or belongs to an end user."""
    named = {
        position: slot.authentication_id for position, slot in enumerate(slots) if slot.authentication_id is not None
    }
    if not named:
        return []
    known = read_authentications(connection, ids=named.values(), keep=True)
    builders = {key for key, authentication in known.items() if authentication.owner is None}
    return [
        not_found(("auth_slots", position, "authentication_id"))
        for position, given in named.items()
        if identifier(given) not in builders
    ]


def _solution(row: Row[tuple[object, ...]]) -> Solution:
    fields = tuple(CustomField(field["key"], field["value"]) for field in row.custom_fields)
    return Solution(
        row.solution_identifier,
        row.title,
        row.description,
        tuple(row.tags),
        fields,
        content_of_text(row.draft),
        row.held,
        row.latest_release_number,
        row.created_at,
    )
