"""Requests as JSON: an object whose members are the elements of the request.

An element with elements in it is an object, and an array stands for as many elements of the same name. Texts, numbers
and booleans are values; null stands for an absent element, and in an array for an empty one.
"""

from __future__ import annotations

import json

from app.text import JsonConstantError, refuse_json_constant
from app.web.encoding import json_text
from app.web.refusal import Refused
from app.wire.made_documents import Members


def json_members(body: bytes, charset: str | None) -> Members:
    """Return the elements of a request in JSON. Raises Refused 400 or 415."""
    text = json_text(body, charset)
    try:
        # Numbers stay as they are written: the schema decides what is a number, and how large one may be.
        found = json.loads(
            text, object_pairs_hook=Members, parse_int=str, parse_float=str, parse_constant=refuse_json_constant
        )
    except json.JSONDecodeError as error:
        raise Refused(400, f"the body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}") from None
    except JsonConstantError as error:
        raise Refused(400, f"the body is not JSON: {error} is not a number") from None
    except RecursionError:
        raise Refused(400, "the body is nested too deep") from None
    if not isinstance(found, Members):
        raise Refused(400, "the body must be a JSON object whose members are the elements of the request")
    return found
