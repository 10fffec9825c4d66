"""The stylesheet and the script of the pages.

Their addresses hold a digest of their content, so a browser may keep them for good.
"""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Final

from flask import Blueprint, Response, request

from app.console.responses import secured
from app.wire.refusal import Refused

blueprint = Blueprint("files", __name__)

_DIRECTORY = Path(__file__).parent / "static"
_TYPES: Final = {
    "console.css": "text/css; charset=utf-8",
    "console.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}
_FOR_GOOD = "public, max-age=31536000, immutable"


@blueprint.get("/static/<name>")
def file(name: str) -> Response:
    """Return a file, with an ETag."""
    if name not in _TYPES:
        raise Refused(404, "There is no such file.")
    content, digest = _content(name)
    response = Response(content, content_type=_TYPES[name])
    response.headers["Cache-Control"] = _FOR_GOOD if request.args.get("v") == digest else "no-cache"
    response.set_etag(digest)
    response.make_conditional(request)
    return secured(response)


def address_of(name: str) -> str:
    """Return the address of a file as it is now."""
    return f"/console/static/{name}?v={_content(name)[1]}"


@cache
def _content(name: str) -> tuple[bytes, str]:
    content = (_DIRECTORY / name).read_bytes()
    return content, sha256(content).hexdigest()[:16]
