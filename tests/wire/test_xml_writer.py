"""Responses as text: the values of the store are unchanged, and a long response is sent in blocks."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from app.services.response import Fields, Group
from app.wire.xml_writer import write_document
from tests.support.builders import Graph, M, V, draft, frozen, links
from tests.support.http import PASSWORD, Client, message

TEXTS = [
    "a & b < c > d \" e ' f",
    "]]>",
    "&amp; &lt; &#13; &amp;#13; &unknown;",
    "<!-- x --> <?pi?> <![CDATA[x]]>",
    "tab\tnewline\nreturn\rboth\r\nend",
    "  white  space  ",
    "Größe 語 😀 \u200f\u202e",
    "\x7f\x85\x9f\u2028\u2029\ufeff",
    "\ud7ff\ue000\ufffd\U00010000\U0010ffff",
]


def test_texts_are_returned_as_they_were_sent(client: Client) -> None:
    graph = Graph()
    for number, given in enumerate(TEXTS):
        graph.node(f"P.N{number}", V((M(value=given, comment=given),), name=given, comment=given))
    assert client.post(graph.xml().replace("\r", "&#13;")).number == 0
    for number, given in enumerate(TEXTS):
        reply = client.get(f"P.N{number}")
        assert reply.text("nodeName") == given
        assert reply.text("nodeVersionComment") == given
        assert reply.text("MemberList/Member/nodeMemberValue") == given
        assert reply.text("MemberList/Member/nodeMemberComment") == given


def test_scales_are_returned_as_the_same_number(client: Client) -> None:
    scales = [0.1, -1e300, 5e-324, 3.0, -0.0, 1.7976931348623157e308]
    client.load(Graph().node("P.A", frozen(*(M(scale=scale) for scale in scales))))
    found = client.get("P.A").tree.iterfind("MemberList/Member/nodeMemberScale")
    assert [element.text for element in found] == [repr(scale) for scale in scales]


def test_characters_that_xml_cannot_hold_are_replaced() -> None:
    (document,) = write_document("A", [Fields(("b", "\x00\x01\x08\x0b\x0c\x1f\ud800\udfff\ufffe\uffff|\t"))])
    assert etree.fromstring(document).findtext("b") == "\ufffd" * 10 + "|\t"


def test_every_character_is_written_so_that_it_can_be_read() -> None:
    every = "".join(map(chr, range(0x11000)))
    (read,) = etree.fromstring(b"".join(write_document("A", [Fields(("b", every))])))
    assert read.text is not None
    differing = {ord(before) for before, after in zip(every, read.text, strict=True) if before != after}
    assert differing == {*range(9), 11, 12, *range(14, 32), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF}


def test_values_are_written_as_the_schemas_have_them() -> None:
    fields = Fields(("a", True), ("b", False), ("c", 0), ("d", None), ("e", ""), ("f", 1.5))
    assert b"".join(write_document("A", [fields])).endswith(
        b"<A><a>true</a><b>false</b><c>0</c><e></e><f>1.5</f></A>\n"
    )


def test_a_long_response_comes_in_blocks(client: Client) -> None:
    count = 500
    graph = Graph().node("P.Z", frozen(), draft())
    for number in range(count):
        graph.node(f"P.N{number}", frozen(*links("P.Z.1"), name="N" * 300))
    client.load(graph)
    request = message("UpdateNodeVersions", {"nodeReference": "P", "updateContentIndicator": "true"})
    response = client.app.test_client().post(
        "/service", data=request, content_type="application/xml", auth=("admin", PASSWORD)
    )
    blocks = list(response.iter_encoded())
    assert len(blocks) > 3
    assert max(map(len, blocks)) < 100_000
    assert len(etree.fromstring(b"".join(blocks)).findall("UpdateList/Update")) == count


def test_a_response_is_built_only_as_far_as_it_is_read() -> None:
    made = 0

    def groups() -> Iterator[Group]:
        nonlocal made
        for made in range(100_000):
            yield Group("Row", (Fields(("number", made), ("name", "x" * 100)),))

    document = write_document("A", [Group("List", groups())])
    next(document)
    assert made < 1000
    next(document)
    assert made < 2000
