"""Editions, by which an editor notices that somebody else has changed the same thing meanwhile."""

from __future__ import annotations

from dataclasses import dataclass

from app.errors import PreconditionError, StateError


@dataclass(frozen=True)
class KnownEdition:
    """The edition that the editor has read: a field of the request, or the header `If-Match`. Without either, any
    edition will do."""

    edition: int | str | None = None
    if_match: str | None = None

    def check(self, edition: int | str, changed: str, changed_field: str | None = None) -> None:
        """Raise StateError (106) unless the edition is the known one.

        `changed` is the description of the error. `changed_field` replaces it if the field has another edition.
        """
        PreconditionError.check(self.if_match, str(edition), changed)
        if self.edition not in (None, edition):
            raise StateError(changed_field or changed)


ANY_EDITION = KnownEdition()
"""Any edition will do."""
