"""The updates of a plan or of a run, as its page shows them.

A plan may have very many updates. So only the updates on the page are made in full; of all the others, a page needs no
more than a brief.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from app.references import VersionKey
from app.updates.naming import NamedResult, has_type_reason
from app.updates.progress import StagedUpdate
from app.updates.rows import MemberUpdate, NodeUpdate, ReasonCode, Refusal
from app.updates.why import Link, chain

KINDS: Final = ("version", "change", "warning", "error")
"""The kinds of updates, in the order of the counters."""
MOST_DRAWN: Final = 200
"""With more updates than this, the drawing shows counts and not nodes."""
PAGE: Final = 100

_UNKNOWN = "a member type that you may not read"


class WhyStep(NamedTuple):
    """A link in the chain that says why a node is updated: it leads to this version, under this member type."""

    reference: str
    member_type: str | None


class MemberMove(NamedTuple):
    """A member that moves to another target, or, without a target, a member type whose members are removed."""

    member_type: str
    target: str | None


@dataclass(frozen=True)
class UpdateRow:
    """An update of a node from its version `number`, or the reason why the node is not updated. `needs_type`: the data
    of the draft does not fit the new version of its type. `waits`: a run is going to update the node, and has not done
    so yet."""

    reference: str
    number: int
    name: str
    kind: str
    new_type: str | None = None
    moves: tuple[MemberMove, ...] = ()
    message: str = ""
    needs_type: bool = False
    why: tuple[WhyStep, ...] = ()
    omitted: int = 0
    waits: bool = False

    @property
    def new_number(self) -> int | None:
        """The number of the new version, if there is one."""
        return self.number + 1 if self.kind == "version" else None


@dataclass(frozen=True)
class Brief:
    """What the drawing and the filters need of an update. `parent` is the node from which the change comes, and
    `distance` counts the links from what changed first."""

    reference: str
    name: str
    kind: str
    distance: int
    parent: str


@dataclass(frozen=True)
class Entry:
    """An update, which `row` returns in full."""

    brief: Brief
    row: Callable[[], UpdateRow]


@dataclass(frozen=True)
class UpdateFilter:
    """Which updates a page shows: of a kind, with a text in the reference or name, after a reference; and the node
    whose chain is highlighted."""

    kind: str = ""
    text: str = ""
    after: str = ""
    why: str = ""

    def has(self, brief: Brief) -> bool:
        """Return whether the filters select an update."""
        text = self.text.lower()
        return (not self.kind or brief.kind == self.kind) and (
            not text or text in brief.reference.lower() or text in brief.name.lower()
        )


@dataclass
class Overview:
    """All that a page shows of the updates. `drawn` has all of them if they are few enough to be drawn one by one."""

    counts: Counter[str] = field(default_factory=Counter)
    rows: list[UpdateRow] = field(default_factory=list)
    selected: int = 0
    following: str = ""
    briefs: list[Brief] = field(default_factory=list)
    drawn: list[UpdateRow] = field(default_factory=list)
    lit: UpdateRow | None = None

    @property
    def total(self) -> int:
        """The number of updates."""
        return len(self.briefs)


def look_at(entries: Iterable[Entry], wanted: UpdateFilter) -> Overview:
    """Return what a page shows of updates that come in the order of references."""
    found = Overview()
    for entry in entries:
        brief = entry.brief
        found.counts[brief.kind] += 1
        found.briefs.append(brief)
        if len(found.drawn) <= MOST_DRAWN:
            found.drawn.append(entry.row())
        if wanted.why and brief.reference == wanted.why:
            found.lit = entry.row()
        if not wanted.has(brief):
            continue
        found.selected += 1
        if brief.reference <= wanted.after:
            continue
        if len(found.rows) < PAGE:
            found.rows.append(entry.row())
        else:
            found.following = found.rows[-1].reference
    if len(found.drawn) > MOST_DRAWN:
        found.drawn = []
    return found


def planned(named: NamedResult) -> Iterator[Entry]:
    """Yield the updates of a plan in the order of references."""
    for version, row in named.in_order():
        yield _refused(named, version, row) if isinstance(row, Refusal) else _updated(named, version, row)


def kept_entries(updates: Iterable[dict[str, Any]]) -> Iterator[Entry]:
    """Yield the updates of a kept response, as `app.wire.in_process` reads them."""
    for update in updates:
        row = _kept_row(update)
        brief = Brief(row.reference, row.name, row.kind, len(row.why) + row.omitted, _parent(row))
        yield Entry(brief, lambda row=row: row)  # type: ignore[misc]


def staged(updates: Iterable[StagedUpdate]) -> list[UpdateRow]:
    """Return what a run is going to do, or has done already, as the drawing needs it."""
    return [
        UpdateRow(
            each.reference,
            each.number,
            each.name,
            each.kind,
            moves=tuple(MemberMove("", version) for version in each.uses),
            waits=not each.done,
        )
        for each in updates
    ]


def _refused(named: NamedResult, version: VersionKey, refusal: Refusal) -> Entry:
    kind = named.kind(refusal)

    def row() -> UpdateRow:
        shown = named.named(version)
        message = named.explanation(refusal)
        why, omitted = _chain(named, version[0])
        return UpdateRow(
            shown.reference,
            version[1],
            shown.name,
            kind.value,
            message=message,
            needs_type=any(reason.code is ReasonCode.TYPE for reason in refusal.reasons),
            why=why,
            omitted=omitted,
        )

    return Entry(_brief(named, version, kind.value), row)


def _updated(named: NamedResult, version: VersionKey, update: NodeUpdate) -> Entry:
    def row() -> UpdateRow:
        shown = named.named(version)
        why, omitted = _chain(named, version[0])
        new_type = None if update.type is None else _reference(named, update.type)
        moves = tuple(_move(named, member) for member in update.members)
        kind = update.update_type.value
        return UpdateRow(shown.reference, version[1], shown.name, kind, new_type, moves, why=why, omitted=omitted)

    return Entry(_brief(named, version, update.update_type.value), row)


def _brief(named: NamedResult, version: VersionKey, kind: str) -> Brief:
    shown = named.named(version)
    why = (named.result.why or {}).get(version[0])
    if why is None:
        return Brief(shown.reference, shown.name, kind, 0, "")
    return Brief(shown.reference, shown.name, kind, why.length, named.named(why.last.version).reference)


def _chain(named: NamedResult, node: int) -> tuple[tuple[WhyStep, ...], int]:
    links, omitted = chain(named.result.why or {}, node)
    return tuple(_step(named, link) for link in links), omitted


def _step(named: NamedResult, link: Link) -> WhyStep:
    return WhyStep(
        _reference(named, link.version), None if link.member_type is None else _reference(named, link.member_type)
    )


def _move(named: NamedResult, member: MemberUpdate) -> MemberMove:
    return MemberMove(
        _reference(named, member.member_type), None if member.target is None else _reference(named, member.target)
    )


def _reference(named: NamedResult, version: VersionKey) -> str:
    reference = named.named(version).reference
    return f"{reference}.{version[1]}" if reference else _UNKNOWN


def _kept_row(update: dict[str, Any]) -> UpdateRow:
    kind = update.get("updateType", "")
    number = int(update.get("nodeVersionNumber") or 1) - (kind == "version")
    message = update.get("errorMessage", "")
    whys = [entry for entry in update.get("WhyList", []) if "nodeReference" in entry]
    return UpdateRow(
        update.get("nodeReference", ""),
        number,
        update.get("nodeName", ""),
        kind,
        _version(update, "Type"),
        tuple(_kept_move(member) for member in update.get("MemberUpdateList", [])),
        message,
        has_type_reason(message),
        tuple(WhyStep(_version(each, "") or "", _version(each, "MemberType")) for each in whys),
        sum(int(entry.get("linksOmitted", 0)) for entry in update.get("WhyList", [])),
    )


def _kept_move(member: dict[str, Any]) -> MemberMove:
    return MemberMove(_version(member, "MemberType") or _UNKNOWN, _version(member, "Target"))


def _version(element: dict[str, Any], role: str) -> str | None:
    reference = element.get(f"nodeReference{role}")
    return f"{reference}.{element.get(f'nodeVersionNumber{role}')}" if reference else None


def _parent(row: UpdateRow) -> str:
    """Return the node from which the change comes; of a response without chains, that of the first link."""
    targets = (move.target for move in row.moves if move.target)
    last = row.why[-1].reference if row.why else row.new_type or next(targets, "")
    return last.rpartition(".")[0]
