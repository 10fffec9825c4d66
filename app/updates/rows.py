"""The rows of a plan: how a node is updated, or why it is not updated."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from app.references import VersionKey


class UpdateType(StrEnum):
    """The documented kinds of an update of a node."""

    VERSION = "version"
    CHANGE = "change"
    WARNING = "warning"
    ERROR = "error"


class ReasonCode(StrEnum):
    """The code of a reason why a node cannot be updated."""

    ADMINISTER = "administer"
    USE_TYPE = "use-type"
    LINK = "link"
    TYPE = "type"
    RULES = "rules"
    DRAFT_TYPE = "draft-type"
    FAILED = "failed"


@dataclass(frozen=True)
class Reason:
    """A reason: its code, the version of another node that it concerns, if any, and a description."""

    code: ReasonCode
    about: VersionKey | None = None
    text: str = ""


@dataclass(frozen=True)
class Refusal:
    """The reasons why a node that has a need is not updated. `number` is its examined version.

    `predicted` failures are warnings in an impact and errors in a force.
    """

    number: int
    reasons: tuple[Reason, ...]
    predicted: bool


class MemberUpdate(NamedTuple):
    """One member whose target moves, or, without a target, a member type whose members are removed."""

    member_type: VersionKey
    target: VersionKey | None


class NodeUpdate(NamedTuple):
    """A node that is updated: `number` is its examined version, `members` are its changes in the order of its type."""

    node: int
    number: int
    update_type: UpdateType
    type: VersionKey | None
    members: tuple[MemberUpdate, ...]
