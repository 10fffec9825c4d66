"""One user with many long requests leaves room for the requests of others."""

from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor, wait
from random import Random

import pytest
from sqlalchemy import text

from tests.support.builders import Graph, draft, frozen, links, member_type, type_with
from tests.support.edits import given, members
from tests.support.http import message
from tests.support.load import allowed, long_forces, seconds, user
from tests.support.raw import RawReply, exchange, request
from tests.support.real_service import Service
from tests.support.solution_store import element

EDITS = 64
WAITING = 96
SHARING = 24
LOCK = text("SELECT FROM node WHERE node_reference = :reference FOR NO KEY UPDATE")
HOSTILE = "|".join(f"[ab]*a[ab]{{{length}}}d" for length in range(1, 131))


def check_beside(edits: list[Future[RawReply]], service: Service, within: float) -> None:
    """Until all edits have their responses, small requests get their responses in time."""
    while wait(edits, timeout=0.1).not_done:
        assert seconds(service) < within


@pytest.mark.soak
def test_forces_of_one_user_leave_a_place_for_another_user(service: Service) -> None:
    stale = Graph().node("bobs.A", frozen(*links("bobs.B.1"))).node("bobs.B", frozen(), draft())
    assert service.post(stale.xml()).number == "0"
    bob = user(service, "busybob", "bobs")
    body = message("UpdateNodeVersions", {"nodeReference": "bobs", "action": "force", "updateContentIndicator": "true"})
    within = allowed(service)
    with long_forces(service, "busy"):
        began = time.monotonic()
        reply = exchange(service.url, request("/service", body.encode(), Authorization=bob))
        took = time.monotonic() - began
    assert (reply.status, reply.number) == (200, "0")
    assert b"<nodeReference>bobs.A</nodeReference>" in reply.body
    assert took < within


@pytest.mark.soak
def test_expensive_edits_delay_no_other_client(service: Service) -> None:
    """Each edit checks its values with a pattern for about a second of CPU time."""
    rules = Graph().node("hostile.m", member_type(VALUE_PATTERN=HOSTILE)).node("hostile.T", type_with("hostile.m.1"))
    assert service.post(rules.node("hostile.N", draft(type="hostile.T.1")).xml()).number == "0"
    value = "".join(Random(1).choices("ab", k=12_000))  # noqa: S311
    body = element(
        "SetNode",
        members({"hostile.m.1": [given(value=value)]}),
        action="impact",
        nodeVersionReference="hostile.N",
    )

    def edit(_number: int) -> RawReply:
        return service.post(body)

    within = allowed(service)
    with ThreadPoolExecutor(EDITS) as pool:
        edits = [pool.submit(edit, number) for number in range(EDITS)]
        check_beside(edits, service, within)
    replies = {(each.result().status, each.result().number) for each in edits}
    assert replies <= {(200, "105"), (503, "106")}
    assert (503, "106") in replies


@pytest.mark.soak
@pytest.mark.ledger("DEC-420")
def test_many_edits_of_one_node_wait_for_each_other(service: Service) -> None:
    """Each request holds the lock of the node for a moment."""
    assert service.post(Graph().node("shared.N", draft()).xml()).number == "0"
    bodies = [
        message("SetNode", {"action": "force", "nodeVersionReference": "shared.N", "nodeName": f"name {number}"})
        for number in range(3 * SHARING)
    ]
    with ThreadPoolExecutor(SHARING) as pool:
        replies = list(pool.map(service.post, bodies))
    assert {(reply.status, reply.number) for reply in replies} == {(200, "0")}


@pytest.mark.soak
@pytest.mark.ledger("DEC-420")
def test_edits_of_a_locked_node_delay_no_other_client(service: Service) -> None:
    """An import locks its nodes until it commits."""
    assert service.post(Graph().node("held.N", draft()).xml()).number == "0"
    body = message("SetNode", {"action": "force", "nodeVersionReference": "held.N", "nodeName": "changed"})

    def edit(_number: int) -> RawReply:
        return service.post(body)

    within = allowed(service)
    with ThreadPoolExecutor(WAITING) as pool:
        with service.engine.begin() as connection:
            connection.execute(LOCK, {"reference": "held.N"})
            edits = [pool.submit(edit, number) for number in range(WAITING)]
            check_beside(edits, service, within)
        replies = [each.result() for each in edits]
        assert {(reply.status, reply.number) for reply in replies} == {(200, "106")}
        assert b"others are changing the same nodes" in replies[0].body
    assert edit(0).number == "0"
