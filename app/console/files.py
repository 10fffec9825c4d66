"""The stylesheet and the script of the console."""

from __future__ import annotations

from pathlib import Path

from flask import Blueprint, Response

from app.console.responses import secured
from app.web.static_files import CSS, JAVASCRIPT, SVG, StaticFiles

blueprint = Blueprint("files", __name__)
_FILES = StaticFiles(
    Path(__file__).parent / "static",
    "/console/static",
    {"console.css": CSS, "console.js": JAVASCRIPT, "icon.svg": SVG},
)
address_of = _FILES.address_of


@blueprint.get("/static/<name>")
def file(name: str) -> Response:
    """Return a file."""
    return secured(_FILES.response(name))
