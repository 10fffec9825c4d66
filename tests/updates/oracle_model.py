"""The data of the oracle: a store, a request, and the rows of a response."""

from dataclasses import dataclass
from typing import Literal

Link = tuple[str, int]
Scope = Literal["node", "current", "latest", "manifest"]
UpdateType = Literal["version", "change", "warning", "error"]

MEMBER_TYPE_LIST = "system.MEMBER_TYPE_LIST"
MANIFEST_ITEMS = "system.MANIFEST_ITEMS"
USE_VALUE = "system.USE_VALUE"
USE_SCALE = "system.USE_SCALE"
USE_TARGET = "system.USE_TARGET"
MINIMUM_CARDINALITY = "system.MINIMUM_CARDINALITY"
MAXIMUM_CARDINALITY = "system.MAXIMUM_CARDINALITY"
VALUE_PATTERN = "system.VALUE_PATTERN"
TARGET_TYPE_LIST = "system.TARGET_TYPE_LIST"


@dataclass(frozen=True)
class Member:
    member_type: Link
    sequence: int
    value: str | None = None
    scale: float | None = None
    target: Link | None = None
    comment: str | None = None


@dataclass
class Version:
    type: Link
    members: list[Member]
    name: str


@dataclass
class Node:
    reference: str
    frozen: int
    versions: dict[int, Version]


@dataclass
class Store:
    nodes: dict[str, Node]
    rights: dict[str, set[str]]


@dataclass(frozen=True)
class Request:
    context: str
    content: bool = True
    always: bool = False
    scope: Scope = "node"
    source: str | None = None
    manifest: Link | None = None


@dataclass(frozen=True)
class MemberRow:
    member_type: Link
    kind: Literal["change", "remove"]
    target: Link | None


@dataclass(frozen=True)
class Row:
    reference: str
    number: int
    update_type: UpdateType
    type: Link | None = None
    members: tuple[MemberRow, ...] = ()
    reasons: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Result:
    rows: tuple[Row, ...]
    hidden: int = 0
