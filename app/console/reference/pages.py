"""The pages of services: what each is, and a form to try it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from typing import Final

from flask import Blueprint, Response, request

from app.console.forms import Form
from app.console.pages import Crumb, page
from app.console.reference.catalogue import NO_FORM, Described, catalogue
from app.console.services import Tried, services
from app.console.visitor import caller, session
from app.text import with_line_feeds
from app.web.refusal import Refused

SERVICES: Final = "/console/services"

blueprint = Blueprint("service_pages", __name__)

_SHOW: Final = "show"
"""What the button sends that shows the request without sending it."""
_SECRET = re.compile(r"(<(\w*[Pp]assword\w*)>)[^<]*(</\2>)")


@blueprint.get("/services")
def listed() -> Response:
    """Show all services."""
    return page("reference/list.html", "Services", section="Services", services=list(catalogue().values()))


@blueprint.get("/services/<name>")
def service(name: str) -> Response:
    """Show a service."""
    return _page(_found(name), Form())


@blueprint.post("/services/<name>")
def try_it(name: str) -> Response:
    """Send a request with the rights of the visitor, and show the response. Or show the request without sending it."""
    found = _found(name)
    if name in NO_FORM:
        raise Refused(400, f"{name} has no form: send the document to /service/{name}.")
    given = [(path, with_line_feeds(request.form.get(path, ""))) for path, _ in found.inputs]
    fields = [(path, text) for path, text in given if text != ""]
    if request.form.get("do") == _SHOW:
        return _page(found, Form.sent(), document=services().document(name, fields))
    tried = services().tried(name, fields, caller())
    return _page(found, _with_faults(found, tried.faults), tried, document=tried.request)


def _found(name: str) -> Described:
    if name not in catalogue():
        raise Refused(404, "There is no service at this address.")
    return catalogue()[name]


def _with_faults(found: Described, faults: Iterable[tuple[str, str]]) -> Form:
    """Return the form that was sent with the faults in its request beside the fields that they are about."""
    # Faults that a schema finds have no number in the first element of a name.
    fields = {path.replace("[1]", ""): path for path, _ in found.inputs}
    beside: dict[str, list[str]] = {}
    others: list[str] = []
    for place, reason in faults:
        name = fields.get(place.replace("[1]", ""))
        if name is not None:
            beside.setdefault(name, []).append(reason)
        else:
            others.append(f"{place}: {reason}" if place else reason)
    return Form(Form.sent().values, beside, tuple(others))


def _page(found: Described, form: Form, tried: Tried | None = None, *, document: str = "") -> Response:
    shown = _SECRET.sub(r"\1...\3", document)
    return page(
        "reference/service.html",
        found.name,
        section="Services",
        crumbs=(Crumb("Services", SERVICES),),
        service=found,
        has_form=found.name not in NO_FORM,
        form=form,
        tried=tried,
        document=shown,
        curl=_curl(found.name, shown) if shown else "",
        show=_SHOW,
    )


def _curl(name: str, document: str) -> str:
    """Return a request as a command for a shell. curl asks for the password."""
    return shlex.join(
        [
            "curl",
            "-u",
            session().logon_reference,
            "-H",
            "Content-Type: application/xml",
            "-d",
            document,
            f"{request.host_url.rstrip('/')}/service/{name}",
        ]
    )
