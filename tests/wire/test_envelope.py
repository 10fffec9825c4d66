"""Every response has its error number in the body and in a header, and an error message says what to do."""

from __future__ import annotations

import pytest

from tests.support.http import Client, Reply, message
from tests.wire.test_intake import GET_SYSTEM


def order(reply: Reply) -> list[str]:
    return [str(child.tag) for child in reply.tree]


def test_the_error_number_comes_first(reader: Client) -> None:
    assert order(reader.post(GET_SYSTEM))[:2] == ["errorNumber", "nodeVersionIdentifier"]
    assert order(reader.post("<GetNode/>"))[:2] == ["errorNumber", "errorDescription"]


def test_a_user_error_has_a_message_and_the_fields_at_fault(reader: Client) -> None:
    reply = reader.post("<CopyNode/>")
    assert (reply.status, reply.number) == (200, 105)
    assert order(reply) == ["errorNumber", "errorDescription", "errorMessage", "errorFields"]
    assert reply.text("errorMessage") == "nodeVersionReferenceFrom: is missing"
    assert reply.text("errorFields") == "nodeVersionReferenceFrom"


def test_fields_at_fault_are_reported_once_each_by_their_flat_names(reader: Client) -> None:
    reply = reader.post(
        "<CreateUser><userLogonReferenceCreate>a b</userLogonReferenceCreate><passwordCreate>short</passwordCreate>"
        "<userEmailAddress>nowhere</userEmailAddress></CreateUser>"
    )
    assert (reply.text("errorFields") or "").split("\n") == [
        "userLogonReferenceCreate",
        "passwordCreate",
        "userEmailAddress",
    ]
    assert len((reply.text("errorMessage") or "").split("\n")) == 3


def test_fields_within_lists_are_reported_by_position(reader: Client) -> None:
    reply = reader.post(
        "<NodeImport><action>impact</action><NodeList><Node><nodeReference>P.B</nodeReference><VersionList/></Node>"
        "<Node><nodeReference>1</nodeReference><VersionList><Version><nodeVersionNumber>1</nodeVersionNumber>"
        "</Version></VersionList></Node></NodeList></NodeImport>"
    )
    assert (reply.status, reply.number) == (200, 105)
    assert (reply.text("errorFields") or "").split("\n") == [
        "NodeList/Node[1]/VersionList",
        "NodeList/Node[2]/nodeReference",
        "NodeList/Node[2]/VersionList/Version[1]/nodeVersionReferenceType",
    ]


@pytest.mark.parametrize("number", [101, 102, 103])
def test_other_errors_have_a_description_alone(reader: Client, number: int) -> None:
    body = {
        101: message("GetNode", {"password": "wrong horse"}),
        102: "<Nothing/>",
        103: "<GetNode>",
    }[number]
    reply = reader.post(body)
    assert (reply.number, order(reply)) == (number, ["errorNumber", "errorDescription"])
