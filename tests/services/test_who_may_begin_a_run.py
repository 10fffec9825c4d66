"""A force that cannot update anything begins no run. It holds no package, and its response lists what is bypassed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import Engine, text

from app.identity.rights import Caller
from app.nodes.permissions import create_permission
from tests.support.builders import Graph, draft, frozen, links, moves, package
from tests.support.http import Client, Reply, message
from tests.support.run_records import held_run

NOT_MINE = "P.A.1 warning: Not authorised to administer this node"
REQUEST = {"nodeReference": "P", "updateContentIndicator": "true", "action": "force"}
MakeUser = Callable[..., None]


@pytest.fixture
def stale(client: Client, engine: Engine) -> Client:
    """P.A is out of date because of P.B. Everybody may read all of P, even callers who have not signed in."""
    client.load(Graph().node("P", package()).node("P.A", frozen(*links("P.B.1"))).node("P.B", frozen(), draft()))
    grant(engine, "package-use-draft")
    return client


def grant(engine: Engine, kind: str) -> None:
    with engine.begin() as connection:
        create_permission(connection, Caller(None, (), administers_all=True), kind, "public", "P")


def runs(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text("SELECT count(*) FROM run")).scalar_one())


def force(client: Client, if_match: str) -> Reply:
    return client.post(message("UpdateNodeVersions", REQUEST), headers={"If-Match": if_match})


@pytest.mark.parametrize(
    "permissions", [None, (), ("package-update P", "package-use P"), ("node-administer P.A.Other",)]
)
@pytest.mark.ledger("DEC-140")
def test_a_user_who_administers_nothing_in_scope_begins_no_run(
    stale: Client, engine: Engine, make_user: MakeUser, permissions: tuple[str, ...] | None
) -> None:
    stale.load(Graph().node("P.AOther", frozen()).node("Q", package()).node("P.A.Other", frozen()))
    if permissions is not None:
        make_user("bob", *permissions)
    caller = stale.as_user(None if permissions is None else "bob")
    content = "P.A.Other" not in str(permissions)
    reply = caller.update("P" if content else "P.A", "force", content=content, sourceScope="latest")
    assert (reply.status, reply.number, reply.rows()) == (200, 108, [NOT_MINE])
    assert reply.text("errorDescription") == "1 update was bypassed."
    assert "Relink-Run" not in reply.response.headers
    assert runs(engine) == 0


def test_a_user_who_administers_nothing_begins_no_run_even_if_there_is_nothing_to_do(
    stale: Client, engine: Engine
) -> None:
    stale.post("<GetNode><nodeVersionReference>system</nodeVersionReference></GetNode>")
    reply = stale.as_user(None).update("system", "force")
    assert (reply.status, reply.number, reply.rows()) == (200, 0, [])
    assert runs(engine) == 0


def test_a_caller_who_may_not_begin_a_run_does_not_learn_of_another(
    stale: Client, engine: Engine, make_user: MakeUser
) -> None:
    """The package is held by a run. A caller who may not begin a run does not learn of it."""
    make_user("bob")
    with held_run(engine):
        assert stale.update("P", "force").number == 106
        assert stale.as_user("bob").update("P", "force").number == 108


@pytest.mark.parametrize(
    "permission", ["package-administer P", "node-administer P.A", "package-administer P.A", "administer-all"]
)
def test_an_administrator_of_a_node_in_scope_begins_a_run(
    stale: Client, engine: Engine, make_user: MakeUser, permission: str
) -> None:
    make_user("bob", permission, "package-link P")
    reply = stale.as_user("bob").update("P", "force")
    assert (reply.number, reply.rows()) == (0, [f"P.A.2 version: {moves('P.B.2')}"])
    assert runs(engine) == 1
    assert "Relink-Run" in reply.response.headers


def test_the_owner_of_a_node_in_scope_begins_a_run(stale: Client, engine: Engine, make_user: MakeUser) -> None:
    make_user("bob", "package-use P", "package-link P")
    bob = stale.as_user("bob")
    bob.load(Graph().node("P.C", frozen(*links("P.B.1"))))
    assert bob.update("P", "force").rows() == [NOT_MINE, f"P.C.2 version: {moves('P.B.2')}"]
    assert runs(engine) == 1


def test_a_node_beside_the_scope_does_not_count(stale: Client, engine: Engine, make_user: MakeUser) -> None:
    make_user("bob", "node-administer P.B")
    assert stale.as_user("bob").update("P.A", "force", content=False, sourceScope="latest").number == 108
    assert runs(engine) == 0


def test_if_match_holds_for_it_too(stale: Client, make_user: MakeUser) -> None:
    make_user("bob")
    bob = stale.as_user("bob")
    assert (force(bob, "stale").status, force(bob, "stale").number) == (412, 106)
    assert force(bob, bob.update("P").response.headers["ETag"]).number == 108


@pytest.mark.ledger("DEC-140")
def test_the_rights_of_everybody_are_not_enough_to_do_an_update(stale: Client, engine: Engine) -> None:
    """Such a run would have no starter."""
    grant(engine, "package-administer")
    nobody = stale.as_user(None)
    assert nobody.update("P").rows() == [f"P.A.1 version: {moves('P.B.2')}"]
    refused = nobody.update("P", "force")
    assert (refused.status, refused.number) == (200, 101)
    assert "sign in to update nodes" in (refused.text("errorDescription") or "")
    assert runs(engine) == 0
    assert stale.get("P.A").text("nodeVersionNumber") == "1"
