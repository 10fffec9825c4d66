"""The requests that the schemas refuse, and the explanations."""

from __future__ import annotations

import time

import pytest

from tests.support.http import Client, Reply

XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
SECRET = "my-secret-" * 200


def fields(reply: Reply) -> list[str]:
    """The faulty fields of a request that its schema refuses."""
    assert (reply.status, reply.number) == (400, 105)
    assert reply.text("errorMessage")
    return (reply.text("errorFields") or "").split("\n")


def explained(reply: Reply) -> str:
    fields(reply)
    return reply.text("errorMessage") or ""


@pytest.mark.parametrize(
    ("body", "field", "reason"),
    [
        ("<GetNode><x/></GetNode>", "x", "'x'"),
        ("<GetNode><nodeVersionReference/><nodeVersionReference/></GetNode>", "nodeVersionReference[2]", "only once"),
        ("<GetNode><GetNode/></GetNode>", "GetNode", "'GetNode'"),
        ("<GetNode><nodeversionreference/></GetNode>", "nodeversionreference", "nodeversionreference"),
        (
            "<GetNode><nodeVersionReference><b/></nodeVersionReference></GetNode>",
            "nodeVersionReference",
            "only text is allowed here",
        ),
        ("<GetNode a='1'/>", "", "attributes are not allowed here, and this element has 'a'"),
        (
            "<GetNode><nodeVersionReference a='1'/></GetNode>",
            "nodeVersionReference",
            "attributes are not allowed here, and this element has 'a'",
        ),
        ("<GetNode>text</GetNode>", "", "text is not allowed here"),
        ("<GetNode><![CDATA[text]]></GetNode>", "", "text is not allowed here"),
        ("<GetNode>&#160;</GetNode>", "", "Character content"),
        ("<GetNode xmlns='urn:x'/>", "", "GetNode"),
        ("<GetNode><nodeVersionReference xmlns='urn:x'/></GetNode>", "{urn:x}nodeVersionReference", "urn:x"),
        ("<GetNode><memberDetailLevel>some</memberDetailLevel></GetNode>", "memberDetailLevel", "'none', 'full'"),
        ("<GetNode><memberDetailLevel>FULL</memberDetailLevel></GetNode>", "memberDetailLevel", "'none', 'full'"),
        (
            "<FreezeNode><freezeContentIndicator>1</freezeContentIndicator></FreezeNode>",
            "freezeContentIndicator",
            "'true'",
        ),
        ("<FreezeNode><action>update</action></FreezeNode>", "action", "'impact', 'force'"),
        ("<UpdateNodeVersions><action>do</action></UpdateNodeVersions>", "action", "'update'"),
        ("<UpdateNodeVersions><sourceScope>all</sourceScope></UpdateNodeVersions>", "sourceScope", "'manifest'"),
        ("<CopyNode><nodeNameTo>{1001}</nodeNameTo></CopyNode>", "nodeNameTo", "1000"),
        ("<GetNode><nodeVersionReference>{2001}</nodeVersionReference></GetNode>", "nodeVersionReference", "2000"),
        ("<GetNode><userLogonReference>{201}</userLogonReference></GetNode>", "userLogonReference", "200"),
        ("<CreateUser><userEmailAddress>{321}</userEmailAddress></CreateUser>", "userEmailAddress", "320"),
    ],
)
def test_a_fault_against_the_schema_is_reported_with_its_field_and_reason(
    reader: Client, body: str, field: str, reason: str
) -> None:
    for length in (201, 321, 1001, 2001):
        body = body.replace(f"{{{length}}}", "x" * length)
    reply = reader.post(body)
    assert fields(reply) == [field]
    assert reason in explained(reply)
    assert str(reply.tree.tag) == body[1:].split("/")[0].split(">")[0].split()[0]


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (
            "<CopyNode><x/></CopyNode>",
            "x: the element 'x' is not allowed here. Allowed here: userLogonReference, password,"
            " nodeVersionReferenceFrom, nodeReferenceTo, nodeNameTo",
        ),
        (
            "<FreezeNode><nodereference/></FreezeNode>",
            "nodereference: the element 'nodereference' is not allowed here; did you mean 'nodeReference'? Allowed"
            " here: userLogonReference, password, nodeIdentifier, nodeReference, action, freezeContentIndicator",
        ),
        (
            "<SetSolution><TagList><teg/></TagList></SetSolution>",
            "TagList/teg: the element 'teg' is not allowed here; did you mean 'tag'? Allowed here: tag",
        ),
        (
            "<GetNode xmlns='urn:x'/>",
            "the element 'GetNode' is in the namespace 'urn:x': the elements of a request have no namespace",
        ),
        (
            "<GetNode><nodeVersionIdentifier>x</nodeVersionIdentifier></GetNode>",
            "nodeVersionIdentifier: the value must be a whole number in the digits 0 to 9",
        ),
        (
            "<GetNode><nodeVersionIdentifier>9007199254740992</nodeVersionIdentifier></GetNode>",
            "nodeVersionIdentifier: the value must be at most 9007199254740991",
        ),
        (
            "<GetSolutionInstances><page>0</page></GetSolutionInstances>",
            "page: the value must be at least 1",
        ),
        (
            f"<CopyNode><nodeNameTo>{'x' * 1001}</nodeNameTo></CopyNode>",
            "nodeNameTo: the value has 1001 characters: at most 1000 are allowed",
        ),
        (
            "<GetNode><memberDetailLevel>some</memberDetailLevel></GetNode>",
            "memberDetailLevel: the value must be one of 'none', 'full'",
        ),
        (
            f"<GetNode {XSI}><nodeVersionReference xsi:nil='true'/></GetNode>",
            "nodeVersionReference: the attribute xsi:nil is not allowed: leave the element empty, or leave it out",
        ),
        (
            "<NodeImport><NodeList><Node><VersionList/></Node></NodeList></NodeImport>",
            "NodeList/Node[1]: the element 'nodeReference' is missing",
        ),
    ],
)
def test_a_fault_says_what_is_wrong_and_what_would_be_right(reader: Client, body: str, shown: str) -> None:
    assert explained(reader.post(body)) == shown


