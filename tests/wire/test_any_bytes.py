"""Any bytes to any URL get a response that its schema accepts, and never an internal error."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from app.services.registry import SERVICES
from tests.support.builders import Graph, M, frozen
from tests.support.examples import at_least
from tests.support.http import Client, assert_json_failure, checked, message

# The client has not signed in, so the requests change nothing.
ANY = settings(deadline=None, max_examples=at_least(30), suppress_health_check=[HealthCheck.function_scoped_fixture])

VALID = [
    message("GetNode", {"nodeVersionReference": "system.NULL.$current", "memberDetailLevel": "none"}),
    message("GetNode", {"nodeVersionIdentifier": "6000001", "userLogonReference": "a", "password": "b & c"}),
    message("FreezeNode", {"nodeReference": "system", "action": "force", "freezeContentIndicator": "true"}),
    message("UpdateNodeVersions", {"nodeIdentifier": "1", "action": "update", "sourceScope": "manifest"}),
    message("CopyNode", {"nodeVersionReferenceFrom": "system.NULL", "nodeReferenceTo": "P.A"}),
    message("CreateUser", {"userLogonReferenceCreate": "a", "passwordCreate": "correct horse"}),
    "<SetSolution><title>a</title><TagList><tag>b</tag></TagList><ConfigSlotList><ConfigSlot><externalId>c</externalId>"
    "<type>ddl</type><Ddl><input>d</input></Ddl></ConfigSlot></ConfigSlotList></SetSolution>",
    message("CreatePermission", {"permissionTypeReference": "node-read", "objectReference": "system"}),
    Graph().node("P.A", frozen(M(value="1", scale=1.5, target="P.A.1", comment="c"))).xml("impact"),
]
PIECES = [
    b"<", b">", b"/", b"&", b"<x>", b"</x>", b"<x/>", b" a='1'", b"&#0;", b"&#x10FFFF;", b"&e;", b"<![CDATA[", b"]]>",
    b"<!--", b"-->", b"<?x ", b"?>", b"<!DOCTYPE x>", b"\0", b"\xff", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\xff\xfe",
    b"9" * 30, b"-1", b" xmlns='u'", b"<NodeList>", b"</NodeList>", b"<Node>", b"<action>", b"force",
]  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A valid request with some changes: pieces inserted, parts removed, doubled or moved, another encoding."""
    body = draw(st.sampled_from(VALID)).encode(
        draw(st.sampled_from(["utf-8", "utf-8", "utf-8", "utf-16", "utf-16-be"]))
    )
    for _ in range(draw(st.integers(1, 4))):
        first, last = sorted(draw(st.tuples(st.integers(0, len(body)), st.integers(0, len(body)))))
        part = body[first:last]
        put = draw(st.sampled_from([*PIECES, b"", part + part]) | st.binary(max_size=4))
        body = body[:first] + put + body[draw(st.sampled_from([first, last])) :]
    return body


def posted(client: Client, path: str, body: bytes, content_type: str = "application/xml") -> TestResponse:
    return client.app.test_client().post(path, data=body, content_type=content_type)


def assert_response(response: TestResponse) -> None:
    reply = checked(response)
    assert reply.status in {200, 400, 404, 413, 415, 429}
    assert reply.number in {0, 101, 102, 103, 105, 106, 108, 109}


@pytest.mark.ledger("PRO-5")
@ANY
@given(body=st.binary(max_size=300), name=st.sampled_from(["", *(f"/{name}" for name in SERVICES)]))
def test_any_bytes_get_a_response(reader: Client, body: bytes, name: str) -> None:
    assert_response(posted(reader, f"/service{name}", body))


@pytest.mark.ledger("PRO-5")
@ANY
@given(body=mutated(), name=st.sampled_from(["", "", *(f"/{name}" for name in SERVICES)]))
def test_almost_valid_requests_get_a_response(reader: Client, body: bytes, name: str) -> None:
    assert_response(posted(reader, f"/service{name}", body))


@pytest.mark.ledger("PRO-5")
@ANY
@given(
    service=st.sampled_from(list(SERVICES)),
    element=st.sampled_from(["nodeReference", "nodeVersionReference", "nodeIdentifier", "nodeVersionReferenceFrom"]),
    text=st.text(max_size=60)
    | st.from_regex(r"\A(system|P|[a-z])(\.[A-Z0-9$a-z]{0,4}){0,3}\Z")
    | st.integers().map(str),
)
def test_any_text_in_an_element_gets_a_response(reader: Client, service: str, element: str, text: str) -> None:
    written = "".join(f"&#{ord(character)};" for character in text)
    body = f"<{service}><{element}>{written}</{element}></{service}>"
    assert_response(posted(reader, "/service", body.encode()))


@pytest.mark.ledger("PRO-5")
@ANY
@given(content_type=st.text(max_size=60).filter(lambda text: "\n" not in text and "\r" not in text))
def test_any_content_type_gets_a_response(reader: Client, content_type: str) -> None:
    assert_response(posted(reader, "/service", VALID[0].encode(), content_type))


@pytest.mark.ledger("PRO-5")
@ANY
@given(path=st.text(max_size=40), method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "OPTIONS", "X"]))
def test_any_url_gets_a_response(reader: Client, path: str, method: str) -> None:
    environ = {"PATH_INFO": f"/{path}".encode().decode("latin-1"), "QUERY_STRING": ""}
    response = reader.app.test_client().open("/", method=method, environ_overrides=environ)
    assert response.status_code < 500
    assert response.headers["X-Request-Id"]


@pytest.mark.ledger("PRO-5")
@ANY
@given(query=st.binary(max_size=60))
@pytest.mark.parametrize("path", ["/runs", "/service/GetNode"])
def test_any_query_string_gets_a_response(reader: Client, query: bytes, path: str) -> None:
    environ = {"QUERY_STRING": query.decode("latin-1")}
    response = reader.app.test_client().get(path, environ_overrides=environ, auth=("admin", "correct horse"))
    assert response.status_code in {200, 400, 405}


@pytest.mark.ledger("PRO-5")
@settings(ANY, max_examples=10)  # each pays for a password check
@given(authorization=st.text(alphabet=st.characters(max_codepoint=255), max_size=60), basic=st.booleans())
def test_any_authorization_gets_a_response(reader: Client, authorization: str, basic: bool) -> None:
    header = f"Basic {authorization}" if basic else authorization
    response = reader.app.test_client().get("/runs", environ_overrides={"HTTP_AUTHORIZATION": header})
    assert_json_failure(response, 401, 101)
