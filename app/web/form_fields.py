"""Forms: how large they may be, and which texts they may hold."""

from __future__ import annotations

from typing import Final

from flask import request
from werkzeug.datastructures import MultiDict

from app.text import is_writable
from app.web.context import resources
from app.web.refusal import Refused

MOST_FIELDS: Final = 20_000
"""Reading a form takes time and memory for each field."""
ANONYMOUS: Final = 64 * 1024
"""The largest form that a client without a sign-in may send, in bytes. Services have the same limit."""
_FORM = "application/x-www-form-urlencoded"


def check_size(*, signed_in: bool) -> None:
    """Limit the size of the form in the present request. Call this before anything reads the form."""
    most = resources().settings.max_request_bytes
    if not signed_in:
        most = min(most, ANONYMOUS)
    request.max_content_length = request.max_form_memory_size = most


def check_form() -> None:
    """Raise Refused if the form in the present request has another media type, or too many fields."""
    if request.mimetype not in ("", _FORM):
        raise Refused(415, f"a form must be sent as {_FORM}")
    if request.get_data().count(b"&") >= MOST_FIELDS:
        raise Refused(413, f"a form has at most {MOST_FIELDS} fields")


def check_texts(given: MultiDict[str, str]) -> None:
    """Raise Refused if a parameter or a field has a character that the database and XML cannot hold."""
    for name, text in given.items(multi=True):
        if not is_writable(name) or not is_writable(text):
            raise Refused(400, "A field or a parameter has a control character, which cannot be stored: remove it.")
