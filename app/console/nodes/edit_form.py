"""The form that edits a draft: its fields, and the edit that they mean.

The member types have numbers in the order of the form, and so do the members of each. The field `m2-3-value` holds the
value of the fourth member of the third member type.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Final

from app.errors import Fault, invalid, refuse
from app.nodes.editing import GivenEdit
from app.nodes.merging import GivenMember, GivenMemberType
from app.nodes.resolving import NamedVersion
from app.text import collapsed, is_blank, is_whole_number, with_line_feeds

MOST_MEMBERS: Final = 500
"""A draft with more members is edited with the service SetNode."""

_MEMBER_TYPE = "node_version_identifier_member_type"
_TARGET = "node_version_reference_target"
_PARTS: Final = {
    "node_member_value": "value",
    "node_member_scale": "scale",
    _TARGET: "target",
    "node_member_sequence": "value",
    "node_member_comment": "comment",
}
_MOST_DIGITS = 18


@dataclass(frozen=True)
class SentMember:
    """A member of the form as it was sent."""

    name: str
    fields: Mapping[str, str]

    def text(self, part: str) -> str:
        """Return what a field of the member holds."""
        return self.fields.get(f"{self.name}-{part}", "")

    def number(self, part: str) -> int | None:
        """Return a field of the member as a number."""
        return number_in(self.text(part))

    @property
    def is_known(self) -> bool:
        """Whether the form has this member."""
        return any(f"{self.name}-{part}" in self.fields for part in ("value", "scale", "target", "comment", "sequence"))

    def given(self) -> GivenMember:
        """Return the member in the words of the domain. Raises UserError about a scale that is not a number."""
        value, target = self.text("value"), collapsed(self.text("target"))
        scale, comment = _scale(self.text("scale"), f"{self.name}-scale"), self.text("comment")
        value_given = with_line_feeds(value) if value != "" else None
        says = value_given is not None or bool(target) or scale is not None or not is_blank(comment)
        return GivenMember(
            sequence=self.number("sequence"),
            new_sequence=self.number("place") if self.text("place") != self.text("sequence") else None,
            value=value_given,
            scale=scale,
            target=NamedVersion(reference=target or None),
            target_field=_TARGET,
            comment=None if is_blank(comment) else with_line_feeds(comment),
            delete=self.text("remove") == "true",
            retain=not says and self.text("bare") == "true",
        )


def edit_in(fields: Mapping[str, str]) -> GivenEdit:
    """Return the edit that a form means. Raises UserError about its fields."""
    member_types: list[GivenMemberType] = []
    for identifier in _member_types(fields):
        name = f"m{len(member_types)}"
        members = [member.given() for member in members_in(fields, name)]
        member_types.append(GivenMemberType(NamedVersion(identifier=identifier), _MEMBER_TYPE, members))
    comment = fields.get("comment", "")
    return GivenEdit(
        name=fields.get("name") or None,
        comment=None if is_blank(comment) else with_line_feeds(comment),
        sets_comment=True,
        member_types=member_types,
    )


def field_of(fault: Fault) -> str:
    """Return the field that a fault of an edit is about."""
    path = fault.path
    if path[:1] == ("node_name",):
        return "name"
    if len(path) >= 4 and path[0] == "member_types" and path[2] == "members":
        part = _PARTS.get(str(path[4]), "value") if len(path) > 4 else "value"
        return f"m{path[1]}-{path[3]}-{part}"
    if len(path) >= 2 and path[0] == "member_types":
        return f"m{path[1]}"
    return fault.field


def _member_types(fields: Mapping[str, str]) -> Iterator[int]:
    for place in count():
        identifier = number_in(fields.get(f"m{place}", ""))
        if identifier is None:
            return
        yield identifier


def members_in(fields: Mapping[str, str], member_type: str) -> Iterator[SentMember]:
    """Yield the members of a member type of a form, in the order of their rows."""
    for place in count():
        member = SentMember(f"{member_type}-{place}", fields)
        if not member.is_known:
            return
        yield member


def number_in(given: str) -> int | None:
    """Return the number that a field holds, or None if it holds no number."""
    return int(given) if is_whole_number(given) and len(given) <= _MOST_DIGITS else None


def _scale(given: str, field: str) -> float | None:
    text = given.strip()
    if not text:
        return None
    try:
        scale = float(text)
    except ValueError:
        scale = math.nan
    if not math.isfinite(scale) or "_" in text:
        refuse([invalid(field, "is not a number, such as 2 or 0.5")])
    return scale
