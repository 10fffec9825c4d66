"""Requests that are refused before their service sees them, because of the service's name or the document."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from app.services.fault_paths import joined
from app.suggestions import nearest
from app.web.refusal import Refused


class NotValidError(Refused):
    """105 with status 400: a document that its schema refuses. `places` has the XML path and text of each fault."""

    def __init__(self, places: Sequence[tuple[str, str]]) -> None:
        super().__init__(400, joined(places))
        self.number = 105
        self.places = tuple(places)


class NoSuchServiceError(Refused):
    """102: the URL or the root element names no service."""

    def __init__(self, name: str, known: Iterable[str] = ()) -> None:
        meant = nearest(name, known)
        super().__init__(404, f"there is no service {name[:100]!r}" + (f"; did you mean {meant}?" if meant else ""))
