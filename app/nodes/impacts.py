"""The changes of data that an edit causes beyond those that it names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection

from app.database.engine import driver_connection
from app.identity.rights import Caller, rights_on
from app.nodes.compatibility import Fit
from app.nodes.linked import Linked, linked_as_named
from app.nodes.lookup import read_named
from app.nodes.members import CheckedMember
from app.references import VersionKey


class ImpactKind(StrEnum):
    """Data moves to another version of its member type, data is lost, or data breaks a rule of its member type."""

    VERSION = "version"
    REMOVE = "remove"
    RULES = "rules"


@dataclass(frozen=True)
class Impact:
    """An impact on the data of one member type version; `text` says which rule is broken."""

    kind: ImpactKind
    member_type: VersionKey
    text: str | None = None


@dataclass(frozen=True)
class ShownImpact:
    """An impact with its member type, as far as the reader may know it."""

    impact: Impact
    member_type: Linked


@dataclass(frozen=True)
class Impacts:
    """The impacts of an edit, in the order of references, and how many others are on member types that the reader may
    not read."""

    shown: list[ShownImpact]
    hidden: int

    def __bool__(self) -> bool:
        return bool(self.shown) or self.hidden > 0


def impacts_of(members: Iterable[CheckedMember], fitted: Fit, *, rules: bool) -> list[Impact]:
    """Return what a fit does to members: one impact for each member type version and kind.

    A rule that is broken is an impact if `rules` says so.
    """
    kept = {member.place: member.member_type for member in fitted.kept}
    found: dict[Impact, None] = {}
    for member in members:
        now = kept.get(member.place)
        if now is None:
            found[Impact(ImpactKind.REMOVE, member.member_type)] = None
        elif now != member.member_type:
            found[Impact(ImpactKind.VERSION, member.member_type)] = None
    if rules:
        found.update({Impact(ImpactKind.RULES, *broken): None for broken in fitted.broken})
    return list(found)


def show(connection: Connection, caller: Caller, impacts: Iterable[Impact]) -> Impacts:
    """Name the member types of impacts, as far as the caller may know them."""
    listed = list(impacts)
    named = read_named(driver_connection(connection), list({impact.member_type for impact in listed}))
    rights = rights_on(connection, caller, [name.reference for name in named.values()])
    found = [(each, linked_as_named(rights, each.member_type, named[each.member_type])) for each in listed]
    shown = [ShownImpact(impact, member_type) for impact, member_type in found if member_type is not None]
    shown.sort(key=lambda each: (each.member_type.reference, each.impact.kind, each.impact.text or ""))
    return Impacts(shown, len(listed) - len(shown))
