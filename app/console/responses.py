"""Responses of the console: their headers, and redirections."""

from __future__ import annotations

from typing import Final

from flask import Response

from app.web.statuses import ERROR_NUMBER

POLICY: Final = "default-src 'self'; frame-ancestors 'none'; form-action 'self'; base-uri 'none'"
"""Pages load nothing from other hosts, have no scripts or styles in their text, and cannot be framed."""
_HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def secured(response: Response) -> Response:
    """Add the headers that every page has, apart from those that the response has already."""
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    return response


def see_other(address: str) -> Response:
    """Return a redirection to a page, which the browser asks for with GET."""
    return secured(Response(status=303, headers={"Location": address, ERROR_NUMBER: "0"}))
