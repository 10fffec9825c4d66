"""Texts in requests about solutions: names, identifiers and times."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from app.errors import Fault, Where, invalid, missing, too_many
from app.text import is_blank, is_writable

# The published schemas have the same limits.
MOST_NAME: Final = 1000
MOST_LABEL: Final = 500
MOST_DESCRIPTION: Final = 10_000
MOST_EXTERNAL_ID: Final = 200

# int(), which UUID() calls, also takes Unicode digits, underscores and white space.
_UUID = re.compile(r"[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}", re.ASCII | re.IGNORECASE)


# datetime.fromisoformat() also takes other formats, and times without a time zone.
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII)


def text_faults(where: Where, text: str | None, *, most: int = MOST_NAME, required: bool = True) -> list[Fault]:
    """Return what is wrong with a text. A required text is missing if it is absent or blank."""
    if required and is_blank(text):
        return [missing(where)]
    if text is None:
        return []
    if len(text) > most:
        return [too_many(where, f"must have at most {most} characters")]
    if not is_writable(text):
        return [invalid(where, "must not have control characters")]
    return []


def identifier(text: str | None) -> str | None:
    """Return the UUID in canonical form, or None if the text is not a UUID."""
    return str(UUID(text)) if text and _UUID.fullmatch(text) else None


def identifiers(texts: Iterable[str]) -> list[str]:
    """Return the UUIDs among texts, in canonical form."""
    return [known for known in map(identifier, texts) if known is not None]


def moment(text: str) -> datetime | None:
    """Return the time that a text with a time zone means (RFC 3339), or None if the text is not a time."""
    if not _TIME.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def time_text(moment: datetime) -> str:
    """Return a time in UTC, to the millisecond, in the documented format: `2019-09-26T10:03:28.902Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
