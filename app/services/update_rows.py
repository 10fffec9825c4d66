"""The `UpdateList` of a result, row by row in the order of references, with references and names instead of ids."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection

from app.references import VersionKey
from app.services.response import Fields, Group, Part
from app.updates.naming import NamedResult, with_names
from app.updates.rows import MemberUpdate, NodeUpdate, Refusal
from app.updates.update import UpdateResult
from app.updates.why import Link, chain

_CHANGE = Fields(("memberUpdateType", "change"))
_REMOVE = Fields(("memberUpdateType", "remove"))
_MOST_MEMBERS = 50_000
_SAME_TYPE = Fields(("typeUpdateType", "none"))


class UpdateRows:
    """The rows of a result as parts of a response."""

    def __init__(self, result: NamedResult) -> None:
        self._result = result
        self._named = result.named
        self.hidden = result.hidden
        """The number of refused nodes that have no row, because the caller may not read them."""
        # Keyed by the identity of the change: equal changes are one object, and hashing each takes long. The rendered
        # changes of a large result would fill the memory.
        self._members: dict[int, Group] = {}
        self._links: dict[Link, Group] = {}

    def groups(self) -> Iterator[Group]:
        """Return the `Update` elements."""
        for version, row in self._result.in_order():
            yield self._refusal(version, row) if isinstance(row, Refusal) else self._update(version, row)

    def _update(self, version: VersionKey, update: NodeUpdate) -> Group:
        named = self._named(version)
        head = Fields(
            ("nodeReference", named.reference),
            ("nodeVersionNumber", self._result.number(update)),
            ("nodeName", named.name),
            ("updateType", update.update_type.value),
        )
        known = self._members.get
        members = Group(
            "MemberUpdateList", tuple([known(id(member)) or self._member(member) for member in update.members])
        )
        of_type = _SAME_TYPE if update.type is None else self._new_type(update.type)
        return Group("Update", (head, of_type, members, *self._why(version[0])))

    def _new_type(self, version: VersionKey) -> Fields:
        named = self._named(version)
        return Fields(
            ("typeUpdateType", "change"),
            ("nodeReferenceType", named.reference),
            ("nodeVersionNumberType", version[1]),
            ("nodeNameType", named.name),
        )

    def _member(self, member: MemberUpdate) -> Group:
        parts: tuple[Part, ...] = (self._fields("MemberType", member.member_type), _REMOVE)
        if member.target is not None:
            parts = (parts[0], _CHANGE, self._fields("Target", member.target))
        if len(self._members) >= _MOST_MEMBERS:
            self._members.clear()
        group = self._members[id(member)] = Group("MemberUpdate", parts)
        return group

    def _fields(self, role: str, version: VersionKey) -> Fields:
        named = self._named(version)
        return Fields(
            (f"nodeReference{role}", named.reference),
            (f"nodeVersionNumber{role}", version[1]),
            (f"nodeName{role}", named.name),
        )

    def _refusal(self, version: VersionKey, refusal: Refusal) -> Group:
        named = self._named(version)
        fields = Fields(
            ("nodeReference", named.reference),
            ("nodeVersionNumber", version[1]),
            ("nodeName", named.name),
            ("updateType", self._result.kind(refusal).value),
            ("errorMessage", self._result.explanation(refusal)),
        )
        return Group("Update", (fields, *self._why(version[0])))

    def _why(self, node: int) -> tuple[Group, ...]:
        why = self._result.result.why
        if why is None:
            return ()
        links, omitted = chain(why, node)
        return (Group("WhyList", (Fields(("linksOmitted", omitted or None)), *map(self._link, links))),)

    def _link(self, link: Link) -> Group:
        group = self._links.get(link)
        if group is None:
            named = self._named(link.version)
            head = Fields(
                ("nodeReference", named.reference),
                ("nodeVersionNumber", link.version[1]),
                ("nodeName", named.name),
                ("linkType", "type" if link.member_type is None else "member"),
            )
            parts = (head,) if link.member_type is None else (head, self._fields("MemberType", link.member_type))
            group = self._links[link] = Group("Why", parts)
        return group


def read_rows(connection: Connection, result: UpdateResult) -> UpdateRows:
    """Return the rows of a result, with names and rights from a snapshot in which all its nodes exist."""
    return UpdateRows(with_names(connection, result))
