"""Only callers who have signed in learn from a refusal whether a node exists, where the documents say so."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine, text

from tests.support.builders import Graph, draft, frozen, package
from tests.support.http import Client, Reply, message

HIDDEN, MISSING = "P.Hidden", "P.Absent"

# What each service calls the node, with the other elements of the request.
BY_REFERENCE: dict[str, tuple[str, str, dict[str, str]]] = {
    "UpdateNodeVersions, impact": ("UpdateNodeVersions", "nodeReference", {"updateContentIndicator": "true"}),
    "UpdateNodeVersions, force": ("UpdateNodeVersions", "nodeReference", {"action": "force"}),
    "UpdateNodeVersions, package": (
        "UpdateNodeVersions",
        "sourceReference",
        {"nodeReference": "Open", "sourceScope": "current"},
    ),
    "UpdateNodeVersions, manifest": (
        "UpdateNodeVersions",
        "sourceReference",
        {"nodeReference": "Open", "sourceScope": "manifest", "action": "force"},
    ),
    "GetNode": ("GetNode", "nodeVersionReference", {}),
    "FreezeNode, impact": ("FreezeNode", "nodeReference", {"freezeContentIndicator": "true"}),
    "FreezeNode, force": ("FreezeNode", "nodeReference", {"action": "force"}),
    "CopyNode, from": ("CopyNode", "nodeVersionReferenceFrom", {"nodeReferenceTo": "Open.Copy"}),
    "CopyNode, to": ("CopyNode", "nodeReferenceTo", {"nodeVersionReferenceFrom": "Open.A"}),
    "SetNode, edit": ("SetNode", "nodeVersionReference", {}),
    "SetNode, force": ("SetNode", "nodeVersionReference", {"action": "force"}),
    "SetNode, type": ("SetNode", "nodeVersionReferenceType", {"action": "new"}),
    "ChangeNodeType": ("ChangeNodeType", "nodeVersionReference", {"nodeVersionReferenceNewType": "Open.A"}),
    "ChangeNodeType, type": (
        "ChangeNodeType",
        "nodeVersionReferenceNewType",
        {"nodeVersionReference": "Open.D", "action": "force"},
    ),
    "CreatePermission": (
        "CreatePermission",
        "objectReference",
        {"permissionTypeReference": "node-read", "userGroupReference": "reader"},
    ),
}
BY_IDENTIFIER = {
    "UpdateNodeVersions": ("nodeIdentifier", {"updateContentIndicator": "true"}),
    "GetNode": ("nodeVersionIdentifier", {}),
    "FreezeNode": ("nodeIdentifier", {}),
    "SetNode": ("nodeVersionIdentifier", {"action": "update"}),
    "ChangeNodeType": ("nodeVersionIdentifier", {"nodeVersionReferenceNewType": "Open.A"}),
}
IMPORT = (
    "<NodeImport><NodeList><Node><nodeReference>{}</nodeReference><VersionList><Version>"
    "<nodeVersionNumber>1</nodeVersionNumber></Version></VersionList></Node></NodeList></NodeImport>"
)


@pytest.fixture
def world(client: Client, make_user: Callable[..., None]) -> Client:
    """A hidden node, and the package `Open`, which everybody may read and even change."""
    client.load(
        Graph().node(HIDDEN, frozen(), draft()).node("Open", package()).node("Open.A", frozen()).node("Open.D", draft())
    )
    make_user("reader", "package-administer Open")
    for kind in ("package-administer", "package-use"):
        given = {"permissionTypeReference": kind, "userGroupReference": "public", "objectReference": "Open"}
        assert client.post(message("CreatePermission", given)).number == 0
    return client


def seen(reply: Reply, reference: str) -> tuple[object, ...]:
    """Return all that a caller sees of a response, except the reference in the request and the id of the request."""
    headers = sorted((name, value) for name, value in reply.response.headers.items() if name != "X-Request-Id")
    return reply.status, headers, reply.response.text.replace(reference, "SENT")


@pytest.mark.ledger("DEC-36")
@pytest.mark.parametrize("service", BY_REFERENCE)
def test_without_credentials_a_hidden_node_and_a_missing_one_are_the_same(world: Client, service: str) -> None:
    name, element, others = BY_REFERENCE[service]
    nobody = world.as_user(None)
    hidden, missing = (nobody.post(message(name, {**others, element: each})) for each in (HIDDEN, MISSING))
    assert seen(hidden, HIDDEN) == seen(missing, MISSING)
    assert hidden.number == (105 if element == "sourceReference" else 101)


@pytest.mark.parametrize("suffix", [".1", ".2", ".9", ".$draft", ".$current"])
def test_version_numbers_do_not_reveal_whether_a_node_exists(world: Client, suffix: str) -> None:
    nobody = world.as_user(None)
    hidden, missing = (
        nobody.post(message("GetNode", {"nodeVersionReference": each + suffix})) for each in (HIDDEN, MISSING)
    )
    assert hidden.number == 101
    assert seen(hidden, HIDDEN) == seen(missing, MISSING)


@pytest.mark.ledger("DEC-36")
@pytest.mark.parametrize("service", BY_IDENTIFIER)
def test_an_identifier_does_not_reveal_whether_a_node_exists(world: Client, engine: Engine, service: str) -> None:
    element, others = BY_IDENTIFIER[service]
    with engine.connect() as connection:
        query = text("SELECT node_identifier FROM node WHERE node_reference = :hidden")
        node = int(connection.execute(query, {"hidden": HIDDEN}).scalar_one())
    factor = 1_000_000 if element.startswith("nodeVersion") else 1
    hidden_id, missing_id = (str(each * factor + factor // 1_000_000) for each in (node, 9999))
    nobody = world.as_user(None)
    hidden, missing = (nobody.post(message(service, {**others, element: each})) for each in (hidden_id, missing_id))
    assert hidden.number == 101
    assert seen(hidden, hidden_id) == seen(missing, missing_id)


def test_an_import_does_not_reveal_whether_a_node_exists(world: Client) -> None:
    nobody = world.as_user(None)
    hidden, missing = (nobody.post(IMPORT.format(each)) for each in (HIDDEN, MISSING))
    assert hidden.number == 101
    assert seen(hidden, HIDDEN) == seen(missing, MISSING)


def test_a_node_that_public_may_read_is_returned_to_everyone(world: Client) -> None:
    nobody = world.as_user(None)
    assert nobody.get("Open.A").text("nodeVersionNumber") == "1"
    assert nobody.post(message("GetNode", {"nodeVersionReference": "Open.A.7"})).number == 105
    assert nobody.post(message("GetNode", {"nodeVersionReference": "not..one"})).number == 105


def signed_in() -> Iterator[tuple[str, int, int]]:
    """Each service returns the same for a hidden node as for a missing one."""
    for service, (_, element, _) in BY_REFERENCE.items():
        documented = element in ("nodeReference", "nodeVersionReference", "nodeVersionReferenceFrom")
        yield service, 101 if documented else 105, 105


@pytest.mark.ledger("DEC-37")
@pytest.mark.parametrize(("service", "hidden", "missing"), list(signed_in()))
def test_a_signed_in_user_gets_the_documented_error_numbers(
    world: Client, service: str, hidden: int, missing: int
) -> None:
    name, element, others = BY_REFERENCE[service]
    reader = world.as_user("reader")
    replies = [reader.post(message(name, {**others, element: each})) for each in (HIDDEN, MISSING)]
    assert [reply.number for reply in replies] == [hidden, missing]
