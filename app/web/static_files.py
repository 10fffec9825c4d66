"""Stylesheets and scripts of pages.

Their addresses hold a digest of their content, so a browser may keep them for good.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Final

from flask import Response, request

from app.web.refusal import Refused

CSS: Final = "text/css; charset=utf-8"
JAVASCRIPT: Final = "text/javascript; charset=utf-8"
SVG: Final = "image/svg+xml"

_FOR_GOOD = "public, max-age=31536000, immutable"


class StaticFiles:
    """The files in a directory that are served below an address, each with its media type."""

    def __init__(self, directory: Path, address: str, types: Mapping[str, str]) -> None:
        self._directory = directory
        self._address = address
        self._types = types

    def response(self, name: str) -> Response:
        """Return a file, with an ETag. Raises Refused if there is no such file."""
        if name not in self._types:
            raise Refused(404, "There is no such file.")
        content, digest = _content(self._directory / name)
        response = Response(content, content_type=self._types[name])
        response.headers["Cache-Control"] = _FOR_GOOD if request.args.get("v") == digest else "no-cache"
        response.set_etag(digest)
        response.make_conditional(request)
        return response

    def address_of(self, name: str) -> str:
        """Return the address of a file as it is now."""
        return f"{self._address}/{name}?v={_content(self._directory / name)[1]}"


@cache
def _content(path: Path) -> tuple[bytes, str]:
    content = path.read_bytes()
    return content, sha256(content).hexdigest()[:16]
