"""How much one end user may have, and how much one answer may hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from app.settings import Settings


@dataclass(frozen=True)
class Limits:
    """Sizes are bytes of UTF-8."""

    instances_per_user: int
    authentications_per_user: int
    instance_bytes: int
    """Of all values of an instance together, and of the data of an authentication."""
    answer_bytes: int
    """Of a GraphQL answer, and of the values of the instances in one answer."""

    @classmethod
    def of(cls, settings: Settings) -> Limits:
        """The limits that an operator has set."""
        return cls(
            settings.max_instances_per_user,
            settings.max_authentications_per_user,
            settings.max_instance_bytes,
            settings.max_answer_bytes,
        )


DEFAULT_LIMITS: Final = Limits.of(Settings())
