"""The wizard: pages at `/external` with which end users configure their instances, alone or in a frame of a host.

It shares nothing with the console: its visitors are end users, who have no account and no cookie.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, NoReturn

from flask import Blueprint, Flask, Response

from app.web.refusal import Refused
from app.web.static_files import CSS, JAVASCRIPT, SVG, StaticFiles
from app.wizard import authorise, configure
from app.wizard.responses import PREFIX, secured
from app.wizard.visiting import check_request

_FILES: Final = StaticFiles(
    Path(__file__).parent / "static", f"{PREFIX}/static", {"wizard.css": CSS, "wizard.js": JAVASCRIPT, "icon.svg": SVG}
)
_METHODS = ["GET", "POST"]


def install(app: Flask) -> None:
    """Add the pages to an application."""
    app.register_blueprint(_wizard())
    app.jinja_env.globals.update(wizard_file=_FILES.address_of)


def _wizard() -> Blueprint:
    pages = Blueprint("pages", __name__)
    pages.before_request(check_request)
    for module in (configure, authorise):
        pages.register_blueprint(module.blueprint)
    pages.add_url_rule("/<path:rest>", "nothing", _nothing, methods=_METHODS)
    wizard = Blueprint("wizard", __name__, url_prefix=PREFIX, template_folder="templates")
    wizard.add_url_rule("/static/<name>", "file", _file)
    wizard.register_blueprint(pages)
    wizard.after_request(secured)
    return wizard


def _file(name: str) -> Response:
    return _FILES.response(name)


def _nothing(rest: str) -> NoReturn:  # noqa: ARG001
    raise Refused(404, "There is no page at this address.")
