"""A type as an editor meets it: the member types that it lists, with their rules."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from sqlalchemy import Connection, text

from app.database.engine import driver_connection
from app.identity.rights import Caller, Rights, rights_on
from app.nodes.checked_members import read_rule_members
from app.nodes.compatibility import Rules
from app.nodes.linked import Linked, linked_as_named
from app.nodes.lookup import Named, read_named
from app.nodes.members import listed_types
from app.references import VersionKey

_IS_LONG = text("""
    SELECT is_large_version(member_types, NULL, NULL)
    FROM node_version WHERE node_identifier = :node AND version_number = :number
""")


@dataclass(frozen=True)
class Names:
    """The names of versions, as far as a caller may know them."""

    named: dict[VersionKey, Named]
    rights: Rights

    def of(self, version: VersionKey) -> Linked | None:
        """Return a version with its name, or None if its node may not be read."""
        return linked_as_named(self.rights, version, self.named[version])


@dataclass(frozen=True)
class TypeList:
    """The member type versions that a type lists, in their order, and the rules of each."""

    listed: list[VersionKey]
    rules: dict[VersionKey, Rules]
    highest: dict[int, int] = field(init=False)
    """The highest listed version of each member type, by its node."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "highest", dict(sorted(self.listed)))

    def version_of(self, member_type: VersionKey) -> VersionKey | None:
        """Return the listed version under which a member of a member type belongs: its own version, else the highest of
        the same node, else None."""
        if member_type in self.rules:
            return member_type
        number = self.highest.get(member_type[0])
        return None if number is None else (member_type[0], number)


def await_long_list(connection: Connection, of_type: VersionKey, before_large: Callable[[], None]) -> None:
    """Call `before_large` if the list of a type is long (see `large_versions.sql`)."""
    if connection.execute(_IS_LONG, {"node": of_type[0], "number": of_type[1]}).scalar_one():
        before_large()


def read_type_list(connection: Connection, of_type: VersionKey) -> TypeList:
    """Read the list of a type."""
    driver = driver_connection(connection)
    listed = list(dict.fromkeys(listed_types(read_rule_members(driver, [of_type])[of_type])))
    rules = {version: Rules.of(content) for version, content in read_rule_members(driver, listed).items()}
    return TypeList(listed, rules)


def read_names(connection: Connection, caller: Caller, versions: Collection[VersionKey]) -> Names:
    """Read the names of versions."""
    named = read_named(driver_connection(connection), list(versions))
    return Names(named, rights_on(connection, caller, [name.reference for name in named.values()]))
