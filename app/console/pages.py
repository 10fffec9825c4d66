"""Makes the pages of the console from templates, including the pages about failures."""

from __future__ import annotations

from typing import Final, NamedTuple

from flask import Response, current_app, g, render_template, request

from app.console.reasons import reasons_of
from app.console.responses import secured, see_other
from app.console.urls import HOME, sign_in_url
from app.console.visitor import visitor
from app.errors import NotAuthorisedError, PermissionNeededError, RelinkError
from app.text import as_sentence
from app.web.statuses import ERROR_NUMBER, failure_headers, http_status

_TITLES: Final = {
    400: "Something in the request is not right",
    403: "Not authorised",
    404: "Not found",
    409: "Not possible now",
    412: "Changed meanwhile",
    413: "Too large",
    429: "Too many failed sign-ins",
    500: "Something went wrong",
    503: "Not available now",
}


SECTION_CRUMBS: Final = "relink.console.section_crumbs"
"""The key under which the application keeps the first pages of the sections, by the names of their blueprints."""


class Crumb(NamedTuple):
    """A step on the way from the home page to a page."""

    text: str
    address: str


def page(
    template: str, title: str, *, section: str = "", crumbs: tuple[Crumb, ...] = (), status: int = 200, **shown: object
) -> Response:
    """Return a page. `section` is the entry of the navigation that it belongs to, `crumbs` the way to it."""
    text = render_template(
        f"console/{template}", title=title, section=section, crumbs=crumbs, visitor=visitor(), **shown
    )
    response = Response(text, status, content_type="text/html; charset=utf-8")
    response.headers[ERROR_NUMBER] = "0"
    return secured(response)


def failure_page(error: RelinkError) -> Response:
    """Return the page that says why a request failed, or a redirect to the sign-in if the visitor has not signed in."""
    if isinstance(error, NotAuthorisedError) and "visitor" in g and visitor().session is None:
        return see_other(sign_in_url(request.path))
    status = 403 if isinstance(error, NotAuthorisedError) else http_status(error)
    section = _section()
    response = page(
        "failure.html",
        _TITLES.get(status, "The request was refused"),
        section="" if section is None else section.text,
        crumbs=() if section is None or section.address == HOME else (section,),
        status=status,
        reasons=_reasons(error),
        request_id=g.request_id,
        home=HOME,
    )
    response.headers.update(failure_headers(error))
    response.headers[ERROR_NUMBER] = str(error.number)
    return response


def _section() -> Crumb | None:
    """Return the section of the present request, or None outside the sections and for visitors without a session."""
    if visitor().session is None or request.blueprint is None:
        return None
    sections: dict[str, Crumb] = current_app.extensions[SECTION_CRUMBS]
    return sections.get(request.blueprint.rpartition(".")[2])


def _reasons(error: RelinkError) -> list[str]:
    if isinstance(error, PermissionNeededError):
        use = "do this" if request.method == "POST" else "see this page"
        return [f"You need the permission {error.permission} to {use}. Ask an administrator."]
    return [as_sentence(text) for text in reasons_of(error) if text]
