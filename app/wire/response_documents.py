"""The documents of responses. Each begins with `errorNumber`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

from app.errors import MOST_FAULTS, RelinkError, UserError
from app.services.fault_paths import described, places
from app.services.response import Fields, ServiceResponse, Value
from app.wire.refused_requests import NotValidError
from app.wire.xml_writer import write_document

_ERROR_ROOT = "Error"


def written(root: str, response: ServiceResponse) -> Iterator[bytes]:
    """Yield the document of a response, in blocks."""
    head = Fields(("errorNumber", response.error_number), ("errorDescription", response.error_description))
    return write_document(root, chain((head,), response.parts))


def failure_document(root: str | None, error: RelinkError) -> bytes:
    """Return the document that says why a request failed."""
    return b"".join(write_document(root or _ERROR_ROOT, [Fields(*error_fields(error))]))


def reported_faults(error: RelinkError) -> Sequence[tuple[str, str]]:
    """Return the faults that a response reports: the paths of elements, and what is wrong with each."""
    if isinstance(error, NotValidError):
        return error.places[:MOST_FAULTS]
    return places(error)[:MOST_FAULTS] if isinstance(error, UserError) else ()


def error_fields(error: RelinkError) -> list[tuple[str, Value]]:
    """Return the fields of an error, in their order."""
    fields: list[tuple[str, Value]] = [("errorNumber", error.number), ("errorDescription", described(error))]
    if isinstance(error, UserError | NotValidError):
        faults = reported_faults(error)
        fields.append(
            ("errorMessage", "\n".join(f"{field}: {reason}" if field else reason for field, reason in faults))
        )
        fields.append(("errorFields", "\n".join(dict.fromkeys(field for field, _ in faults if field))))
    return fields
