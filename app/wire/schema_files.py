"""`/schemas/`: the schema files as they are published, with an index."""

from __future__ import annotations

from importlib.metadata import version

from flask import Blueprint, Response, request, send_file
from markupsafe import escape

from app.wire.envelope import failed
from app.wire.refusal import Refused
from app.wire.schemas import SCHEMA_DIRECTORY

blueprint = Blueprint("schemas", __name__)


@blueprint.get("/schemas/")
def index() -> Response:
    """A page that lists the files."""
    items = "".join(f'<li><a href="{escape(name)}">{escape(name)}</a></li>' for name in _names())
    page = (
        "<!DOCTYPE html><html lang=en><meta charset=utf-8><title>Relink schemas</title>"
        f"<h1>Relink schemas, version {escape(version('relink'))}</h1><ul>{items}</ul></html>"
    )
    response = Response(page, content_type="text/html; charset=utf-8")
    response.add_etag()
    response.make_conditional(request)
    return response


@blueprint.get("/schemas/<path:name>")
def schema_file(name: str) -> Response:
    """One file, with an ETag."""
    if name not in _names():
        return failed(None, Refused(404, f"there is no schema file {name[:100]!r}"))
    response = send_file(SCHEMA_DIRECTORY / name, mimetype="application/xml", conditional=True, etag=True)
    response.headers["Relink-Version"] = version("relink")
    return response


def _names() -> list[str]:
    files = (path for path in SCHEMA_DIRECTORY.rglob("*") if path.suffix in {".xsd", ".graphql"})
    return sorted(path.relative_to(SCHEMA_DIRECTORY).as_posix() for path in files)
