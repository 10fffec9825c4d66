"""A store in which every name is a script."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Engine

from app.solutions.people.tokens import create_master_token
from tests.support.builders import Graph, M, draft, frozen, links, member_type, package, type_with
from tests.support.http import Client, message
from tests.support.scripts import json_object, json_string, script, script_in_address
from tests.support.solution_store import (
    Store,
    auth_slot,
    config_slot,
    ddl,
    element,
    leaves,
    screen,
    slots,
    workflow,
)


def named_solution(store: Store, engine: Engine) -> tuple[str, ...]:
    """Create a solution, an instance and users with scripts as names. Returns the pages that show them."""
    service = {"service": script("service"), "serviceVersion": script("service-version")}
    auth = auth_slot(
        script("auth-id"),
        [script("scope")],
        title=script("auth-title"),
        serviceEnvironment=script("environment"),
        **service,
    )
    dropdown = ddl(
        connector=script("connector"), operation=script("operation"), input=json_object(script("list-input"))
    )
    config = [
        config_slot(script("config-id"), title=script("config-title"), mandatory=False),
        config_slot("default", title="Default", type="object", defaultValue=json_object(script("default"))),
        config_slot("list", dropdown, title=script("list-title"), type="ddl", mandatory=False),
    ]
    work = workflow(script("workflow-id"), sourceWorkflowName=script("workflow-name"), trigger="manual")
    solution = store.set(
        *slots(auth=[auth], config=config, workflows=[work]),
        leaves("TagList", "tag", [script("tag")]),
        element("CustomFieldList", element("CustomField", key=script("custom-key"), value=script("custom-value"))),
        element("ScreenList", screen(script("screen-title"), text=script("screen-text"))),
        title=script("solution-title"),
        description=script("solution-description"),
    )
    store.publish(solution, releaseNotes=script("notes"))
    owner = store.user(script("end-user"))
    account = store.authentication(
        owner,
        [script("scope")],
        name=script("account-name"),
        serviceEnvironment=script("environment"),
        **service,
    )
    held = {script("config-id"): json_string(script("value"))}
    instance = store.instance(solution, owner, script("instance-name"), held, {script("auth-id"): account})
    new = {
        "userLogonReferenceCreate": "ann",
        "passwordCreate": "long enough",
        "userName": script("user-name"),
        "userEmailAddress": script_in_address("email"),
    }
    assert store.client.post(message("CreateUser", new)).number == 0
    with engine.begin() as connection:
        create_master_token(connection, script("token-name"))
    return (
        "/console/solutions",
        *(f"/console/solutions/{solution}{page}" for page in ("", "/draft", "/publish", "/rollout", "/releases")),
        "/console/instances",
        f"/console/instances/{instance}",
        "/console/people",
        "/console/people/ann",
        "/console/tokens",
        "/console/activity",
        "/console",
    )


def named_rollout(store: Store) -> tuple[str, str]:
    """Create a hidden slot with scripts as names, and an instance that is behind.

    Returns the pages of the roll-out and of the instance.
    """
    solution = store.published()
    instance = store.instance(solution)
    hidden = config_slot(script("hidden-id"), title=script("hidden-title"), hidden=True, mandatory=False)
    store.republish(solution, config=[hidden])
    return f"/console/solutions/{solution}/rollout", f"/console/instances/{instance}"


def named_nodes(client: Client) -> tuple[str, ...]:
    """Create nodes with scripts as names, and update them by a run. Returns the pages that show them."""
    names = {name: replace(package(), name=script(f"{name}-name")) for name in ("package", "node")}
    data = M("odd.m.1", value=script("member-value"), comment=script("member-comment"))
    client.load(
        Graph()
        .node("odd", names["package"])
        .node("odd.m", replace(member_type(), name=script("member-type-name")), member_type(VALUE_PATTERN="[0-9]+"))
        .node("odd.T", replace(type_with("odd.m.1"), name=script("type-name")), type_with("odd.m.2"))
        .node("odd.B", names["node"], replace(draft(name=script("draft-name")), comment=script("version-comment")))
        .node("odd.A", frozen(*links("odd.B.1"), name=script("node-name")))
        .node("odd.N", frozen(data, type="odd.T.1"))
        .node("odd.D", draft(data, type="odd.T.1"))
    )
    reply = client.update("odd", "force", sourceScope="latest")
    assert {row["updateType"] for row in reply.updates()} == {"version", "error"}, "the names of both are shown"
    run = reply.response.headers["Relink-Run"]
    client.copy("odd.A.1", "odd.C")
    return (
        "/console/nodes",
        "/console/nodes?q=member&values=true",
        *(f"/console/nodes/odd{page}" for page in ("", "/A", "/B?version=1", "/D", "/T")),
        *(f"/console/{page}/odd/B" for page in ("versions", "edit", "freeze", "type")),
        "/console/uses/odd/B?version=1",
        "/console/compare/odd/B?from=1&to=2",
        "/console/edit/odd/D",
        "/console/type/odd/D?type=odd.T.2",
        "/console/updates/new?node=odd&scope=latest&always=true",
        "/console/runs",
        f"/console/runs/{run}",
        f"/console/runs/{run}?why=odd.A",
        "/console/permissions?node=odd",
        "/console/people/ann?node=odd.B",
    )
