"""A process works on few edits of large drafts at the same time, whichever service or page they belong to."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from urllib.parse import urlencode

import pytest
from sqlalchemy import Connection, Engine, text
from werkzeug.test import TestResponse

from app.nodes import editing
from app.nodes.editing import MOST_MEMBERS
from app.runs.turns import Shares
from app.settings import Settings
from tests.services.test_large_versions import all_turns_taken, sent
from tests.support.builders import TYPE, Graph, M, draft, frozen, member_type, type_with
from tests.support.edits import given, members
from tests.support.http import Client, message
from tests.support.lock_waits import waiting_sessions
from tests.support.pages import Pages
from tests.support.served import eventually
from tests.support.solution_store import element

MIB = 1024 * 1024
DRAFT = {"nodeVersionReference": "L.A"}
NEW_TYPE = {**DRAFT, "nodeVersionReferenceNewType": "L.U.1"}
EDIT = members({"L.m": [given(at=1, value="edited")]})


def set_node(action: str, *content: str, node: str = "L.A", **fields: str) -> str:
    return element("SetNode", *content, action=action, nodeVersionReference=node, **fields)


READING = {
    "form": set_node("edit"),
    "impact": set_node("impact", EDIT),
    "type impact": message("ChangeNodeType", {"action": "impact", **NEW_TYPE}),
}
WRITING = {
    "update": set_node("update", EDIT),
    "force": set_node("force", EDIT),
    "type force": message("ChangeNodeType", {"action": "force", **NEW_TYPE}),
}
REQUESTS = READING | WRITING


@pytest.fixture
def store(client: Client) -> Client:
    """A draft with values of more than a mebibyte and a small one, and two types for them."""
    graph = Graph().node("L.m", member_type()).node("L.T", type_with("L.m.1")).node("L.U", type_with("L.m.1"))
    large = [M("L.m.1", value=letter * 400_000) for letter in "xyz"]
    graph.node("L.A", draft(*large, type="L.T.1"))
    client.load(graph.node("L.small", draft(M("L.m.1", value="z"), type="L.T.1")))
    return client


def outcome(response: TestResponse) -> tuple[int, str]:
    return response.status_code, response.headers["Relink-Error-Number"]


@pytest.mark.ledger("DEC-385")
@pytest.mark.parametrize("request_", REQUESTS)
def test_an_edit_of_a_large_draft_waits_for_its_turn_and_gives_it_back(store: Client, request_: str) -> None:
    body = REQUESTS[request_]
    with all_turns_taken(store.app):
        refused = sent(store, body)
        assert outcome(refused) == (503, "106")
        assert "Retry-After" in refused.headers
    for _ in range(1 + Shares.of(Settings()).large_responses):
        response = sent(store, body)
        assert outcome(response) == (200, "0"), response.text[:1000]
        response.close()


@pytest.mark.ledger("DEC-385")
def test_an_edit_of_a_draft_with_many_members_needs_a_turn(store: Client) -> None:
    store.load(Graph().node("L.many", draft(*[M("L.m.1", value="v")] * 10_001, type="L.T.1")))
    with all_turns_taken(store.app):
        assert outcome(sent(store, set_node("edit", node="L.many"))) == (503, "106")
        assert outcome(sent(store, set_node("update", EDIT, node="L.many"))) == (503, "106")
    assert outcome(sent(store, set_node("update", EDIT, node="L.many"))) == (200, "0")


@pytest.mark.ledger("DEC-385")
def test_other_edits_need_no_turn(store: Client, make_user: Callable[..., None]) -> None:
    """Edits of small drafts do not wait, nor do edits that are refused in any case."""
    make_user("bob", "package-read L", "package-use-draft L")
    with all_turns_taken(store.app):
        for action in ("edit", "impact", "update"):
            assert outcome(sent(store, set_node(action, EDIT, node="L.small"))) == (200, "0")
        for body in REQUESTS.values():
            assert store.as_user(None).post(body).number == 101
            assert store.as_user("bob").post(body).number == 101
        assert outcome(sent(store, set_node("update", EDIT, nodeEdition="99"))) == (200, "106")


@pytest.mark.ledger("DEC-385")
@pytest.mark.parametrize("request_", WRITING)
def test_nothing_is_locked_while_an_edit_waits_for_its_turn(store: Client, engine: Engine, request_: str) -> None:
    turns = store.app.extensions["relink"].workload.large_responses
    with ThreadPoolExecutor(1) as threads, ExitStack() as others:
        for _ in range(Shares.of(Settings()).large_responses):
            others.enter_context(turns.turn())
        waiting = threads.submit(sent, store, WRITING[request_])
        with engine.connect() as connection:
            eventually(lambda: is_in_transaction(connection))
            connection.execute(text("SELECT FROM node FOR UPDATE NOWAIT"))
            connection.execute(text("LOCK TABLE node_version IN SHARE ROW EXCLUSIVE MODE NOWAIT"))
            assert advisory_locks(connection) == 0
        others.close()
        assert outcome(waiting.result()) == (200, "0")


def is_in_transaction(connection: Connection) -> bool:
    query = text(
        "SELECT count(*) = 1 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        " AND state = 'idle in transaction' AND query LIKE '%is_large_version%'"
    )
    # In a transaction the activity is read once.
    connection.rollback()
    return bool(connection.execute(query).scalar_one())


def advisory_locks(connection: Connection) -> int:
    query = """
        SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database
        WHERE locktype = 'advisory' AND datname = current_database()
    """
    return int(connection.execute(text(query)).scalar_one())


@pytest.mark.ledger("DEC-385")
def test_an_edit_of_a_draft_that_becomes_large_just_before_is_refused(store: Client, engine: Engine) -> None:
    with ThreadPoolExecutor(1) as threads, engine.connect() as connection:
        connection.execute(text("SELECT FROM node WHERE node_reference = 'L.small' FOR UPDATE"))
        edited = threads.submit(sent, store, set_node("update", EDIT, node="L.small"))
        eventually(lambda: waiting_sessions(engine))
        enlarge = """
            UPDATE node_version v SET values = ARRAY[repeat('w', 2000000)] FROM node n
            WHERE n.node_identifier = v.node_identifier AND node_reference = 'L.small'
        """
        connection.execute(text(enlarge))
        connection.commit()
        assert outcome(edited.result()) == (503, "106")
    assert outcome(sent(store, set_node("update", EDIT, node="L.small"))) == (200, "0")


@pytest.mark.ledger("DEC-385")
def test_the_use_of_a_type_with_a_long_list_needs_a_turn(store: Client) -> None:
    many = [M("system.MEMBER_TYPE_LIST.1", target="L.m.1")] * 10_001
    store.load(Graph().node("L.long", frozen(*many, type=TYPE)))
    new = element("SetNode", action="new", nodeVersionReferenceType="L.long")
    section = element("NodeReferenceSection", nodeReference="L.N")
    create = element("SetNode", section, action="create", nodeVersionReferenceType="L.long")
    with all_turns_taken(store.app):
        for body in (new, create):
            assert outcome(sent(store, body)) == (503, "106")
    assert outcome(sent(store, new)) == (200, "0")


@pytest.mark.ledger("DEC-385")
def test_the_form_of_the_console_refuses_a_large_draft(store: Client) -> None:
    pages = Pages.of(store.app)
    token = pages.get("/console/edit/L/small").form("/console/edit/L/small")
    form = {**token, "name": "changed"}
    for response in (pages.get("/console/edit/L/A").response, pages.post("/console/edit/L/A", form)):
        assert response.status_code == 400
        assert "relink node edit L.A" in response.text
    assert store.get("L.A").text("nodeName") == "A"


@pytest.mark.ledger("DEC-385")
def test_the_form_of_the_console_says_that_a_type_is_too_large_for_it(store: Client) -> None:
    many = [M("system.MEMBER_TYPE_LIST.1", target="L.m.1")] * 10_001
    store.load(Graph().node("L.long", frozen(*many, type=TYPE)).node("L.short", draft(type="L.long.1")))
    page = Pages.of(store.app).get("/console/edit/L/short")
    assert page.status == 400
    assert "or its type has more than 10,000" in page.text


@pytest.mark.ledger("DEC-385")
def test_the_pages_that_change_a_type_wait_for_their_turn(store: Client) -> None:
    pages = Pages.of(store.app)
    at = "/console/type/L/A"
    shown = f"{at}?{urlencode({'type': 'L.U.1'})}"
    form = pages.get(shown).form(at)
    with all_turns_taken(store.app):
        for response in (pages.get(shown).response, pages.post(at, form)):
            assert response.status_code == 503
            assert "Retry-After" in response.headers
    assert pages.post(at, form).status_code == 303


@pytest.mark.soak
@pytest.mark.ledger("DEC-386")
def test_an_edit_makes_no_draft_of_more_than_64_mib(store: Client, engine: Engine) -> None:
    sizes(engine, 65, MIB)
    more, less = members({"L.m": [given(value="w")]}), members({"L.m": [given(at=1, value="w")]})
    assert "more than 64 MiB of values and comments" in refused(store, set_node("update", more))
    assert outcome(sent(store, set_node("impact", less))) == (200, "0")


@pytest.mark.soak
@pytest.mark.ledger("DEC-386")
def test_an_edit_makes_no_draft_of_more_than_120_000_members(store: Client, engine: Engine) -> None:
    sizes(engine, MOST_MEMBERS, 0)
    more = members({"L.m": [given(value="w")]})
    assert f"the most are {MOST_MEMBERS}" in refused(store, set_node("update", more))


@pytest.mark.ledger("DEC-386")
def test_an_edit_makes_no_draft_beyond_the_limits(
    store: Client, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(editing, "MOST_MEMBERS", 100)
    monkeypatch.setattr(editing, "LONGEST_TEXTS", 4 * MIB)
    more, less = members({"L.m": [given(value="w")]}), members({"L.m": [given(at=1, value="w")]})
    for count, size, shown in ((100, 0, "the most are 100"), (5, MIB, "of values and comments")):
        sizes(engine, count, size)
        assert shown in refused(store, set_node("update", more))
    assert outcome(sent(store, set_node("impact", less))) == (200, "0")


def sizes(engine: Engine, count: int, size: int) -> None:
    """Let the draft have this many members with values of this size."""
    query = """
        UPDATE node_version v
        SET member_types = array_fill(member_types[1], ARRAY[:count]),
            member_type_numbers = array_fill(1, ARRAY[:count]), sequences = ARRAY(SELECT generate_series(1, :count)),
            targets = array_fill(NULL::bigint, ARRAY[:count]),
            target_numbers = array_fill(NULL::integer, ARRAY[:count]),
            values = array_fill(repeat('v', :size), ARRAY[:count])
        FROM node n WHERE n.node_identifier = v.node_identifier AND node_reference = 'L.A'
    """
    with engine.begin() as connection:
        connection.execute(text(query.replace("::", r"\:\:")), {"count": count, "size": size})


def refused(client: Client, body: str) -> str:
    response = sent(client, body)
    assert outcome(response) == (200, "105")
    return response.text
