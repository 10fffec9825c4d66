"""The names in the rows of a result, as far as its caller may know them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial

from sqlalchemy import Connection

from app.database.connection import DriverConnection
from app.database.engine import driver_connection
from app.garbage import collections_paused
from app.identity import right
from app.identity.rights import Rights, rights_on
from app.nodes.lookup import Named, read_named
from app.references import VersionKey
from app.updates.rows import NodeUpdate, Reason, ReasonCode, Refusal, UpdateType
from app.updates.update import UpdateResult

_USE_TYPE = "Not authorised to use type"
_TYPE = "Can not update to type"
_TYPE_REASON = re.compile(rf"({_USE_TYPE} [^;]+; )?{_TYPE} ")


def has_type_reason(explanation: str) -> bool:
    """Return whether the explanation of a refusal has a reason with the code `ReasonCode.TYPE`.

    It is for the rows of kept responses, which have no codes: services document the words.
    """
    return _TYPE_REASON.match(explanation) is not None


class NamedResult:
    """The result of an update with the names of all versions in its rows, without those that its caller may not read.

    `rights_on` reads the rights of the caller on nodes with the given references. `last` says that nothing else is read
    in this transaction, so that its COMMIT may be sent together with the statement that reads the names.
    """

    def __init__(
        self,
        driver: DriverConnection,
        rights_on: Callable[[list[str]], Rights],
        result: UpdateResult,
        *,
        last: bool = False,
    ) -> None:
        self.result = result
        self.rows = rows = self._rows_by_version()
        """The version that each row is about, and whether its node was refused."""
        member_types, others = self._linked()
        abouts = {reason.about for refusal in result.refusals.values() for reason in refusal.reasons if reason.about}
        wanted = {*rows, *member_types, *abouts, *others}
        self._named = read_named(driver, list(wanted), last=last) if wanted else {}
        self.is_complete = len(self._named) == len(wanted)
        """Whether all nodes still existed when their names were read."""
        if not self.is_complete:
            return
        drafts = {version for version, named in self._named.items() if named.draft}
        refused = {version for version in rows if rows[version]}
        if not result.caller.administers_all:
            self._hide(rights_on, {*member_types, *abouts, *refused, *drafts})

    def in_order(self) -> Iterator[tuple[VersionKey, NodeUpdate | Refusal]]:
        """Yield the rows in the order of references: the version that each is about, and its update or refusal.

        A refused node that the caller may not read has no row.
        """
        refusals, updates = self.result.refusals, self.result.updates
        rows = [(self.named(version).reference, version) for version in self.rows]
        rows.sort()
        for reference, version in rows:
            if version[0] in refusals and reference:
                yield version, refusals[version[0]]
            if version[0] in updates:
                yield version, updates[version[0]]

    def kind(self, row: NodeUpdate | Refusal) -> UpdateType:
        """Return the kind of a row. A refusal that was predicted is an error once the update has been tried."""
        if isinstance(row, NodeUpdate):
            return row.update_type
        return UpdateType.ERROR if row.predicted and self.result.done else UpdateType.WARNING

    def number(self, row: NodeUpdate | Refusal) -> int:
        """Return the number of the version in a row: that of the new version if the update has made one."""
        created = self.result.done and isinstance(row, NodeUpdate) and row.update_type is UpdateType.VERSION
        return row.number + created

    def explanation(self, refusal: Refusal) -> str:
        """Return all reasons of a refusal in words."""
        return "; ".join(map(self._in_words, refusal.reasons))

    @property
    def hidden(self) -> int:
        """The number of refused nodes that have no row, because the caller may not read them."""
        return sum(1 for version in self._refused() if not self._named[version].reference)

    def named(self, version: VersionKey) -> Named:
        """Return the names of a version in the rows. A version that the update creates has those of its predecessor."""
        found = self._named.get(version)
        return self._named[version[0], version[1] - 1] if found is None else found

    def _linked(self) -> tuple[set[VersionKey], set[VersionKey]]:
        """Return the member types and the other versions that the rows show, without those that the update creates."""
        member_types: set[VersionKey] = set()
        others: set[VersionKey] = set()
        for update in self.result.updates.values():
            if update.type is not None:
                others.add(update.type)
            for member_type, target in update.members:
                member_types.add(member_type)
                if target is not None:
                    others.add(target)
        if self.result.why is not None:
            for why in self.result.why.values():
                for link in (why.first, why.last):
                    others.add(link.version)
                    if link.member_type is not None:
                        member_types.add(link.member_type)
        created = {version for version in others if self._is_created(version)}
        return member_types, others - created

    def _is_created(self, version: VersionKey) -> bool:
        update = self.result.updates.get(version[0])
        return update is not None and version[1] == update.number + (update.update_type is UpdateType.VERSION)

    def _rows_by_version(self) -> dict[VersionKey, bool]:
        rows = {(node, update.number): False for node, update in self.result.updates.items()}
        rows.update(dict.fromkeys(self._refused(), True))
        return rows

    def _refused(self) -> list[VersionKey]:
        return [(node, refusal.number) for node, refusal in self.result.refusals.items()]

    def _in_words(self, reason: Reason) -> str:
        about = self._version_reference(reason.about) if reason.about is not None else ""
        match reason.code:
            case ReasonCode.ADMINISTER:
                return "Not authorised to administer this node"
            case ReasonCode.USE_TYPE:
                return f"{_USE_TYPE} {about}"
            case ReasonCode.LINK:
                return f"Not authorised to link to {about}"
            case ReasonCode.TYPE:
                why = "the type has no version of a member type that this draft has data for"
                return f"{_TYPE} {about}: {why}"
            case ReasonCode.RULES:
                return f"The data breaks the rules of {about}, which {reason.text}"
            case ReasonCode.DRAFT_TYPE:
                rule = f"the data of a node breaks the rules of {about}, which {reason.text}"
                return f"This draft type cannot be changed in place: {rule if about else reason.text}"
            case ReasonCode.FAILED:
                return f"Not updated: {reason.text}"

    def _version_reference(self, version: VersionKey) -> str:
        named = self.named(version)
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


def with_names(connection: Connection, result: UpdateResult, *, last: bool = False) -> NamedResult:
    """Return a result with the names and rights from a snapshot in which all its nodes exist.

    `last` says that nothing else is read in this transaction, and that the rights of the caller are known.
    """
    with collections_paused():
        return NamedResult(
            driver_connection(connection), partial(rights_on, connection, result.caller), result, last=last
        )
