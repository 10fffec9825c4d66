"""The home page: what needs attention."""

from __future__ import annotations

from flask import Blueprint, Response

from app.console.pages import page

blueprint = Blueprint("home", __name__)


@blueprint.get("")
def home() -> Response:
    """Show the page."""
    return page("home.html", "Home", section="Home")
