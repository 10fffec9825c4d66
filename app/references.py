"""References to nodes and to versions of nodes.

A node reference is a dotted path of parts; a version reference adds `.` and a number or a keyword.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

MAXIMUM_LENGTH = 1000
MAXIMUM_VERSION_NUMBER = 999_999

_PART = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_NUMBER = re.compile(r"[0-9]{1,6}", re.ASCII)
_IDENTIFIER_BASE = 1_000_000


class InvalidReferenceError(ValueError):
    """A text is not a reference; the message says why."""


class VersionKeyword(StrEnum):
    """The versions that have a name: see `app.nodes.versions.resolve` for what each means."""

    LATEST = "$latest"
    CURRENT = "$current"
    DRAFT = "$draft"
    BEST = "$best"


VersionKey: TypeAlias = tuple[int, int]
"""A version of a node: (node identifier, version number)."""


@dataclass(frozen=True)
class VersionReference:
    """A node reference with the version asked for: a number from 1, or a keyword."""

    node_reference: str
    version: int | VersionKeyword = VersionKeyword.LATEST


def check_node_reference(text: str) -> str:
    """Answer the text if it is a node reference, else raise InvalidReferenceError."""
    if len(text) > MAXIMUM_LENGTH:
        raise InvalidReferenceError(f"a reference has at most {MAXIMUM_LENGTH} characters, this one has {len(text)}")
    for part in text.split("."):
        if not _PART.fullmatch(part):
            raise InvalidReferenceError(
                f"{_shown(text)} is not a node reference: each part between dots begins with a letter or "
                f"underscore and goes on with letters, digits and underscores"
            )
    return text


def parse_version_reference(text: str) -> VersionReference:
    """Read `node.reference`, `node.reference.3` or `node.reference.$current`; 0 and nothing mean `$latest`."""
    node_reference, _, last = text.rpartition(".")
    if _NUMBER.fullmatch(last):
        number = int(last)
        return VersionReference(check_node_reference(node_reference), number or VersionKeyword.LATEST)
    if last.startswith("$"):
        try:
            keyword = VersionKeyword(last)
        except ValueError:
            known = ", ".join(VersionKeyword)
            raise InvalidReferenceError(f"{_shown(last)} is not a version keyword; there are {known}") from None
        return VersionReference(check_node_reference(node_reference), keyword)
    return VersionReference(check_node_reference(text))


def package_of(node_reference: str) -> str:
    """The reference of the package that a node lies in; empty for a top-level node."""
    return node_reference.rpartition(".")[0]


def packages_above(node_reference: str) -> list[str]:
    """The packages that a node lies in, innermost first."""
    packages = []
    while node_reference := package_of(node_reference):
        packages.append(node_reference)
    return packages


def content_range(node_reference: str) -> tuple[str, str]:
    """Lower bound (inclusive) and upper bound (exclusive), in byte order, of the references of a package's content."""
    return f"{node_reference}.", f"{node_reference}/"


def version_identifier(node_identifier: int, version_number: int) -> int:
    """The number that names a version on the wire: computed, so that it needs no column and no index."""
    return node_identifier * _IDENTIFIER_BASE + version_number


def split_version_identifier(identifier: int) -> tuple[int, int]:
    """The inverse of `version_identifier`: node identifier and version number."""
    return divmod(identifier, _IDENTIFIER_BASE)


def _shown(text: str) -> str:
    return repr(text if len(text) <= 100 else text[:100] + "...")
