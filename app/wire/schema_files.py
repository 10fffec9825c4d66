"""`/schemas/`: the schema files as they are published, with an index."""

from __future__ import annotations

from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version

from flask import Blueprint, Response, request
from markupsafe import escape

from app.web.refusal import Refused
from app.web.schema_directory import SCHEMA_DIRECTORY
from app.wire.envelope import failed

blueprint = Blueprint("schemas", __name__)


@blueprint.get("/schemas/")
def index() -> Response:
    """Return a page that lists the files."""
    items = "".join(f'<li><a href="{escape(name)}">{escape(name)}</a></li>' for name in _names())
    page = (
        "<!DOCTYPE html><html lang=en><meta charset=utf-8><title>Relink schemas</title>"
        f"<h1>Relink schemas, version {escape(_version())}</h1><ul>{items}</ul></html>"
    )
    return _tagged(Response(page, content_type="text/html; charset=utf-8"))


@blueprint.get("/schemas/<path:name>")
def schema_file(name: str) -> Response:
    """Return one file, with an ETag."""
    if name not in _names():
        return failed(None, Refused(404, f"there is no schema file {name[:100]!r}"))
    content_type = "application/xml" if name.endswith(".xsd") else "text/plain; charset=utf-8"
    return _tagged(Response((SCHEMA_DIRECTORY / name).read_bytes(), content_type=content_type))


def _tagged(response: Response) -> Response:
    """Add the version, and an ETag that depends only on the content, so that it is the same on every machine."""
    response.headers["Relink-Version"] = _version()
    response.set_etag(sha256(response.get_data()).hexdigest()[:32])
    response.make_conditional(request)
    return response


def _names() -> list[str]:
    files = (path for path in SCHEMA_DIRECTORY.rglob("*") if path.suffix in {".xsd", ".graphql"})
    return sorted(path.relative_to(SCHEMA_DIRECTORY).as_posix() for path in files)


def _version() -> str:
    """Return the version of the program, or `unreleased` if it runs from its source and is not installed."""
    try:
        return version("relink")
    except PackageNotFoundError:
        return "unreleased"
