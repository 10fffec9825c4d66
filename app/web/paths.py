"""Numbers in paths: ASCII digits, and no more of them than an identifier can have."""

from __future__ import annotations

from werkzeug.routing import IntegerConverter


class IdentifierConverter(IntegerConverter):
    """`<int:...>` in a route. Werkzeug's own also takes other Unicode digits, and fails on some thousand digits."""

    regex = r"[0-9]{1,18}"
