"""`If-Match`: a force does exactly the plan that an impact has shown, or nothing."""

from __future__ import annotations

import pytest

from tests.support.builders import Graph, draft, frozen, links, moves
from tests.support.http import Client, Reply, message

REQUEST = {"nodeReference": "P", "updateContentIndicator": "true"}
ROWS = [f"P.A.1 version: {moves('P.B.2')}"]
DONE = [f"P.A.2 version: {moves('P.B.2')}"]


@pytest.fixture
def stale(client: Client) -> Client:
    """A store in which P.A is out of date because of P.B."""
    client.load(Graph().node("P.A", frozen(*links("P.B.1"))).node("P.B", frozen(), draft()))
    return client


def impact(client: Client) -> Reply:
    return client.post(message("UpdateNodeVersions", REQUEST))


def force(client: Client, if_match: str) -> Reply:
    return client.post(message("UpdateNodeVersions", {**REQUEST, "action": "force"}), headers={"If-Match": if_match})


def test_an_impact_carries_the_tag_of_its_plan(stale: Client) -> None:
    first, second = impact(stale), impact(stale)
    tag = first.response.headers["ETag"]
    assert tag == second.response.headers["ETag"]
    assert tag.startswith('"')
    stale.load(Graph().node("P.C", frozen(*links("P.B.1"))))
    assert impact(stale).response.headers["ETag"] != tag


@pytest.mark.parametrize("form", ["{}", "W/{}", " {} ", "*"])
def test_a_force_with_the_tag_of_the_plan_does_it(stale: Client, form: str) -> None:
    tag = impact(stale).response.headers["ETag"]
    reply = force(stale, form.format(tag))
    assert (reply.status, reply.number, reply.rows()) == (200, 0, DONE)


def test_the_quotes_of_the_tag_may_be_missing(stale: Client) -> None:
    tag = impact(stale).response.headers["ETag"]
    assert force(stale, tag.strip('"')).rows() == DONE


def test_a_force_with_another_tag_does_nothing(stale: Client) -> None:
    for tag in ('"stale"', 'W/"stale"', "stale", '""', "", '"*"', 'W/"*"', '"a", "b"'):
        reply = force(stale, tag)
        assert (reply.status, reply.number) == (412, 106), tag
        assert impact(stale).rows() == ROWS


def test_a_force_with_the_tag_of_an_older_plan_does_nothing(stale: Client) -> None:
    tag = impact(stale).response.headers["ETag"]
    stale.load(Graph().node("P.C", frozen(*links("P.B.1"))))
    rows = [*ROWS, f"P.C.1 version: {moves('P.B.2')}"]
    reply = force(stale, tag)
    assert (reply.status, reply.number) == (412, 106)
    assert impact(stale).rows() == rows
    assert force(stale, impact(stale).response.headers["ETag"]).number == 0


def test_a_force_that_was_not_done_leaves_the_package_free(stale: Client) -> None:
    force(stale, '"stale"')
    assert stale.update("P", "force").rows() == DONE
