"""What a plan says of single nodes: how each one is updated, or why it is left alone."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from app.references import VersionKey


class UpdateType(StrEnum):
    """What happens to a node, in the words of the seed's `updateType`."""

    VERSION = "version"
    CHANGE = "change"
    WARNING = "warning"
    ERROR = "error"


class ReasonCode(StrEnum):
    """Why a node cannot be updated."""

    ADMINISTER = "administer"
    USE_TYPE = "use-type"
    LINK = "link"
    TYPE = "type"
    RULES = "rules"
    DRAFT_TYPE = "draft-type"
    FAILED = "failed"


@dataclass(frozen=True)
class Reason:
    """Why, about which version of another node if one is concerned, and details in words."""

    code: ReasonCode
    about: VersionKey | None = None
    text: str = ""


@dataclass(frozen=True)
class Refusal:
    """Why a node that has a need is left alone at its examined version `number`.

    `predicted` failures are errors when forced, warnings before.
    """

    number: int
    reasons: tuple[Reason, ...]
    predicted: bool


class MemberUpdate(NamedTuple):
    """One member whose target moves, or, without a target, a member type whose members go."""

    member_type: VersionKey
    target: VersionKey | None


class NodeUpdate(NamedTuple):
    """A node that is updated: `number` is its examined version, `members` has the changes in the order of its type."""

    node: int
    number: int
    update_type: UpdateType
    type: VersionKey | None
    members: tuple[MemberUpdate, ...]
