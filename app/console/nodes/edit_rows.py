"""The rows of the form that edits a draft: its members, what was typed, and empty rows for new members."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from app.console.forms import Form
from app.console.nodes.edit_form import members_in, number_in
from app.nodes.forms import FormMember, NodeForm
from app.references import split_version_identifier, version_identifier

_NEW_ROWS: Final = 2
_TYPED: Final = ("value", "target", "scale", "comment")
_FIELD = re.compile(r"m([0-9]{1,4})(-.*)?", re.ASCII | re.DOTALL)


@dataclass(frozen=True)
class EditRow:
    """A row with its number: that of a stored member, or of a new one. `was_removed`: it was the row of a member that
    somebody else has removed."""

    number: int
    stored: FormMember | None = None
    was_removed: bool = False


def identifiers_of(members: NodeForm) -> list[int]:
    """Return the identifiers of the member types of a form, in their order."""
    return [version_identifier(*each.version) for each in members.member_types]


def rows_of(members: NodeForm, form: Form) -> list[list[EditRow]]:
    """Return the rows of each member type: those that were sent, members that were not among them, and empty ones."""
    rows = []
    for place, member_type in enumerate(members.member_types):
        stored = {each.member.sequence: each for each in member_type.members}
        sent = list(_sent(f"m{place}", stored, form.values))
        shown = {row.stored.member.sequence for row in sent if row.stored is not None}
        others = [each for sequence, each in stored.items() if sequence not in shown]
        rows_here = [*sent, *(EditRow(number, each) for number, each in enumerate(others, start=len(sent)))]
        blank = sum(1 for row in sent if row.stored is None and not _is_typed(f"m{place}-{row.number}", form.values))
        empty = 0 if member_type.rules is None else max(0, _NEW_ROWS - blank)
        rows.append([*rows_here, *(EditRow(len(rows_here) + number) for number in range(empty))])
    return rows


def at_present(sent: Form, members: NodeForm) -> tuple[Form, list[str]]:
    """Return a form that was sent with its fields in the places that their member types have now, and what was typed
    for member types that the draft no longer has."""
    now = {split_version_identifier(identifier)[0]: place for place, identifier in enumerate(identifiers_of(members))}
    places: dict[int, int | None] = {}
    values: dict[str, str] = {}
    lost: list[str] = []
    for name, text in sent.values.items():
        found = _FIELD.fullmatch(name)
        if found is None:
            values[name] = text
            continue
        place = int(found[1])
        if place not in places:
            identifier = number_in(sent.values.get(f"m{place}", ""))
            places[place] = None if identifier is None else now.get(split_version_identifier(identifier)[0])
        if (new_place := places[place]) is not None:
            values[f"m{new_place}{found[2] or ''}"] = text
        elif text and name.endswith(tuple(f"-{part}" for part in _TYPED)):
            lost.append(text)
    return replace(sent, values=values), lost


def _sent(member_type: str, stored: Mapping[int, FormMember], fields: Mapping[str, str]) -> Iterator[EditRow]:
    seen: set[int] = set()
    for number, member in enumerate(members_in(fields, member_type)):
        sequence = member.number("sequence")
        if sequence is None or sequence in seen:
            yield EditRow(number)
        elif sequence in stored:
            yield EditRow(number, stored[sequence])
        else:
            yield EditRow(number, was_removed=True)
        seen.update([] if sequence is None else [sequence])


def _is_typed(row: str, fields: Mapping[str, str]) -> bool:
    return any(fields.get(f"{row}-{part}") for part in _TYPED)
