"""The `UpdateList` of an outcome, row by row in the order of references, with references and names instead of ids."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import psycopg
from psycopg.rows import TupleRow as Row
from sqlalchemy import Connection

from app.database.engine import driver_connection
from app.garbage import collections_paused
from app.identity import right
from app.identity.rights import Rights, rights_on
from app.nodes.lookup import Named, read_named
from app.references import VersionKey
from app.services.answer import Fields, Group, Part
from app.updates.rows import MemberUpdate, NodeUpdate, Reason, ReasonCode, Refusal, UpdateType
from app.updates.update import UpdateResult
from app.updates.why import Link, chain

_CHANGE = Fields(("memberUpdateType", "change"))
_REMOVE = Fields(("memberUpdateType", "remove"))
_SAME_TYPE = Fields(("typeUpdateType", "none"))


class UpdateRows:
    """The rows of an outcome for its caller, without the names of nodes that the caller may not read.

    `rights_on` reads the rights of the caller on nodes with the given references.
    """

    def __init__(
        self, driver: psycopg.Connection[Row], rights_on: Callable[[list[str]], Rights], outcome: UpdateResult
    ) -> None:
        self._outcome = outcome
        # By the identity of the change: equal changes are one object, and to hash each of them takes long.
        self._members: dict[int, Group] = {}
        self._links: dict[Link, Group] = {}
        self._rows = rows = self._rows_by_version()
        members = {id(member): member for update in outcome.updates.values() for member in update.members}.values()
        member_types = {member.member_type for member in members}
        abouts = {reason.about for refusal in outcome.refusals.values() for reason in refusal.reasons if reason.about}
        others = {member.target for member in members if member.target}
        others.update(update.type for update in outcome.updates.values() if update.type)
        if outcome.why is not None:
            links = {link for why in outcome.why.values() for link in (why.first, why.last)}
            others.update(link.version for link in links)
            member_types.update(link.member_type for link in links if link.member_type is not None)
        wanted = {*rows, *member_types, *abouts, *others}
        self._named = read_named(driver, list(wanted)) if wanted else {}
        self.is_complete = len(self._named) == len(wanted)
        """Whether all nodes still existed when their names were read."""
        if not self.is_complete:
            return
        drafts = {version for version, named in self._named.items() if named.draft}
        refused = {version for version in rows if rows[version]}
        if not outcome.caller.administers_all:
            self._hide(rights_on, {*member_types, *abouts, *refused, *drafts})

    @property
    def hidden(self) -> int:
        """The number of refused nodes that have no row, because the caller may not read them."""
        return sum(1 for version in self._refused() if not self._named[version].reference)

    def groups(self) -> Iterator[Group]:
        """The `Update` elements."""
        refusals, updates = self._outcome.refusals, self._outcome.updates
        rows = [(self._named[version].reference, version) for version in self._rows]
        for reference, version in sorted(rows):
            if version[0] in refusals and reference:
                yield self._refusal(version, refusals[version[0]])
            if version[0] in updates:
                yield self._update(version, updates[version[0]])

    def _rows_by_version(self) -> dict[VersionKey, bool]:
        """Return the version that each row is about, and whether its node was refused."""
        rows = {(node, update.number): False for node, update in self._outcome.updates.items()}
        rows.update(dict.fromkeys(self._refused(), True))
        return rows

    def _refused(self) -> list[VersionKey]:
        return [(node, refusal.number) for node, refusal in self._outcome.refusals.items()]

    def _update(self, version: VersionKey, update: NodeUpdate) -> Group:
        created = self._outcome.done and update.update_type is UpdateType.VERSION
        named = self._named[version]
        head = Fields(
            ("nodeReference", named.reference),
            ("nodeVersionNumber", update.number + created),
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
        named = self._named[version]
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
        group = self._members[id(member)] = Group("MemberUpdate", parts)
        return group

    def _fields(self, role: str, version: VersionKey) -> Fields:
        named = self._named[version]
        return Fields(
            (f"nodeReference{role}", named.reference),
            (f"nodeVersionNumber{role}", version[1]),
            (f"nodeName{role}", named.name),
        )

    def _refusal(self, version: VersionKey, refusal: Refusal) -> Group:
        named = self._named[version]
        failed = refusal.predicted and self._outcome.done
        fields = Fields(
            ("nodeReference", named.reference),
            ("nodeVersionNumber", version[1]),
            ("nodeName", named.name),
            ("updateType", (UpdateType.ERROR if failed else UpdateType.WARNING).value),
            ("errorMessage", "; ".join(self._message(reason) for reason in refusal.reasons)),
        )
        return Group("Update", (fields, *self._why(version[0])))

    def _why(self, node: int) -> tuple[Group, ...]:
        if self._outcome.why is None:
            return ()
        links, omitted = chain(self._outcome.why, node)
        return (Group("WhyList", (Fields(("linksOmitted", omitted or None)), *map(self._link, links))),)

    def _link(self, link: Link) -> Group:
        group = self._links.get(link)
        if group is None:
            named = self._named[link.version]
            head = Fields(
                ("nodeReference", named.reference),
                ("nodeVersionNumber", link.version[1]),
                ("nodeName", named.name),
                ("linkType", "type" if link.member_type is None else "member"),
            )
            parts = (head,) if link.member_type is None else (head, self._fields("MemberType", link.member_type))
            group = self._links[link] = Group("Why", parts)
        return group

    def _message(self, reason: Reason) -> str:
        about = self._version_reference(reason.about) if reason.about is not None else ""
        match reason.code:
            case ReasonCode.ADMINISTER:
                return "Not authorised to administer this node"
            case ReasonCode.USE_TYPE:
                return f"Not authorised to use type {about}"
            case ReasonCode.LINK:
                return f"Not authorised to link to {about}"
            case ReasonCode.TYPE:
                why = "the type has no version of a member type that this draft has data for"
                return f"Can not update to type {about}: {why}"
            case ReasonCode.RULES:
                return f"The data breaks the rules of {about}, which {reason.text}"
            case ReasonCode.DRAFT_TYPE:
                rule = f"the data of a node breaks the rules of {about}, which {reason.text}"
                return f"This draft type cannot be changed in place: {rule if about else reason.text}"
            case ReasonCode.FAILED:
                return f"Not updated: {reason.text}"

    def _version_reference(self, version: VersionKey) -> str:
        named = self._named[version]
        return f"{named.reference}.{version[1]}" if named.reference else "a member type that you may not read"

    def _hide(self, rights_on: Callable[[list[str]], Rights], versions: set[VersionKey]) -> None:
        """Remove the names of nodes that the caller may not read, and of drafts that the caller may not use.

        The caller can read targets, types and updated nodes: otherwise they could not be sources or be administered.
        """
        rights = rights_on([self._named[version].reference for version in versions])
        for version in versions:
            named = self._named[version]
            held = rights.on(version[0], named.reference, named.owner)
            if not held & right.READ:
                self._named[version] = Named("", "", None)
            elif named.draft and not held & right.USE_DRAFT:
                self._named[version] = named._replace(name="")


def read_rows(connection: Connection, outcome: UpdateResult) -> UpdateRows:
    """Return the rows of an outcome, with names and rights from a snapshot in which all its nodes exist."""
    with collections_paused():
        return UpdateRows(driver_connection(connection), partial(rights_on, connection, outcome.caller), outcome)
