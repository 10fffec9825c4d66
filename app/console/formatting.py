"""How pages show times and numbers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from markupsafe import Markup

_NARROW_SPACE = "\u202f"


def time_element(moment: datetime | None) -> Markup:
    """Return a time in UTC as an element of HTML. The script of the pages shows it in the time zone of the reader."""
    if moment is None:
        return Markup('<span class="none">never</span>')
    universal = moment.astimezone(UTC)
    shown = f"{universal.day} {universal:%b %Y, %H:%M} UTC"
    return Markup('<time datetime="{}" data-time>{}</time>').format(f"{universal:%Y-%m-%dT%H:%M:%SZ}", shown)


def number(given: float) -> str:
    """Return a number with separators of thousands."""
    return f"{given:,}"


def duration(given: timedelta | float | None) -> str:
    """Return a duration in at most two units: `2 h 5 min`."""
    if given is None:
        return ""
    seconds = given.total_seconds() if isinstance(given, timedelta) else given
    if seconds < 1:
        return f"{max(0, round(seconds * 1000))}{_NARROW_SPACE}ms"
    if seconds < 60:
        return f"{seconds:.1f}{_NARROW_SPACE}s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}{_NARROW_SPACE}min {rest}{_NARROW_SPACE}s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours:,}{_NARROW_SPACE}h {minutes}{_NARROW_SPACE}min"


def breakable(reference: str, mark: str = ".") -> Markup:
    """Return a reference or a path that a browser may break after its dots or other marks."""
    return Markup("{}<wbr>").format(mark).join(reference.split(mark))


FILTERS: Final[dict[str, Callable[..., Any]]] = {
    "time": time_element,
    "number": number,
    "duration": duration,
    "breakable": breakable,
}
"""The filters of templates, by name."""