@pytest.mark.parametrize(
    "value", ["abc", "-1", "1.5", "1e3", "0x10", "1 2", "9007199254740992", "9" * 5000, "٣", "1_000", "\u00a01", "NaN"]
)
def test_a_bad_number_is_refused(reader: Client, value: str) -> None:
    reply = reader.post(f"<GetNode><nodeVersionIdentifier>{value}</nodeVersionIdentifier></GetNode>")
    assert fields(reply) == ["nodeVersionIdentifier"]
    assert len(explained(reply)) < 1000


def test_every_fault_is_reported(reader: Client) -> None:
    reply = reader.post(
        "<FreezeNode><nodeIdentifier>x</nodeIdentifier><action>y</action>"
        "<freezeContentIndicator>z</freezeContentIndicator><more/></FreezeNode>"
    )
    assert set(fields(reply)) == {"nodeIdentifier", "action", "freezeContentIndicator", "more"}
    assert explained(reply).count("\n") == 3


@pytest.mark.parametrize("element", ["password", "passwordCreate"])
def test_a_password_is_never_repeated(reader: Client, element: str) -> None:
    for body in (
        f"<CreateUser><{element}>{SECRET}</{element}></CreateUser>",
        f"<CreateUser><{element}><b>{SECRET}</b></{element}></CreateUser>",
        f"<CreateUser><{element} x='{SECRET}'/></CreateUser>",
        f"<CreateUser {XSI}><{element} xsi:type='{SECRET}'/></CreateUser>",
        f"<CreateUser><{element}>{SECRET}</{element}><{element}>{SECRET}</{element}></CreateUser>",
        f"<CreateUser><{element}>{SECRET}</{element}>{'<x/>' * 20_000}</CreateUser>",
        f"<CreateUser><{element}>{SECRET}</{element}></CreateUse>",
        f"<NodeImport><NodeList/><x/><{element}>{SECRET}</{element}></NodeImport>",
        f"<NodeImport><{element}>{SECRET}</{element}></NodeImport",
    ):
        reply = reader.post(body)
        assert reply.number in {101, 103, 105}
        assert "my-secret" not in reply.response.text


