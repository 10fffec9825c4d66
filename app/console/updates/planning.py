"""The plan of an update: what it would do, drawn and listed, and doing exactly that."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial

from flask import Blueprint, Response, request

from app.console.forms import Form
from app.console.nodes.addresses import crumbs_to
from app.console.nodes.finding import hidden_if_unreadable
from app.console.pages import page
from app.console.responses import secured, see_other
from app.console.services import has_worker, services
from app.console.turns import turn_of
from app.console.updates.addresses import run_url
from app.console.updates.drawing import drawing
from app.console.updates.exports import UPDATE_COLUMNS, csv_response, svg_response, update_cells
from app.console.updates.graph import OTHERS, Box, graph_of
from app.console.updates.requests import NEW, SCOPES, SERVICE, UpdateRequest
from app.console.updates.rows import KINDS, UpdateFilter, look_at, planned
from app.console.visitor import caller, session
from app.database.engine import snapshot
from app.errors import UserError
from app.nodes.versions import find_node
from app.runs.access import may_begin
from app.updates.naming import NamedResult, with_names
from app.updates.update import impact
from app.web.context import resources
from app.web.refusal import Refused

blueprint = Blueprint("plans", __name__)


@blueprint.get("/updates/new")
def plan() -> Response:
    """Show the plan of an update, or the form for one."""
    try:
        wanted = UpdateRequest.of(request.args)
    except UserError as error:
        return _form(UpdateRequest(request.args.get("node", "")), Form.of(request.args).refused(error))
    if not wanted.node:
        return _form(wanted, Form())
    try:
        return _plan_page(wanted, _filters())
    except UserError as error:
        return _form(wanted, Form.of(request.args).refused(error, lambda fault: _FIELDS.get(fault.field, fault.field)))


@blueprint.post("/updates/new")
def do() -> Response:
    """Do exactly the plan that was shown, as a run. A worker does it, if there is one."""
    wanted = UpdateRequest.of(request.form)
    elements = {**wanted.elements, "action": "force", "why": "true"}
    plan_shown = request.form.get("plan", "")
    if not plan_shown:
        raise Refused(400, "The form does not name a plan. Open the plan, then choose *Do exactly this*.")
    with hidden_if_unreadable(f"node {wanted.node}"):
        run = services().begin(SERVICE, elements, caller(), if_match=plan_shown, later=has_worker())
    return see_other(run_url(run))


@blueprint.get("/updates/plan.csv")
def as_csv() -> Response:
    """Return the plan as a table for a spreadsheet."""
    with _named(UpdateRequest.of(request.args)) as named:
        lines = map(update_cells, planned(named))
    return csv_response(UPDATE_COLUMNS, lines, "plan.csv")


@blueprint.get("/updates/plan.xml")
def as_xml() -> Response:
    """Return the plan as the response of the service."""
    wanted = UpdateRequest.of(request.args)
    elements = {**wanted.elements, "action": "impact", "why": "true"}
    with hidden_if_unreadable(f"node {wanted.node}"):
        response = services().response(SERVICE, elements, caller())
    response.headers["Content-Disposition"] = "attachment; filename=plan.xml"
    return secured(response)


@blueprint.get("/updates/plan.svg")
def as_svg() -> Response:
    """Return the drawing of the plan as a file."""
    with _named(UpdateRequest.of(request.args)) as named:
        found = look_at(planned(named), _filters())
    return svg_response(found, "plan.svg")


def _plan_page(wanted: UpdateRequest, filters: UpdateFilter) -> Response:
    with _named(wanted) as named:
        found = look_at(planned(named), filters)
        with resources().engine.connect() as connection:
            may_do = may_begin(connection, caller(), named.result.context, include_content=wanted.content)
    plan_id = named.result.fingerprint
    host, user = request.host_url, session().logon_reference
    graph = graph_of(found)
    return page(
        "updates/plan.html",
        "Plan an update",
        section="Runs",
        crumbs=crumbs_to(wanted.node, itself=True),
        wanted=wanted,
        form=Form(),
        found=found,
        filters=filters,
        scopes=SCOPES,
        kinds=KINDS,
        hidden=named.hidden,
        plan_id=plan_id,
        may_do=may_do,
        drawing=drawing(graph, partial(_box_address, wanted)) if found.total else "",
        is_counted=graph.is_counted,
        user=user,
        planned_at=datetime.now(UTC),
        curl=wanted.curl(host, user, plan_id),
        command=wanted.command(host, user, plan_id),
        here=partial(_here, wanted, filters),
    )


@contextmanager
def _named(wanted: UpdateRequest) -> Iterator[NamedResult]:
    """Yield the plan of a request, with the names of its nodes. Holds a turn of impacts while the plan is used."""
    shared = resources()
    with turn_of(shared.workload.impacts):
        with snapshot(shared.engine) as connection:
            with hidden_if_unreadable(f"node {wanted.node}"):
                node = find_node(connection, caller(), None, wanted.node, "node")
            result = impact(connection, caller(), node, wanted.options, why=True)
            named = with_names(connection, result)
        yield named


def _form(wanted: UpdateRequest, form: Form) -> Response:
    status = 422 if form.is_faulty else 200
    return page(
        "updates/new.html", "Plan an update", section="Runs", wanted=wanted, form=form, scopes=SCOPES, status=status
    )


def _filters() -> UpdateFilter:
    given = {name: request.args.get(name, "").strip() for name in ("kind", "text", "after", "why")}
    return UpdateFilter(**given)


def _here(wanted: UpdateRequest, filters: UpdateFilter, **changed: str) -> str:
    """Return the address of this page with other filters."""
    return wanted.address(NEW, **{"kind": filters.kind, "text": filters.text, "why": filters.why, **changed})


def _box_address(wanted: UpdateRequest, box: Box) -> str:
    if box.count or " " in box.key:
        return wanted.address(NEW, text="" if box.package == OTHERS else box.package) + "#rows"
    return wanted.address(NEW, why=box.key) + "#why"


_FIELDS = {"source_reference": "source", "node_reference": "node"}
