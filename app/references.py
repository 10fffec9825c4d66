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
    """The text is not a reference. The message says why."""


class VersionKeyword(StrEnum):
    """Keywords that stand for a version number. See `app.nodes.versions.Node.number` for the meaning of each."""

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
    """Return the text if it is a node reference; otherwise raise InvalidReferenceError."""
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
    """Parse `node.reference`, `node.reference.3` or `node.reference.$current`; no number, or 0, means `$latest`."""
    node_reference, _, last = text.rpartition(".")
    if _NUMBER.fullmatch(last):
        number = int(last)
        return VersionReference(check_node_reference(node_reference), number or VersionKeyword.LATEST)
    if last.startswith("$"):
        try:
            keyword = VersionKeyword(last)
        except ValueError:
            known = ", ".join(VersionKeyword)
            raise InvalidReferenceError(f"{_shown(last)} is not a version keyword: use one of {known}") from None
        return VersionReference(check_node_reference(node_reference), keyword)
    return VersionReference(check_node_reference(text))


def package_of(node_reference: str) -> str:
    """Return the reference of the package that contains a node; empty for a top-level node."""
    return node_reference.rpartition(".")[0]


def packages_above(node_reference: str) -> list[str]:
    """Return the references of all packages that contain a node, innermost first."""
    packages = []
    while node_reference := package_of(node_reference):
        packages.append(node_reference)
    return packages


def content_range(node_reference: str) -> tuple[str, str]:
    """Return the bounds of the references of a package's content, in byte order: lower inclusive, upper exclusive."""
    return f"{node_reference}.", f"{node_reference}/"


def version_identifier(node_identifier: int, version_number: int) -> int:
    """Return the `nodeVersionIdentifier` of a version. It is computed, so that it needs no column and no index."""
    return node_identifier * _IDENTIFIER_BASE + version_number


def split_version_identifier(identifier: int) -> tuple[int, int]:
    """Return the node identifier and the version number of a version: the inverse of `version_identifier`."""
    return divmod(identifier, _IDENTIFIER_BASE)


def _shown(text: str) -> str:
    return repr(text if len(text) <= 100 else text[:100] + "...")
