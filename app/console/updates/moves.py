"""The moves of instances in the kept response of a roll-out, as the page of its run shows them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from app.console.updates.rows import PAGE, UpdateFilter

MOVE_KINDS: Final = ("update", "upgrade", "warning", "error")
"""The update types of instances, in the order of the counters."""
MOVE_COLUMNS: Final = (
    "instance",
    "name",
    "owner",
    "from release",
    "to release",
    "outcome",
    "without a value",
    "reason",
)


@dataclass(frozen=True)
class MovedInstance:
    """What became of an instance in a roll-out. `pending` are the slots that its end user has to fill."""

    instance_id: str
    name: str
    owner: str
    from_release: str
    to_release: str
    kind: str
    pending: tuple[str, ...]
    message: str

    @property
    def cells(self) -> tuple[object, ...]:
        """The cells of a line with `MOVE_COLUMNS`."""
        pending = ", ".join(self.pending)
        releases = self.from_release, self.to_release
        return self.instance_id, self.name, self.owner, *releases, self.kind, pending, self.message

    def matches(self, wanted: UpdateFilter) -> bool:
        """Return whether the filters of the page select it."""
        text = wanted.text.lower()
        return wanted.kind in ("", self.kind) and (text in self.name.lower() or text in (self.instance_id, self.owner))


@dataclass
class MovedOnPage:
    """The moves on a page, and how many there are of each kind."""

    counts: Counter[str] = field(default_factory=Counter)
    rows: list[MovedInstance] = field(default_factory=list)
    selected: int = 0
    following: str = ""

    @property
    def total(self) -> int:
        """The number of instances in the roll-out."""
        return self.counts.total()


def kept_moves(updates: Iterable[dict[str, Any]]) -> Iterator[MovedInstance]:
    """Yield the moves in a kept response, in the order of the ids of the instances."""
    for update in updates:
        yield MovedInstance(
            update.get("solutionInstanceId", ""),
            update.get("name", ""),
            update.get("owner", ""),
            update.get("releaseNumberFrom", ""),
            update.get("releaseNumberTo", ""),
            update.get("updateType", ""),
            tuple(entry.get("externalId", "") for entry in update.get("PendingSlotList", [])),
            update.get("errorMessage", ""),
        )


def moves_on_page(moves: Iterable[MovedInstance], wanted: UpdateFilter) -> MovedOnPage:
    """Return what a page shows of moves that come in the order of the ids of the instances."""
    found = MovedOnPage()
    for move in moves:
        found.counts[move.kind] += 1
        if not move.matches(wanted):
            continue
        found.selected += 1
        if move.instance_id <= wanted.after:
            continue
        if len(found.rows) < PAGE:
            found.rows.append(move)
        else:
            found.following = found.rows[-1].instance_id
    return found
