"""Merges the members of an edit into the members of a version.

Pure functions on members. Faults are collected, each with its place in the request.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from app.errors import Fault, FaultPath, duplicate, invalid, missing, unresolved
from app.identity import right
from app.nodes.drafts import StoredMember
from app.nodes.resolving import FoundVersion, NamedVersion
from app.nodes.type_lists import TypeList
from app.references import VersionKey
from app.text import counted


@dataclass(frozen=True)
class GivenMember:
    """A member in an edit: a new one, or with a `sequence` the changes of the stored member with this sequence."""

    sequence: int | None = None
    new_sequence: int | None = None
    value: str | None = None
    scale: float | None = None
    target: NamedVersion = field(default_factory=NamedVersion)
    target_field: str = ""
    comment: str | None = None
    delete: bool = False
    retain: bool = False

    @property
    def says_something(self) -> bool:
        """Whether any content is given."""
        return self.target.given or any(each is not None for each in (self.value, self.scale, self.comment))


@dataclass(frozen=True)
class GivenMemberType:
    """The members of one member type in an edit."""

    member_type: NamedVersion
    member_type_field: str
    members: Sequence[GivenMember]


class MemberLine(NamedTuple):
    """A member of the version as it will be, and its place in the request if it has one."""

    member: StoredMember
    path: FaultPath | None = None
    field: str = ""


@dataclass
class Merger:
    """Merges what is given of each member type into the stored members.

    `hidden` are stored targets that the editor may not read: these stay unless a new one is given.
    """

    stored: Sequence[StoredMember]
    types: TypeList
    found: Mapping[NamedVersion, FoundVersion | str]
    hidden: Collection[VersionKey] = ()
    faults: list[Fault] = field(default_factory=list)
    paths: dict[int, FaultPath] = field(default_factory=dict)
    """The place of each given member type in the request, by its node."""

    def merge(self, given: Sequence[GivenMemberType]) -> list[MemberLine]:
        """Return all members of the version, those of a member type with sequences from 1."""
        lines: dict[int, list[MemberLine]] = {}
        for member in self.stored:
            lines.setdefault(member.member_type[0], []).append(MemberLine(member))
        for position, each in enumerate(given):
            path: FaultPath = ("member_types", position)
            found = self._member_type(each, path)
            if found is not None:
                node = found.node.identifier
                self.paths[node] = path
                lines[node] = self._merge_members(found, each.members, lines.get(node, []), path)
        return [
            line._replace(member=line.member._replace(sequence=sequence))
            for node in sorted(lines)
            for sequence, line in enumerate(lines[node], start=1)
        ]

    def _member_type(self, given: GivenMemberType, path: FaultPath) -> FoundVersion | None:
        where = (*path, given.member_type_field)
        if not given.member_type.given:
            self.faults.append(missing(where))
            return None
        found = self.found[given.member_type]
        if isinstance(found, str):
            self.faults.append(unresolved(where, found))
            return None
        if found.node.identifier in self.paths:
            self.faults.append(duplicate(where, f"{found.node.reference} is given twice: list all its members once"))
            return None
        return found

    def _merge_members(
        self, of: FoundVersion, given: Sequence[GivenMember], old: list[MemberLine], path: FaultPath
    ) -> list[MemberLine]:
        version = self.types.version_of(of.key)
        stored = {line.member.sequence: line.member for line in old}
        changed: dict[int, MemberLine | None] = {}
        new: list[MemberLine] = []
        placed: list[tuple[int, MemberLine]] = []
        for position, each in enumerate(given):
            where = (*path, "members", position)
            if each.sequence:
                member = stored.get(each.sequence)
                if member is None:
                    text = f"is {each.sequence}, and {of.node.reference} has {counted(len(stored), 'member')} here"
                    self.faults.append(unresolved((*where, "node_member_sequence"), text))
                    continue
                if each.sequence in changed:
                    self.faults.append(duplicate((*where, "node_member_sequence")))
                    continue
                changed[each.sequence] = None
                if each.delete:
                    continue
                line = self._changed(member, each, where)
            elif each.delete or not (each.says_something or each.retain):
                continue
            elif version is None:
                text = f"{of.node.reference} is not a member type of this type, so that no member can be added"
                self.faults.append(invalid(where, text))
                continue
            else:
                line = self._filled(StoredMember(version, 0), each, where)
            if each.new_sequence:
                placed.append((each.new_sequence, line))
            elif each.sequence:
                changed[each.sequence] = line
            else:
                new.append(line)
        rest = [changed.get(line.member.sequence, line) for line in old]
        merged = [line for line in (*rest, *new) if line is not None]
        for place, line in sorted(placed, key=lambda each: each[0]):
            merged.insert(place - 1, line)
        return merged

    def _changed(self, member: StoredMember, given: GivenMember, where: FaultPath) -> MemberLine:
        if given.says_something:
            return self._filled(member, given, where)
        if not given.retain and not given.new_sequence:
            text = (
                "says nothing of the member: give a value, a scale, a target, a comment or a new sequence, or say that"
                " the member is to be deleted or retained"
            )
            self.faults.append(missing(where, text))
        return MemberLine(member, where)

    def _filled(self, member: StoredMember, given: GivenMember, where: FaultPath) -> MemberLine:
        """Return the member with the given content. Other content is removed, unless the member is retained."""
        kept = member if given.retain else StoredMember(member.member_type, member.sequence)
        target = kept.target
        if given.target.given:
            target = self._target(given, member.target, where)
        elif member.target in self.hidden:
            target = member.target
        filled = StoredMember(
            member.member_type,
            member.sequence,
            kept.value if given.value is None else given.value,
            kept.scale if given.scale is None else given.scale,
            target,
            kept.comment if given.comment is None else given.comment,
        )
        return MemberLine(filled, where, given.target_field)

    def _target(self, given: GivenMember, stored: VersionKey | None, where: FaultPath) -> VersionKey | None:
        found = self.found[given.target]
        place = (*where, given.target_field)
        if isinstance(found, str):
            self.faults.append(unresolved(place, found))
            return None
        if found.key != stored and not found.node.may(right.LINK):
            self.faults.append(invalid(place, f"you may not link to {found.node.reference}"))
        return found.key
