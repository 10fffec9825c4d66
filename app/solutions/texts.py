"""Texts as all of the solutions store takes and gives them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final, TypeAlias
from uuid import UUID

Fault: TypeAlias = tuple[str, str]
"""A field by its name on the wire, and what is wrong with it."""

# As in schemas/common.xsd.
MOST_NAME: Final = 1000
MOST_LABEL: Final = 500
MOST_DESCRIPTION: Final = 10_000
MOST_EXTERNAL_ID: Final = 200

# What neither an XML answer nor a database text can hold.
_UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def text_faults(field: str, text: str | None, *, most: int = MOST_NAME, required: bool = True) -> list[Fault]:
    """What is wrong with a text."""
    if not text or not text.strip():
        return [(field, "is missing")] if required else []
    if len(text) > most:
        return [(field, f"must have at most {most} characters")]
    if _UNWRITABLE.search(text):
        return [(field, "must not have control characters")]
    return []


def identifier(text: str | None) -> str | None:
    """A UUID as the database writes it; None for what is none, which is the identifier of nothing."""
    try:
        return str(UUID(text or ""))
    except ValueError:
        return None


def time_text(moment: datetime) -> str:
    """A time in UTC, to the millisecond, as in the documents: `2019-09-26T10:03:28.902Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
