"""The pages of services: what each is, and a form to try it."""

from __future__ import annotations

import re
import shlex
from typing import Final

from flask import Blueprint, Response, request

from app.console.forms import Form
from app.console.pages import Crumb, page
from app.console.reference.catalogue import NO_FORM, Described, catalogue
from app.console.services import Tried, services
from app.console.visitor import caller, session
from app.web.refusal import Refused

SERVICES: Final = "/console/services"

blueprint = Blueprint("service_pages", __name__)

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
    """Send a request with the rights of the visitor, and show the response as it is on the wire."""
    found = _found(name)
    if name in NO_FORM:
        raise Refused(400, f"{name} has no form: send the document to /service/{name}.")
    given = [(path, request.form.get(path, "").replace("\r\n", "\n")) for path, _ in found.inputs]
    tried = services().tried(name, [(path, text) for path, text in given if text != ""], caller())
    return _page(found, Form.sent(), tried)


def _found(name: str) -> Described:
    if name not in catalogue():
        raise Refused(404, "There is no service at this address.")
    return catalogue()[name]


def _page(found: Described, form: Form, tried: Tried | None = None) -> Response:
    return page(
        "reference/service.html",
        found.name,
        section="Services",
        crumbs=(Crumb("Services", SERVICES),),
        service=found,
        has_form=found.name not in NO_FORM,
        form=form,
        tried=tried,
        curl="" if tried is None else _curl(found.name, tried.request),
    )


def _curl(name: str, document: str) -> str:
    """Return the same request as a line for a shell. It asks for the password, and holds none."""
    return shlex.join(
        [
            "curl",
            "-u",
            session().logon_reference,
            "-H",
            "Content-Type: application/xml",
            "-d",
            _SECRET.sub(r"\1...\3", document),
            f"{request.host_url.rstrip('/')}/service/{name}",
        ]
    )
