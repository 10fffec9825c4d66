"""Reads the response of UpdateNodeVersions, and prints it for people."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from lxml import etree

from app.commands.service import Reply
from app.commands.texts import is_terminal
from app.text import counted

_MOST_TARGETS = 12
_DONE = ("version", "change")
_WORDS = {"version": "new version", "change": "changed draft", "warning": "warning", "error": "error"}


@dataclass(frozen=True, slots=True)
class Update:
    """A row: a node, its old and its new version, and what changes."""

    reference: str
    version: str
    kind: str
    changes: str


@dataclass(frozen=True)
class Updates:
    """A response with error number 0 or 108."""

    description: str
    rows: list[Update]
    forced: bool
    latest: int | None = None
    """The number of the latest version of the context node."""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to update, and nothing else to say."""
        return not self.rows and not self.description

    @property
    def to_do(self) -> int:
        """How many nodes are or would be updated."""
        return sum(row.kind in _DONE for row in self.rows)

    def apart_from(self, planned: Updates | None) -> Updates:
        """Return the rows that differ from what was planned; all rows without a plan."""
        if planned is None:
            return self
        known = {(row.reference, row.changes) for row in planned.rows}
        return replace(self, rows=[row for row in self.rows if (row.reference, row.changes) not in known])

    def summary(self) -> str:
        """Return how many updates of each kind there are."""
        counts = Counter(row.kind for row in self.rows)
        parts = [counted(counts[kind], word) for kind, word in _WORDS.items() if counts[kind]]
        verb = "Done" if self.forced else "To do"
        return " ".join(filter(None, [f"{verb}: {', '.join(parts) or 'nothing'}.", self.description]))


def read_updates(reply: Reply, *, forced: bool) -> Updates:
    """Return the rows of a response, which may be very long."""
    description, latest, rows = "", None, []
    tags = ("errorDescription", "nodeVersionNumber", "Update")
    for _, element in etree.iterparse(reply.file, tag=tags, resolve_entities=False):
        if element.tag == "errorDescription":
            description = element.text or ""
        elif element.tag == "nodeVersionNumber":
            parent = element.getparent()
            if parent is not None and parent.getparent() is None:
                latest = int(element.text or 0) or None
        else:
            rows.append(_update(element, forced))
            element.clear()
            parent = element.getparent()
            if parent is not None:
                del parent[0]
    return Updates(description, rows, forced, latest)


def print_updates(updates: Updates, *, everything: bool, err: bool = False) -> None:
    """Print the first rows or all of them in a table on a terminal, and all rows as lines with tabs elsewhere.

    They go to standard output, or with `err` to standard error.
    """
    stream = sys.stderr if err else sys.stdout
    if is_terminal(stream):
        # Imported here, because it imports rich: see the module.
        from app.commands.tables import print_first_updates, terminal  # noqa: PLC0415

        print_first_updates(terminal(err=err), updates, everything=everything)
    elif stream is not None:
        stream.writelines("\t".join((row.reference, row.version, row.kind, row.changes)) + "\n" for row in updates.rows)


def _update(element: etree._Element, forced: bool) -> Update:
    reference, kind = element.findtext("nodeReference") or "", element.findtext("updateType") or ""
    number = int(element.findtext("nodeVersionNumber") or 0)
    version = str(number)
    if kind == "version":
        version = f"{number - 1} -> {number}" if forced else f"{number} -> {number + 1}"
    return Update(reference, version, kind, "; ".join(_changes(element, reference.rpartition(".")[0])))


def _changes(element: etree._Element, package: str) -> Iterator[str]:
    """Return what an update changes, such as `depends: libc6 2, zlib1g 2`, or the message of a warning or error."""
    message = element.findtext("errorMessage")
    if message:
        yield message
    if element.findtext("typeUpdateType") == "change":
        yield f"type: {_short(element, 'Type', package)}"
    targets: dict[str, list[str]] = {}
    removed: list[str] = []
    for member in element.iterfind("MemberUpdateList/MemberUpdate"):
        label = (member.findtext("nodeReferenceMemberType") or "").rpartition(".")[2]
        if member.findtext("memberUpdateType") == "remove":
            removed.append(label)
        else:
            targets.setdefault(label, []).append(_short(member, "Target", package))
    for label, names in targets.items():
        more = f" and {len(names) - _MOST_TARGETS} more" if len(names) > _MOST_TARGETS else ""
        yield f"{label}: {', '.join(names[:_MOST_TARGETS])}{more}"
    if removed:
        yield f"without {', '.join(removed)}"


def _short(element: etree._Element, role: str, package: str) -> str:
    """Return the name of a version, without the package if that is the package of the row's node."""
    reference = element.findtext(f"nodeReference{role}") or ""
    own_package, _, last = reference.rpartition(".")
    number = element.findtext(f"nodeVersionNumber{role}")
    return f"{last if own_package == package else reference} {number}"
