"""Limits: how much one end user may have, and how large a response may be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from app.settings import Settings


@dataclass(frozen=True)
class Limits:
    """Limits that the settings set. Sizes are bytes of UTF-8."""

    instances_per_user: int
    authentications_per_user: int
    instance_bytes: int
    """The size of all values of an instance together, and of the data of an authentication."""
    response_bytes: int
    """The size of a GraphQL response, and of the values of all instances in one response."""

    @classmethod
    def of(cls, settings: Settings) -> Limits:
        """Return the limits of the settings."""
        return cls(
            settings.max_instances_per_user,
            settings.max_authentications_per_user,
            settings.max_instance_bytes,
            settings.max_response_bytes,
        )


DEFAULT_LIMITS: Final = Limits.of(Settings())
