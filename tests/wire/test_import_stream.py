"""A NodeImport document is read as a stream: every fault is reported, and leaves nothing behind."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask

from tests.support.builders import Graph, M, V, frozen
from tests.support.http import ADMIN, PASSWORD, Client, Reply
from tests.wire.test_schemas import fields

NODE = (
    "<Node><nodeReference>I.A</nodeReference><VersionList><Version><nodeVersionNumber>1</nodeVersionNumber>"
    "<nodeVersionReferenceType>system.PACKAGE_LISTING</nodeVersionReferenceType></Version></VersionList></Node>"
)
SIGNED = f"<userLogonReference>{ADMIN}</userLogonReference><password>{PASSWORD}</password>"
LARGE = 6000


def document(*parts: str, around: str = "") -> str:
    return f"<NodeImport>{around}<NodeList>{''.join(parts)}</NodeList></NodeImport>"


def nodes(count: int) -> str:
    return "".join(NODE.replace("I.A", f"I.A{number}") for number in range(count))


def assert_nothing_written(client: Client, reply: Reply) -> None:
    assert reply.number not in {0, 100}
    found = client.post("<GetNode><nodeVersionReference>I</nodeVersionReference></GetNode>")
    assert found.text("errorFields") == "nodeVersionReference"


@pytest.fixture
def importer(reader: Client) -> Client:
    """A client whose imports all fail, or are impacts."""
    return reader


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (document(NODE, "<Node/>", NODE), "NodeList/Node[2]"),
        (document(NODE.replace("<VersionList>", "<VersionList x=''>")), "NodeList/Node[1]/VersionList"),
        (document(NODE, "<Node><x/></Node>"), "NodeList/Node[2]/x"),
        (document(NODE, NODE.replace("<Node>", "<Node x=''>")), "NodeList/Node[2]"),
        (
            document(NODE, NODE, NODE.replace("Number>1<", "Number>0<")),
            "NodeList/Node[3]/VersionList/Version/nodeVersionNumber",
        ),
        (
            document(NODE.replace("</Version>", "<MemberList><Member/><Member/></MemberList></Version>")),
            "NodeList/Node[1]/VersionList/Version/MemberList/Member[1]",
        ),
        (document("<x/>", NODE), "NodeList/x"),
        (document(NODE, "<x/>", NODE), "NodeList/x"),
        (document(NODE, "<x/>"), "NodeList/x"),
        (document("text", NODE), "NodeList"),
        (document(NODE, "text", NODE), "NodeList"),
        (document(NODE, "text"), "NodeList"),
        (document(f"<Node>{NODE}</Node>"), "Node"),
        (document(around=NODE), "Node"),
        (document(NODE, around=f"<NodeList>{NODE}</NodeList>"), "NodeList"),
        (document(around=f"<x><NodeList>{NODE}</NodeList></x>"), "NodeList"),
        (document(around="<action>all</action>"), "action"),
        (document(around="<action/><action/>"), "action[2]"),
        (document(around="<x/>"), "x"),
        (document(around="text"), ""),
        (document().replace("<NodeImport>", "<NodeImport x=''>"), ""),
        (document(NODE).replace("</NodeImport>", "<x/></NodeImport>"), "x"),
        (document(NODE).replace("</NodeImport>", "text</NodeImport>"), ""),
        (
            document(NODE.replace("<nodeReference>", "<nodeReference xmlns='urn:x'>")),
            "NodeList/Node[1]/{urn:x}nodeReference",
        ),
        (document(NODE).replace("<NodeList>", "<NodeList xmlns='urn:x'>"), "{urn:x}NodeList"),
        (document(NODE).replace("<NodeImport>", "<NodeImport xmlns='urn:x'>"), ""),
    ],
)
def test_a_fault_against_the_schema_is_reported_with_its_path(importer: Client, body: str, field: str) -> None:
    signed = (ADMIN, PASSWORD)
    for reply in (importer.post(body, auth=signed), importer.post(body, "/service/NodeImport", auth=signed)):
        assert fields(reply)[0] == field
        assert_nothing_written(importer, reply)


def test_faults_of_a_large_document_are_reported_with_their_paths_wherever_they_are(importer: Client) -> None:
    reply = importer.post(document(nodes(LARGE), "<Node/>", nodes(LARGE), "<Node/>"))
    assert fields(reply) == [f"NodeList/Node[{LARGE + 1}]", f"NodeList/Node[{2 * LARGE + 2}]"]
    assert_nothing_written(importer, reply)


def test_a_fault_within_a_large_node_is_reported(importer: Client) -> None:
    member = "<Member><nodeVersionReferenceMemberType>system.NODE_LIST</nodeVersionReferenceMemberType></Member>"
    members = f"<MemberList>{member * 30_000}<Member/></MemberList></Version>"
    reply = importer.post(document(NODE, NODE.replace("</Version>", members)))
    assert fields(reply)[0].startswith("NodeList/Node[2]")
    assert_nothing_written(importer, reply)


@pytest.mark.parametrize("end", ["", "</NodeList>", "</NodeList></NodeImpor", "</NodeImport>", "<Node", "<Node></Nod>"])
def test_a_document_that_is_cut_off_leaves_nothing(importer: Client, end: str) -> None:
    for count in (1, LARGE):
        reply = importer.post(f"<NodeImport>{SIGNED}<NodeList>{nodes(count)}{end}")
        assert (reply.status, reply.number, reply.tree.tag) == (400, 103, "NodeImport")
        assert "not well-formed" in (reply.text("errorDescription") or "")
        assert_nothing_written(importer, reply)


@pytest.mark.parametrize("middle", ["</Node>", "&e;", "<a:b/>", "\x01", "<Node a='1' a='1'/>", "<!DOCTYPE x>"])
def test_a_document_that_is_not_well_formed_in_the_middle_leaves_nothing(importer: Client, middle: str) -> None:
    for count in (1, LARGE):
        reply = importer.post(document(nodes(count), middle, nodes(count)))
        assert (reply.status, reply.number) == (400, 103)
        assert_nothing_written(importer, reply)


def test_invalid_utf_8_in_the_middle_leaves_nothing(importer: Client) -> None:
    body = document(nodes(LARGE), "<Node>\ufffd</Node>").encode().replace("\ufffd".encode(), b"\xff")
    reply = importer.post(body)
    assert (reply.status, reply.number) == (400, 103)
    assert_nothing_written(importer, reply)


@pytest.mark.parametrize("gap", ["", " ", "\n<!-- </NodeList></NodeImport> -->\n", "<?pi </NodeList>?>", " " * 50_000])
def test_credentials_stand_before_the_list_and_the_action_before_or_behind_it(importer: Client, gap: str) -> None:
    nobody = importer.as_user(None)
    leading = f"<action>impact</action>{gap}{SIGNED}"
    for body in (
        document(NODE, around=leading),
        document(NODE, around=SIGNED).replace("</NodeImport>", f"{gap}<action>impact</action>{gap}</NodeImport>"),
        f"<NodeImport>{leading}{gap}<NodeList/>{gap}</NodeImport >",
        f"<NodeImport>{leading}</NodeImport>",
    ):
        reply = nobody.post(body)
        assert (reply.number, reply.text("nodesCreated")) == (0, "2" if "I.A" in body else "0"), body
    assert importer.post("<GetNode><nodeVersionReference>I</nodeVersionReference></GetNode>").number == 105


@pytest.mark.ledger("DEC-49")
@pytest.mark.parametrize("gap", ["", " " * 100_000])
def test_credentials_that_come_late_are_refused_and_not_ignored(importer: Client, gap: str) -> None:
    behind = document(NODE).replace("</NodeImport>", f"{gap}{SIGNED}</NodeImport>")
    for body in (behind, document(NODE, around=f"{gap}{SIGNED}") if gap else behind):
        refused = importer.as_user(None).post(body)
        assert (refused.status, refused.number) == (200, 101)
        assert "before the list of nodes" in (refused.text("errorDescription") or "")
        reply = importer.post(body)
        assert fields(reply) == ["userLogonReference", "password"]
        assert "before the list of nodes" in (reply.text("errorMessage") or "")
        assert_nothing_written(importer, reply)


def test_a_part_of_a_value_does_not_end_the_list(importer: Client) -> None:
    value = "<nodeVersionComment><![CDATA[</NodeList></NodeImport>]]></nodeVersionComment></Version>"
    body = document(NODE.replace("</Version>", value), around=f"<action>impact</action>{SIGNED}")
    assert importer.as_user(None).post(body).number == 0


def test_an_import_of_an_anonymous_caller_is_refused(importer: Client) -> None:
    reply = importer.as_user(None).post(document("<Node/>"))
    assert (reply.status, reply.number) == (200, 101)


@pytest.mark.parametrize(
    "body",
    [
        document("<Node>", "<x/>" * 2_000_000, "</Node>"),
        document("<Node>", " a='1'".join(["<x", *[""] * 400_000]), "/></Node>"),
        f"<NodeImport>{'<x/>' * 600_000}</NodeImport>",
        document("<x><Node/></x>" * 500_000),
        document().replace("</NodeImport>", f"{'<x/>' * 600_000}</NodeImport>"),
    ],
    ids=range(5),
)
def test_a_document_that_would_fill_the_memory_is_refused_soon(importer: Client, body: str) -> None:
    began = time.process_time()
    reply = importer.post(body)
    assert reply.status in {400, 413}
    assert time.process_time() - began < 8
    assert_nothing_written(importer, reply)


MEASURED = """
import sys
from app.application import create_app
from app.database.engine import make_engine
from app.settings import Settings

