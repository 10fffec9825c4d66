"""The console: web pages at `/console`, for users who sign in with their passwords.

A section is an entry of the navigation with its pages. To add one, write its module and list it in SECTIONS.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple, NoReturn

from flask import Blueprint, Flask
from jinja2 import StrictUndefined

from app.console import files, home, query_page, signing_in
from app.console.formatting import FILTERS
from app.console.instances.addresses import INSTANCES, instance_url
from app.console.instances.section import PAGES as INSTANCE_PAGES
from app.console.nodes import changing, editing, listing, showing
from app.console.nodes.addresses import NODES, node_url, version_url
from app.console.pages import SECTION_CRUMBS, Crumb
from app.console.people.addresses import PEOPLE, user_url
from app.console.people.section import PAGES as PEOPLE_PAGES
from app.console.reference import pages as reference
from app.console.responses import secured
from app.console.services import GRAPHQL, SERVICES, GraphQL, Services
from app.console.solutions.addresses import SOLUTIONS, solution_url
from app.console.solutions.section import PAGES as SOLUTION_PAGES
from app.console.updates import following, planning, running
from app.console.updates import listing as run_listing
from app.console.updates.addresses import RUNS
from app.console.urls import HOME, SIGN_OUT
from app.console.visitor import admit, keep_token
from app.identity.rights import Caller, may_administer_solutions
from app.web.refusal import Refused

PREFIX: Final = HOME


def _everybody(caller: Caller) -> bool:  # noqa: ARG001
    """Return whether a user may open the pages of a section that needs no permission."""
    return True


class Section(NamedTuple):
    """An entry of the navigation: its text, its first page, the pages that belong to it, and who may open them."""

    name: str
    address: str
    pages: tuple[Blueprint, ...]
    may_open: Callable[[Caller], bool] = _everybody


SECTIONS: Final = (
    Section("Home", HOME, (home.blueprint,)),
    Section("Nodes", NODES, (listing.blueprint, showing.blueprint, changing.blueprint, editing.blueprint)),
    Section("Runs", RUNS, (planning.blueprint, run_listing.blueprint, running.blueprint, following.blueprint)),
    Section("Solutions", SOLUTIONS, SOLUTION_PAGES, may_administer_solutions),
    Section("Instances", INSTANCES, INSTANCE_PAGES, may_administer_solutions),
    Section("People", PEOPLE, PEOPLE_PAGES),
    Section("Services", reference.SERVICES, (reference.blueprint,)),
)


def _console() -> Blueprint:
    signed_in = Blueprint("signed_in", __name__)
    signed_in.before_request(admit)
    signed_in.after_request(keep_token)
    for section in SECTIONS:
        for pages in section.pages:
            signed_in.register_blueprint(pages)
    # Whoever has not signed in does not learn which pages there are.
    signed_in.add_url_rule("/<path:rest>", "nothing", _nothing)
    console = Blueprint("console", __name__, url_prefix=PREFIX, template_folder="templates")
    for pages in (files.blueprint, signing_in.blueprint, query_page.form_blueprint, signed_in):
        console.register_blueprint(pages)
    console.after_request(secured)
    return console


def _nothing(rest: str) -> NoReturn:  # noqa: ARG001
    raise Refused(404, "There is no page at this address.")


_CONSOLE = _console()


def install(app: Flask, services: Services, graphql: GraphQL) -> None:
    """Add the pages to an application. `services` and `graphql` are those of its process."""
    app.extensions[SERVICES] = services
    app.extensions[GRAPHQL] = graphql
    app.extensions[SECTION_CRUMBS] = {
        pages.name: Crumb(section.name, section.address) for section in SECTIONS for pages in section.pages
    }
    app.jinja_options = {**app.jinja_options, "undefined": StrictUndefined, "trim_blocks": True, "lstrip_blocks": True}
    app.register_blueprint(_CONSOLE)
    app.register_blueprint(query_page.blueprint)
    app.jinja_env.filters.update(
        FILTERS,
        node_url=node_url,
        version_url=version_url,
        solution_url=solution_url,
        instance_url=instance_url,
        user_url=user_url,
    )
    app.jinja_env.globals.update(navigation=SECTIONS, file=files.address_of, home=HOME, sign_out=SIGN_OUT)