def test_a_schema_named_by_the_document_is_not_fetched_and_changes_nothing(reader: Client) -> None:
    hints = (
        f'{XSI} xsi:schemaLocation="urn:x http://127.0.0.1:9/x.xsd" xsi:noNamespaceSchemaLocation="file:///etc/passwd"'
    )
    assert reader.post(f"<GetNode {hints}/>").text("errorFields") == "nodeVersionReference"
    assert fields(reader.post(f"<GetNode {hints}><x/></GetNode>")) == ["x"]


def test_types_named_by_the_document_do_not_weaken_the_schema(reader: Client) -> None:
    for kind in ("Comment", "xs:string", "anyType", "ImportNode", "GetNodeRequest", "nothing", "p:x", ""):
        declared = f'{XSI} xmlns:xs="http://www.w3.org/2001/XMLSchema"'
        reply = reader.post(
            f'<GetNode {declared}><nodeVersionReference xsi:type="{kind}">{"x" * 3000}</nodeVersionReference></GetNode>'
        )
        assert reply.status == 400
        reply = reader.post(f'<GetNode {declared} xsi:type="{kind}"><x/></GetNode>')
        assert reply.status == 400
    assert reader.post(f'<GetNode {XSI}><nodeVersionReference xsi:nil="true"/></GetNode>').status == 400


@pytest.mark.parametrize(
    "body",
    [
        "<GetNode>" + "<x>" * 100_000 + "</x>" * 100_000 + "</GetNode>",
        "<GetNode>" + "<x>" * 250 + "</x>" * 250 + "</GetNode>",
        f"<GetNode a='{'x' * 1_000_000}'/>",
        "<GetNode " + " ".join(f"a{number}=''" for number in range(50_000)) + "/>",
        "<GetNode " + " ".join(f"xmlns:a{number}='u{number}'" for number in range(30_000)) + "><x/></GetNode>",
        f"<GetNode>{'<x/>' * 250_000}</GetNode>",
        f"<GetNode>{'<password>x</password>' * 45_000}</GetNode>",
        f"<GetNode>{''.join(f'<x{number}/>' for number in range(100_000))}</GetNode>",
        f"<GetNode><nodeVersionReference>{'<x/>' * 200_000}</nodeVersionReference></GetNode>",
        f"<GetNode><nodeVersionReference>{'x' * 1_000_000}</nodeVersionReference></GetNode>",
        f"<GetNode><nodeVersionIdentifier>{'1' * 1_000_000}</nodeVersionIdentifier></GetNode>",
        f"<GetNode><nodeVersionIdentifier>{' ' * 1_000_000}x</nodeVersionIdentifier></GetNode>",
        f"<GetNode><{'x' * 1_000_000}/></GetNode>",
        f"<GetNode>{'&amp;' * 200_000}</GetNode>",
        f"<SetSolution><TagList>{'<x/>' * 250_000}</TagList></SetSolution>",
        "<SetSolution><TagList>" + "<tag a=''/>" * 90_000 + "</TagList></SetSolution>",
        f"<SetSolution><AuthSlotList>{'<AuthSlot><x/></AuthSlot>' * 40_000}</AuthSlotList></SetSolution>",
        f"<NodeImport><NodeList>{'<Node/>' * 140_000}</NodeList></NodeImport>",
        "<NodeImport><NodeList>" + "<Node a=''/>" * 80_000 + "</NodeList></NodeImport>",
        f"<NodeImport><NodeList>{'<x/>' * 250_000}</NodeList></NodeImport>",
        f"<NodeImport><NodeList><Node>{'<x/>' * 250_000}</Node></NodeList></NodeImport>",
        f"<NodeImport><NodeList><Node><VersionList>{'<Version/>' * 90000}</VersionList></Node></NodeList></NodeImport>",
    ],
    ids=range(22),
)
def test_a_response_about_many_faults_is_quick_and_short(reader: Client, body: str) -> None:
    began = time.process_time()
    reply = reader.post(body)
    assert reply.status in {400, 413}
    assert time.process_time() - began < 5
    assert len(reply.response.data) < 150_000
    assert len((reply.text("errorMessage") or "").split("\n")) <= 100


def test_a_hundred_faults_are_reported(reader: Client) -> None:
    reply = reader.post(f"<NodeImport><NodeList>{'<Node/>' * 150}</NodeList></NodeImport>")
    assert fields(reply) == [f"NodeList/Node[{position}]" for position in range(1, 101)]