client = create_app(Settings(), make_engine(sys.argv[1])).test_client()
peaks = []
for path in sys.argv[2:]:
    with open(path, "rb") as file:
        response = client.post(
            "/service", input_stream=file, content_type="application/xml", auth=("admin", "correct horse")
        )
    assert "<errorNumber>0<" in response.text, response.text
    peaks += [line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")]
print(*peaks)
"""


@pytest.mark.ledger("DEC-421")
@pytest.mark.parametrize(
    ("count", "version"),
    [
        pytest.param(10, frozen(*(M(value="x" * 100_000) for _ in range(6))), id="long values"),
        pytest.param(1500, replace(frozen(), comment="x" * 4000), id="comments of versions", marks=pytest.mark.soak),
        pytest.param(1000, frozen(*(M(value="x" * 1000) for _ in range(6))), id="many", marks=pytest.mark.soak),
    ],
)
def test_an_import_takes_no_more_memory_where_it_is_four_times_as_large(
    app: Flask, database_url: str, tmp_path: Path, count: int, version: V
) -> None:
    node = Graph().node("I.A", version).xml()
    node = node[node.index("<Node>") : node.index("</NodeList>")]
    paths = []
    for nodes_of_import in (count, 4 * count):
        parts = (node.replace("I.A", f"I.A{number}") for number in range(nodes_of_import))
        paths.append(tmp_path / f"{nodes_of_import}.xml")
        paths[-1].write_text(document(*parts).replace("</NodeImport>", "<action>impact</action></NodeImport>"))
    assert paths[1].stat().st_size - paths[0].stat().st_size > 6_000_000
    command = [sys.executable, "-c", MEASURED, database_url, *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    before, after = map(int, done.stdout.split()[-2:])
    assert after - before < 8_000


@pytest.mark.parametrize(
    "around", ["<nodeMemberValue>{}</nodeMemberValue>", "<nodeMemberComment>{}</nodeMemberComment>", "<x>{}</x>"]
)
def test_a_value_of_many_references_is_read_in_linear_time(importer: Client, around: str) -> None:
    members = f"<MemberList><Member>{around.format('&lt;' * 5_000_000)}</Member></MemberList>"
    began = time.process_time()
    reply = importer.post(document(NODE.replace("</Version>", f"{members}</Version>")))
    assert fields(reply)[0].startswith("NodeList/Node[1]/VersionList/Version/MemberList/Member")
    assert time.process_time() - began < 30


@pytest.mark.soak
def test_a_node_of_a_hundred_thousand_members_is_accepted(importer: Client) -> None:
    member = "<Member><nodeVersionReferenceMemberType>system.NODE_LIST</nodeVersionReferenceMemberType></Member>"
    members = f"<MemberList>{member * 100_000}</MemberList></Version>"
    reply = importer.post(document(NODE.replace("</Version>", members), around="<action>impact</action>"))
    assert (reply.number, reply.text("membersWritten")) == (0, "100000")
