"""Reads the response of UpdateNodeVersions, and prints it for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from lxml import etree
from rich.console import Console
from rich.table import Table
from rich.text import Text

from app.commands.service import Reply
from app.text import counted

FIRST = 40
"""How many rows are shown unless all are asked for."""

_MOST_TARGETS = 12
_STYLES = {"version": "green", "change": "cyan", "warning": "yellow", "error": "red"}
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

    def summary(self) -> str:
        """Return how many updates of each kind there are."""
        if not self.rows and not self.description:
            return "Nothing to update."
        counts = Counter(row.kind for row in self.rows)
        parts = [counted(counts[kind], word) for kind, word in _WORDS.items() if counts[kind]]
        verb = "Done" if self.forced else "To do"
        return " ".join(filter(None, [f"{verb}: {', '.join(parts) or 'nothing'}.", self.description]))


def read_updates(reply: Reply, *, forced: bool) -> Updates:
    """Return the rows of a response, which may be very long."""
    description, rows = "", []
    for _, element in etree.iterparse(reply.file, tag=("errorDescription", "Update"), resolve_entities=False):
        if element.tag == "errorDescription":
            description = element.text or ""
        else:
            rows.append(_update(element, forced))
            element.clear()
            parent = element.getparent()
            if parent is not None:
                del parent[0]
    return Updates(description, rows, forced)


def print_updates(console: Console, updates: Updates, *, everything: bool) -> None:
    """Print a table on a terminal, else lines with tabs: the first rows or all of them, and a summary."""
    shown = updates.rows if everything else updates.rows[:FIRST]
    if console.file.isatty():
        print_table(console, shown)
    else:
        for row in chain([Update("node", "version", "update", "what changes")] if shown else [], shown):
            console.file.write("\t".join((row.reference, row.version, row.kind, row.changes)) + "\n")
    if len(shown) < len(updates.rows):
        console.print(f"... and {len(updates.rows) - len(shown):,} more (--all shows them)", soft_wrap=True)
    console.print(Text(updates.summary()), soft_wrap=True)


def print_table(console: Console, rows: list[Update]) -> None:
    """Print rows under headings, each in one line of the terminal: the last column is cut to the room that is left."""
    if not rows:
        return
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    left = console.width
    for name, cells in (
        ("node", [row.reference for row in rows]),
        ("version", [row.version for row in rows]),
        ("update", [row.kind for row in rows]),
    ):
        width = min(max(map(len, [name, *cells])), console.width // 2)
        table.add_column(name, no_wrap=True, width=width)
        left -= width + 2
    table.add_column("what changes", no_wrap=True, width=max(left - 2, len("what changes")))
    for row in rows:
        table.add_row(Text(row.reference), row.version, Text(row.kind, _STYLES.get(row.kind, "")), Text(row.changes))
    console.print(table)


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
