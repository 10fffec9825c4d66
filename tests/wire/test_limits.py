"""The limits of the parser: Relink's own message names each limit and the element."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import Engine

from app.application import create_app
from app.settings import Settings
from app.wire import import_stream
from app.wire.limits import MOST_DEPTH, MOST_NAME, MOST_VALUE
from tests.support.builders import LIST
from tests.support.http import Client, Reply
from tests.wire.test_import_stream import NODE, SIGNED, assert_nothing_written, document

VALUE = "a value has at most 10,000,000 bytes in UTF-8 (line 1)"
TAG = "a tag, comment or processing instruction has at most about 10,000,000 bytes (line 1)"
NAME = "a name has at most 50,000 bytes in UTF-8 (line 1)"
DEPTH = "elements are nested at most 256 deep (line 1)"
LONG = "x" * (MOST_VALUE + 1)
LONGER = "x" * (MOST_VALUE + 200_000)
ESCAPED = "<" * 1_000 + "x" * (MOST_VALUE - 1_000)
"""A value of the greatest length, which is longer where it is escaped."""
MEMBER = f"<Member><nodeVersionReferenceMemberType>{LIST}</nodeVersionReferenceMemberType>{{}}</Member>"
TOO_LARGE = "NodeList/Node[2]: a node has at most 64 MiB, and about 120,000 members"
IN_MEMBER = "NodeList/Node[3]/VersionList/Version/MemberList/Member[2]"


def node(content: str) -> str:
    """A node with a version that has this content."""
    return NODE.replace("</Version>", f"{content}</Version>")


def members(*contents: str) -> str:
    return node(f"<MemberList>{''.join(map(MEMBER.format, contents))}</MemberList>")


def with_members(count: int) -> str:
    """An import whose second node has many members."""
    return document(NODE, node("<MemberList>" + MEMBER.format("") * count + "</MemberList>"))


def assert_told(reply: Reply, status: int, shown: str) -> None:
    assert (reply.status, reply.number, reply.text("errorDescription")) == (status, 103, shown)


@pytest.mark.parametrize(
    ("last", "path", "shown"),
    [
        (members("", f"<nodeMemberValue>{LONG}</nodeMemberValue>"), f"{IN_MEMBER}/nodeMemberValue", VALUE),
        (members("", f"<nodeMemberValue>{ESCAPED.replace('<', '&lt;')}x"), f"{IN_MEMBER}/nodeMemberValue", VALUE),
        (members("", f"<nodeMemberValue>{'ü' * 5_000_001}"), f"{IN_MEMBER}/nodeMemberValue", VALUE),
        (members("", f"<nodeMemberValue><![CDATA[{LONG}"), f"{IN_MEMBER}/nodeMemberValue", VALUE),
        (members("", f"<nodeMemberValue>x<!-- -->{LONG}"), f"{IN_MEMBER}/nodeMemberValue", VALUE),
        (members("", f"<x a='{LONGER}'/>"), IN_MEMBER, TAG),
        (members("", f"<x xmlns='{LONGER}'/>"), IN_MEMBER, TAG),
        (members("", f"<x {LONGER.replace('x', ' ')}/>"), IN_MEMBER, TAG),
        (members("", f"<!--{LONG}-->"), IN_MEMBER, TAG),
        (members("", f"<?x {LONG}?>"), IN_MEMBER, TAG),
        (members("", f"<{LONG[: MOST_NAME + 1]}/>"), IN_MEMBER, NAME),
        (members("", f"<x {LONG[: MOST_NAME + 1]}=''/>"), IN_MEMBER, NAME),
        (members("", f"&{LONG[: MOST_NAME + 1]};"), IN_MEMBER, NAME),
        (node("<x>" * MOST_DEPTH), "NodeList/Node[3]/VersionList/Version/x/x/x/x/...", DEPTH),
        (node(f"<nodeName>{LONG}</nodeName>"), "NodeList/Node[3]/VersionList/Version/nodeName", VALUE),
        (LONG, "NodeList", VALUE),
    ],
)
def test_limits_of_an_import(reader: Client, last: str, path: str, shown: str) -> None:
    reply = reader.post(document(NODE, NODE, last, NODE))
    assert_told(reply, 400 if shown == DEPTH else 413, f"{path}: {shown}")
    assert_nothing_written(reader, reply)


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (document(NODE, around=f"<action>{LONG}</action>"), f"action: {VALUE}"),
        (document(NODE, around=f"<{LONG[: MOST_NAME + 1]}/>"), NAME),
        (f"<NodeImport><!--{LONG}-->", TAG),
        (document(NODE).replace("</NodeImport>", f"{SIGNED}<x a='{LONGER}'/></NodeImport>"), TAG),
        (document(NODE).replace("</NodeImport>", f"<action>{LONG}</action></NodeImport>"), f"action: {VALUE}"),
    ],
)
def test_limits_of_an_import_around_its_nodes(reader: Client, body: str, shown: str) -> None:
    assert_told(reader.post(body), 413, shown)


def test_limits_of_another_service(reader: Client) -> None:
    deep = f"<SetSolution><TagList>{'<a>' * MOST_DEPTH}"
    assert_told(reader.post(deep), 400, f"TagList/a/a/a/a/a/a/a/...: {DEPTH}")
    name = LONG[: MOST_NAME + 1]
    assert_told(reader.post(f"<SetSolution><TagList><{name}/>"), 413, f"TagList: {NAME}")


@pytest.mark.soak
def test_limits_of_a_service_with_a_higher_limit(app: Flask, engine: Engine) -> None:
    client = Client(create_app(Settings(max_request_bytes=3 * MOST_VALUE), engine))
    for body, shown in (
        (f"<SetSolution><title>{LONG}</title></SetSolution>", f"title: {VALUE}"),
        (f"<SetSolution><TagList><tag/><tag x='{LONGER}'/></TagList></SetSolution>", f"TagList: {TAG}"),
    ):
        assert_told(client.post(body), 413, shown)


def test_the_longest_value_is_accepted(client: Client) -> None:
    for value in (ESCAPED, "ü" * (MOST_VALUE // 2)):
        given = value.replace("<", "&lt;")
        body = document(members(f"<nodeMemberValue>{given}</nodeMemberValue>"))
        assert client.post(body).number == 0
        assert client.get("I.A").text("MemberList/Member/nodeMemberValue") == value


@pytest.mark.soak
def test_a_node_that_is_too_large_is_named(reader: Client) -> None:
    assert_told(reader.post(with_members(300_000)), 413, TOO_LARGE)


@pytest.mark.parametrize("limit", ["_MOST_BYTES", "_MOST_MARKS", "_MOST_MARKS_AT_ONCE"])
def test_each_limit_of_a_node_holds(reader: Client, monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    """The limits of this test are small, because a node of 64 MiB takes seconds."""
    assert reader.post(with_members(1_000)).status == 200
    monkeypatch.setattr(import_stream, limit, 1_000)
    reply = reader.post(with_members(1_000))
    assert_told(reply, 413, TOO_LARGE)
    assert_nothing_written(reader, reply)
