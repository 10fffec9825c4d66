"""Edits whose patterns take long take turns, and do not delay other requests while they wait."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import pytest
from flask import Flask

from app.runs.turns import Shares
from app.settings import Settings
from tests.support.builders import Graph, M, draft, member_type, type_with
from tests.support.edits import given, members, set_node
from tests.support.http import Client
from tests.support.pages import Pages
from tests.support.served import eventually

PATTERN = "[0-9]*x*|.{0,990}y"
EXPENSIVE = members({"L.m": [given(at=1, value="x" * 5_000)]})
CHEAP = members({"L.m": [given(at=1, value="x")]})
DRAFT = {"nodeVersionReference": "L.A"}


@pytest.fixture
def store(client: Client) -> Client:
    graph = Graph().node("L.m", member_type(VALUE_PATTERN=PATTERN)).node("L.T", type_with("L.m.1"))
    client.load(graph.node("L.A", draft(M("L.m.1", value="y"), type="L.T.1")))
    return client


@contextmanager
def all_turns_taken(app: Flask, by: str | None = None) -> Iterator[None]:
    """Take all turns, or all that one user may take."""
    turns = app.extensions["relink"].workload.edits
    with ExitStack() as others:
        taken = [others.enter_context(turns.turn(by)) for _ in range(Shares.of(Settings()).edits)]
        assert all(turn.has_come for turn in taken) is (by is None)
        yield


@pytest.mark.ledger("DEC-416")
@pytest.mark.parametrize("action", ["update", "force"])
def test_an_edit_waits_for_its_turn_without_a_lock(store: Client, action: str) -> None:
    edits = store.app.extensions["relink"].workload.edits
    with ThreadPoolExecutor(1) as thread:
        with all_turns_taken(store.app):
            waiting = thread.submit(set_node, store, action, EXPENSIVE, **DRAFT)
            eventually(lambda: edits._waiting)
            assert set_node(store, action, CHEAP, **DRAFT).number == 0
        assert waiting.result().number == 0
    assert store.get("L.A.$draft").members() == [f"L.m.1 = {'x' * 5_000}"]


@pytest.mark.ledger("DEC-416")
def test_an_edit_whose_turn_does_not_come_is_refused(store: Client) -> None:
    with all_turns_taken(store.app):
        refused = set_node(store, "update", EXPENSIVE, **DRAFT)
    assert (refused.status, refused.number) == (503, 106)
    assert "Retry-After" in refused.response.headers


@pytest.mark.ledger("DEC-416")
def test_the_form_keeps_what_was_typed_if_the_turn_does_not_come(store: Client) -> None:
    pages, at = Pages.of(store.app), "/console/edit/L/A"
    shown = pages.get(at)
    (field,) = [name for name, value in shown.form(at).items() if value == "y"]
    with all_turns_taken(store.app):
        refused = pages.send(shown, at, **{field: "x" * 5_000})
    assert refused.status == 503
    assert refused.form(at)[field] == "x" * 5_000
    assert "try again" in refused.text


@pytest.mark.ledger("DEC-416")
def test_an_impact_of_an_edit_waits_for_its_turn(store: Client) -> None:
    edits = store.app.extensions["relink"].workload.edits
    with ThreadPoolExecutor(1) as thread:
        with all_turns_taken(store.app):
            impact = thread.submit(set_node, store, "impact", EXPENSIVE, **DRAFT)
            eventually(lambda: edits._waiting)
            assert set_node(store, "update", CHEAP, **DRAFT).number == 0
        assert impact.result().number == 0


@pytest.mark.ledger("DEC-416")
@pytest.mark.parametrize("action", ["update", "impact"])
def test_edits_of_one_user_leave_turns_to_others(store: Client, make_user: Callable[..., None], action: str) -> None:
    make_user("ann", "package-administer L")
    edits = store.app.extensions["relink"].workload.edits
    with ThreadPoolExecutor(1) as thread:
        with all_turns_taken(store.app):
            waiting = thread.submit(set_node, store, action, EXPENSIVE, **DRAFT)
            (turn,) = eventually(lambda: edits._waiting)
        assert waiting.result().number == 0
        with all_turns_taken(store.app, by=turn.user):
            before = len(edits._waiting)
            waiting = thread.submit(set_node, store, action, EXPENSIVE, **DRAFT)
            eventually(lambda: len(edits._waiting) > before)
            assert set_node(store.as_user("ann"), action, EXPENSIVE, **DRAFT).number == 0
        assert waiting.result().number == 0
