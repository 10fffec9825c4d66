"""Creates nodes and edits drafts: an edit is merged into the stored version, checked as a whole, and written.

All faults are found before anything is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from app.database.engine import driver_connection
from app.editions import KnownEdition
from app.errors import (
    MOST_FAULTS,
    Fault,
    FaultPath,
    NotAuthorisedError,
    UserError,
    invalid,
    missing,
    refuse,
    too_many,
    unresolved,
)
from app.identity.audit import Action, Event, record
from app.identity.rights import Caller
from app.nodes.compatibility import Fit, fit
from app.nodes.creation import check_package, create_node, free_reference
from app.nodes.deletion import keep_links
from app.nodes.drafts import Draft, StoredMember, insert_first_version, take_draft, write_draft
from app.nodes.impacts import Impact, impacts_of
from app.nodes.lookup import read_types
from app.nodes.members import CheckedMember
from app.nodes.merging import GivenMemberType, MemberLine, Merger
from app.nodes.patterns import PatternCheck, PatternError
from app.nodes.resolving import FoundVersion, NamedVersion, resolve, resolve_type
from app.nodes.type_lists import TypeList, await_long_list, read_names, read_type_list
from app.references import InvalidReferenceError, VersionKey, check_node_reference
from app.system_nodes import NODE_NAME, VALUE_PATTERN

AUTO = "$auto"
_LONGEST_NAME = 1000
MOST_MEMBERS = 120_000
"""The most members of a draft after an edit."""
LONGEST_TEXTS = 64 * 1024 * 1024
"""The most bytes of values and comments of a draft after an edit."""
_PARTS = {"value": "node_member_value", "scale": "node_member_scale"}


@dataclass(frozen=True)
class GivenReference:
    """The reference of a new node: in full, or its package and the last part, `$auto` for one made from the name."""

    reference: str | None = None
    package: str | None = None
    local: str | None = None


@dataclass(frozen=True)
class GivenEdit:
    """An edit of a version. `sets_comment` says whether the comment is given, even if it is empty."""

    of_type: NamedVersion = field(default_factory=NamedVersion)
    type_field: str = ""
    name: str | None = None
    comment: str | None = None
    sets_comment: bool = False
    reference: GivenReference = field(default_factory=GivenReference)
    member_types: Sequence[GivenMemberType] = ()


@dataclass(frozen=True)
class Edit:
    """A draft as an edit would leave it, and the impacts beside what the editor asked for."""

    draft: Draft
    name: str
    comment: str | None
    members: list[StoredMember]
    impacts: list[Impact]


def plan_edit(
    connection: Connection,
    caller: Caller,
    identifier: int | None,
    reference: str | None,
    given: GivenEdit,
    known: KnownEdition,
    patterns: PatternCheck,
    before_large: Callable[[], None],
    *,
    lock: bool = False,
) -> Edit:
    """Work out an edit of a draft, and check all members that it would have.

    `before_large` and `lock` are those of `app.nodes.drafts.take_draft`. Raises as that function, and UserError (105)
    with everything that is wrong with the edit.
    """
    draft = take_draft(connection, caller, identifier, reference, known, before_large, lock=lock)
    checker = _Checker(connection, caller, draft.type, draft.members, given)
    if given.of_type.given:
        checker.refuse_another_type(draft)
    lines, fitted = checker.merged(patterns)
    name = checker.name(lines) or draft.version.name
    refuse(checker.faults[:MOST_FAULTS])
    members = [lines[member.place].member._replace(member_type=member.member_type) for member in fitted.kept]
    _check_size(draft.members, members)
    comment = given.comment if given.sets_comment else draft.comment
    before = [line.member.at(place) for place, line in enumerate(lines)]
    return Edit(draft, name, comment, members, impacts_of(before, fitted, rules=False))


def _check_size(before: Sequence[StoredMember], after: Sequence[StoredMember]) -> None:
    """Raise UserError (105) if an edit makes a draft too large, or a draft that is too large even larger."""
    where = ("member_types",)
    if len(after) > max(MOST_MEMBERS, len(before)):
        raise UserError(too_many(where, f"make a draft of {len(after)} members; the most are {MOST_MEMBERS}"))
    texts = _length(after)
    if texts > LONGEST_TEXTS and texts > _length(before):
        raise UserError(too_many(where, "make a draft of more than 64 MiB of values and comments"))


def _length(members: Sequence[StoredMember]) -> int:
    return sum(len(text.encode()) for each in members for text in (each.value, each.comment) if text is not None)


def edit_draft(
    connection: Connection,
    caller: Caller,
    identifier: int | None,
    reference: str | None,
    given: GivenEdit,
    known: KnownEdition,
    patterns: PatternCheck,
    before_large: Callable[[], None],
    *,
    force: bool,
) -> tuple[Edit, int | None]:
    """Edit a draft, and return the edit with the new edition of the node.

    An edit that has impacts is written only with `force`. If nothing is written, there is no new edition. Raises as
    `plan_edit`.
    """
    edit = plan_edit(connection, caller, identifier, reference, given, known, patterns, before_large, lock=True)
    if edit.impacts and not force:
        return edit, None
    return edit, _write(connection, caller, edit)


def _write(connection: Connection, caller: Caller, edit: Edit) -> int:
    draft = edit.draft
    written = write_draft(
        connection, caller, draft, edit.members, of_type=draft.type, name=edit.name, comment=edit.comment
    )
    details = {"version": draft.version.number}
    record(connection, Event(Action.NODE_EDITED, "node", draft.version.node.reference, details))
    return written


def create(
    connection: Connection, caller: Caller, given: GivenEdit, patterns: PatternCheck, before_large: Callable[[], None]
) -> int:
    """Create a node with a draft as its first version, and return its identifier.

    Raises UserError (105) with everything that is wrong, and NotAuthorisedError (101) if the caller may not create
    nodes in the package or use the type.
    """
    find_type(connection, caller, given, before_large)
    keep_links(connection)
    of_type = find_type(connection, caller, given, before_large)
    checker = _Checker(connection, caller, of_type.key, (), given)
    lines, fitted = checker.merged(patterns)
    name = checker.name(lines)
    reference = checker.reference(name or of_type.node.reference.rpartition(".")[2])
    refuse(checker.faults[:MOST_FAULTS])
    node = create_node(connection, caller, reference, ("node_reference_section", "node_reference"))
    members = [lines[member.place].member._replace(member_type=member.member_type) for member in fitted.kept]
    shown = name or reference.rpartition(".")[2]
    insert_first_version(connection, caller, node, members, of_type=of_type.key, name=shown, comment=given.comment)
    record(connection, Event(Action.NODE_CREATED, "node", reference))
    return node


def find_type(
    connection: Connection, caller: Caller, given: GivenEdit, before_large: Callable[[], None]
) -> FoundVersion:
    """Return the type of a new node. If its list is long, `before_large` is called.

    Raises UserError (105) if it is not found, NotAuthorisedError (101) if the caller has not signed in or may not use
    it.
    """
    if not caller.is_signed_in:
        raise NotAuthorisedError("sign in to edit nodes")
    found = resolve_type(connection, caller, given.of_type, given.type_field)
    await_long_list(connection, found.key, before_large)
    return found


class _Checker:
    """Merges and checks the members of one version. `faults` has what is wrong."""

    def __init__(
        self,
        connection: Connection,
        caller: Caller,
        of_type: VersionKey,
        stored: Sequence[StoredMember],
        given: GivenEdit,
    ) -> None:
        self._connection = connection
        self._caller = caller
        self._given = given
        self._types: TypeList = read_type_list(connection, of_type)
        targets = {member.target for member in stored if member.target is not None}
        names = read_names(connection, caller, targets)
        links = {wanted for wanted in self._wanted() if wanted.given}
        self._merger = Merger(
            stored,
            self._types,
            resolve(connection, caller, list(links)),
            {target for target in targets if names.of(target) is None},
        )
        self.faults: list[Fault] = self._merger.faults

    def _wanted(self) -> Iterator[NamedVersion]:
        for each in self._given.member_types:
            yield each.member_type
            for member in each.members:
                yield member.target

    def refuse_another_type(self, draft: Draft) -> None:
        """Record a fault if another type is given, since an edit keeps the type."""
        given = self._given
        found = resolve(self._connection, self._caller, [given.of_type])[given.of_type]
        if isinstance(found, str):
            self.faults.append(unresolved(given.type_field, found))
        elif found.key != draft.type:
            self.faults.append(invalid(given.type_field, "is not the type of this draft: change its type first"))

    def merged(self, patterns: PatternCheck) -> tuple[list[MemberLine], Fit]:
        """Return the members as they will be, and how they come to stand under the list of the type."""
        lines = self._merger.merge(self._given.member_types)
        members = [line.member.at(place) for place, line in enumerate(lines)]
        listed = self._types.listed
        # The rules of all listed member types are checked here, so that each fault has its place in the request.
        fitted = fit(members, listed, listed, self._types.rules.__getitem__, lambda _: None, patterns)
        self._check_rules(lines, fitted.kept, patterns)
        self._check_patterns(lines, patterns)
        return lines, fitted

    def name(self, lines: Sequence[MemberLine]) -> str | None:
        """Return the name that is given: as such, or as the member system.NODE_NAME."""
        name = self._given.name
        for line in lines:
            if name is None and line.path is not None and line.member.member_type[0] == NODE_NAME:
                name = line.member.value
        if name is not None and len(name) > _LONGEST_NAME:
            self.faults.append(invalid("node_name", f"has {len(name)} characters; a name has at most {_LONGEST_NAME}"))
        return name

    def reference(self, name: str) -> str:
        """Return the reference of a new node; any fault of it is recorded."""
        given = self._given.reference
        section = "node_reference_section"
        package, local, of_field = given.package or "", given.local or AUTO, "node_local_reference"
        if given.reference:
            (package, _, local), of_field = given.reference.rpartition("."), "node_reference"
        elif not (given.package or given.local):
            self.faults.append(missing((section, "node_reference"), why="give the reference of the new node"))
            return ""
        reference = f"{package}.{local}" if package else local
        try:
            if local == AUTO:
                if package:
                    check_node_reference(package)
                reference = free_reference(self._connection, package, name)
            check_node_reference(reference)
            in_package = of_field if given.reference else "node_reference_package"
            check_package(self._connection, self._caller, reference, (section, in_package))
        except InvalidReferenceError as error:
            self.faults.append(invalid((section, of_field), str(error)))
        except UserError as error:
            self.faults.extend(error.faults)
        return reference

    def _check_rules(self, lines: Sequence[MemberLine], members: list[CheckedMember], patterns: PatternCheck) -> None:
        under: dict[VersionKey, list[CheckedMember]] = {version: [] for version in self._types.listed}
        for member in members:
            under[member.member_type].append(member)
        targets = list({member.target for member in members if member.target is not None})
        types = {version: of[0] for version, of in read_types(driver_connection(self._connection), targets).items()}
        names = read_names(self._connection, self._caller, self._types.listed)
        for version, those in under.items():
            shown = names.of(version)
            about = "a member type that you may not read" if shown is None else shown.reference
            for fault in self._types.rules[version].faults(those, types.get, patterns):
                path = self._merger.paths.get(version[0], ("member_types",))
                line = None if fault.member is None else lines[fault.member.place]
                if line is not None and line.path is not None:
                    path = (*line.path, *self._part(fault.part, line))
                self.faults.append(invalid(path, f"{about} {fault.text}"))

    def _part(self, part: str, line: MemberLine) -> FaultPath:
        part_field = _PARTS.get(part, line.field)
        return (part_field,) if part_field else ()

    def _check_patterns(self, lines: Sequence[MemberLine], patterns: PatternCheck) -> None:
        """Check that a value pattern of a member type is a pattern, as an import does."""
        for line in lines:
            if line.path is not None and line.member.member_type[0] == VALUE_PATTERN and line.member.value is not None:
                try:
                    patterns.check(line.member.value)
                except PatternError as error:
                    self.faults.append(invalid((*line.path, "node_member_value"), f"is a pattern that {error}"))
