"""A force with If-Match: exactly the plan of an impact, or nothing."""

from __future__ import annotations

from tests.services.test_update_node_versions_force import one_link
from tests.support.builders import Graph, frozen, links, moves
from tests.support.http import Client, Reply, message

# The plan that was seen


def force_if(client: Client, tag: str | None) -> Reply:
    """Relink P, if the plan is still that of an impact."""
    request = {"nodeReference": "P", "action": "force", "updateContentIndicator": "true"}
    return client.post(message("UpdateNodeVersions", request), headers={"If-Match": tag})


def test_a_force_with_the_tag_of_an_impact_does_exactly_that_plan(client: Client) -> None:
    client.load(one_link())
    reply = force_if(client, client.update("P").response.headers["ETag"])
    assert (reply.status, reply.rows()) == (200, [f"P.A.2 version: {moves('P.B.2')}"])


def test_a_force_with_the_tag_of_another_plan_does_nothing(client: Client) -> None:
    client.load(one_link())
    tag = client.update("P").response.headers["ETag"]
    client.load(Graph().node("P.D", frozen(*links("P.B.1"))))
    reply = force_if(client, tag)
    assert (reply.status, reply.number) == (412, 106)
    assert [client.get(node).text("nodeVersionNumber") for node in ("P.A", "P.D")] == ["1", "1"]
    assert client.update("P", "force").number == 0
