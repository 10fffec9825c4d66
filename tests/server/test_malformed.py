"""Requests that are not HTTP, or whose bodies are not what their heads say: a response in our format, never a 500."""

from __future__ import annotations

import json
import socket
from contextlib import suppress
from itertools import product

import pytest
from lxml import etree

from app.server.chunks import MOST_TINY_CHUNKS
from tests.support.builders import Graph, M, frozen
from tests.support.raw import BASIC, RawReply, connect, exchange, read_replies, read_reply, request
from tests.support.real_service import Service, web_processes

GET_SYSTEM = b"<GetNode><nodeVersionReference>system</nodeVersionReference></GetNode>"
CHUNKED = b"%x\r\n%b\r\n0\r\n\r\n" % (len(GET_SYSTEM), GET_SYSTEM)

HEADS = {
    "no request line": (b"\r\n\r\n", 400),
    "not HTTP": (b"\x16\x03\x01\x02\x00\n\n", 400),
    "version 0.9": (b"GET /healthz\r\n\r\n", 400),
    "version 9": (b"GET /healthz HTTP/9.1\r\n\r\n", 400),
    "version of letters": (b"GET /healthz HTTP/one\r\n\r\n", 400),
    "bare line feeds": (b"GET /healthz HTTP/1.1\nHost: a\n\n", 400),
    "method of small letters": (b"get /healthz HTTP/1.1\r\n\r\n", 400),
    "method of one byte": (b"\xff /healthz HTTP/1.1\r\n\r\n", 400),
    "path that is not ASCII": (b"GET /\xff HTTP/1.1\r\n\r\n", 400),
    "path without slash": (b"GET healthz HTTP/1.1\r\n\r\n", 400),
    "path with a NUL": (b"GET /a\0b HTTP/1.1\r\n\r\n", 400),
    "long request line": (b"GET /" + b"a" * 10_000 + b" HTTP/1.1\r\n\r\n", 414),
    "long header field": (b"GET / HTTP/1.1\r\nA: " + b"a" * 10_000 + b"\r\n\r\n", 431),
    "many header fields": (b"GET / HTTP/1.1\r\n" + b"A: a\r\n" * 200 + b"\r\n", 431),
    "endless header fields": (b"GET / HTTP/1.1\r\n" + b"A: aaaaaaaaaaaa\r\n" * 5_000, 431),
    "header field without colon": (b"GET / HTTP/1.1\r\nAuthorization Basic eDp5\r\n\r\n", 400),
    "header field without name": (b"GET / HTTP/1.1\r\n: a\r\n\r\n", 400),
    "name with a space": (b"GET / HTTP/1.1\r\nA : a\r\n\r\n", 400),
    "value with a NUL": (b"GET / HTTP/1.1\r\nA: a\0\r\n\r\n", 400),
    "folded header field": (b"GET / HTTP/1.1\r\nAuthorization: Basic\r\n eDp5\r\n\r\n", 400),
    "two hosts": (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
    "unknown expectation": (b"POST /service HTTP/1.1\r\nExpect: tea\r\nContent-Length: 0\r\n\r\n", 417),
    "negative length": (request("/service", length=-1), 400),
    "length of letters": (request("/service", Content_Length="ten"), 400),
    "length of a superscript": (request("/service", Content_Length="\u00b2"), 400),
    "enormous length": (request("/service", Content_Length="9" * 5_000), 400),
    "two lengths": (b"POST /service HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na", 400),
    "length and chunks": (b"POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "gzip": (b"POST /service HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", 400),
    "chunks twice": (b"POST /service HTTP/1.1\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400),
    "unknown coding": (b"POST /service HTTP/1.1\r\nTransfer-Encoding: tea\r\n\r\n", 501),
    "chunks in 1.0": (b"POST /service HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
}  # fmt: skip

BODIES = {
    "size of letters": b"xyz\r\nabc\r\n0\r\n\r\n",
    "no size": b"\r\nabc\r\n0\r\n\r\n",
    "negative size": b"-3\r\nabc\r\n0\r\n\r\n",
    "size that is too small": b"3\r\nabcdefgh\r\n0\r\n\r\n",
    "size ended by a line feed": b"3\nabc\r\n0\r\n\r\n",
    "endless size": b"0" * 20_000,
    "size of 64 bits": b"f" * 16 + b"\r\nabc\r\n0\r\n\r\n",
    "size of 400 bits": b"f" * 100 + b"\r\nabc\r\n0\r\n\r\n",
    "wrong extension": b'3;a="b\r\nabc\r\n0\r\n\r\n',
    "forbidden trailer": b"0\r\nContent-Length: 5\r\n\r\n",
    "trailer without colon": b"0\r\nAuthorization Basic eDp5\r\n\r\n",
}
ADDRESSES = ["/service", "/service/GetNode", "/graphql", "/runs", "/healthz", "/nowhere", "/schemas/"]


def assert_refused(reply: RawReply, status: int) -> None:
    """A refusal in the format of XML or of JSON, with all headers that every response has."""
    assert reply.status == status
    assert reply.headers["x-request-id"]
    if reply.headers["content-type"].startswith("application/json"):
        assert json.loads(reply.body)
    else:
        assert etree.fromstring(reply.body).findtext("errorNumber") == reply.number


@pytest.mark.ledger("PRO-5")
@pytest.mark.parametrize("name", HEADS)
def test_a_head_that_is_not_right_is_refused(service: Service, name: str) -> None:
    data, status = HEADS[name]
    reply = exchange(service.url, data)
    assert_refused(reply, status)
    assert (reply.number, reply.headers["connection"]) == ("103", "close")


@pytest.mark.ledger("PRO-5")
@pytest.mark.parametrize("name", BODIES)
def test_a_body_in_wrong_chunks_is_refused_where_it_is_read(service: Service, name: str) -> None:
    for path in ADDRESSES:
        reply = exchange(service.url, request(path, BODIES[name], Transfer_Encoding="chunked", Authorization=BASIC))
        assert reply.status < 500, path
        if path.startswith("/service"):
            assert reply.status == 400, path
            assert_refused(reply, 400)
            assert "chunk" in reply.body.decode() or "header field" in reply.body.decode(), path


@pytest.mark.ledger("PRO-5")
def test_a_wrong_size_in_a_large_body_is_refused(service: Service) -> None:
    """A thread decodes the rest of a body of which only a part has been received."""
    beginning = b"<NodeImport><NodeList>" + b" " * 2_000_000
    body = b"%x\r\n%b\r\n" % (len(beginning), beginning) + BODIES["size of 64 bits"]
    reply = exchange(service.url, request("/service", body, Transfer_Encoding="chunked", Authorization=BASIC))
    assert_refused(reply, 400)
    assert b"the size of a chunk" in reply.body


def reply_after_another(service: Service, data: bytes) -> RawReply:
    """Return the response to a request that arrives in one piece with another one. No web process may end."""
    before = web_processes(service)
    first = request("/service", GET_SYSTEM, Authorization=BASIC, Connection="keep-alive")
    with connect(service.url) as connection:
        connection.sendall(first + data)
        with suppress(OSError):
            connection.shutdown(socket.SHUT_WR)
        good, second = read_replies(connection, 2)
    assert good.number == "0"
    # Another process may have been starting meanwhile.
    assert set(before) <= set(web_processes(service))
    return second


@pytest.mark.ledger("PRO-5")
@pytest.mark.parametrize("digits", [19, 25, 4_000, 6_000])
def test_a_body_with_an_endless_length_is_refused_after_another_request(service: Service, digits: int) -> None:
    data = request("/service", b"abc", Authorization=BASIC)
    data = data.replace(b"Content-Length: 3", b"Content-Length: " + b"9" * digits)
    assert_refused(reply_after_another(service, data), 400)


@pytest.mark.ledger("PRO-5")
@pytest.mark.parametrize("name", BODIES)
def test_a_body_in_wrong_chunks_is_refused_after_another_request(service: Service, name: str) -> None:
    """Both requests arrive in one piece. The loop of the process decodes the second when the first has its response."""
    body = request("/service", BODIES[name], Transfer_Encoding="chunked", Authorization=BASIC)
    assert_refused(reply_after_another(service, body), 400)


@pytest.mark.ledger("PRO-5")
@pytest.mark.parametrize("path", ["/service", "/graphql"])
@pytest.mark.parametrize("data", [CHUNKED[:-7], CHUNKED[:-2], CHUNKED[:20], b"", b"5"])
def test_chunks_that_end_too_early_are_refused(service: Service, path: str, data: bytes) -> None:
    head = request(path, Transfer_Encoding="chunked", Authorization=BASIC)
    reply = exchange(service.url, head + data, end=True)
    assert reply.status in ({400} if path == "/service" else {400, 401})


@pytest.mark.ledger("PRO-5")
def test_a_body_that_ends_before_its_length_is_refused(service: Service) -> None:
    reply = exchange(service.url, request("/service", GET_SYSTEM, length=5_000), end=True)
    assert_refused(reply, 400)
    assert b"before its Content-Length" in reply.body


def test_a_large_body_that_ends_before_its_length_is_refused(service: Service) -> None:
    body = b"<NodeImport><NodeList>" + b" " * 3_000_000
    reply = exchange(service.url, request("/service", body, length=50_000_000, Authorization=BASIC), end=True)
    assert_refused(reply, 400)


@pytest.mark.ledger("PRO-5")
def test_a_head_that_ends_too_early_is_refused(service: Service) -> None:
    assert_refused(exchange(service.url, b"GET /healthz HTTP/1.1\r\nHost", end=True), 400)


@pytest.mark.ledger("PRO-5")
@pytest.mark.parametrize(
    "value",
    [b"Basic \xff", b"Basic", b"Basic :::", b"Basic /w==", b"Bearer \xff", b"Bearer", b"\xff", b"", b"Digest a=\xff",
     b'Digest username="', b"Basic " + b"a" * 4_000],
)  # fmt: skip
def test_invalid_credentials_are_not_an_internal_error(service: Service, value: bytes) -> None:
    for method, path in product((b"GET", b"POST"), ADDRESSES):
        head = method + b" " + path.encode() + b" HTTP/1.1\r\nConnection: close\r\nAuthorization: " + value + b"\r\n"
        reply = exchange(service.url, head + b"Content-Type: application/xml\r\nContent-Length: 0\r\n\r\n")
        assert reply.status < 500, (method, path)


@pytest.mark.ledger("PRO-5")
@pytest.mark.parametrize(
    "target",
    ["/%", "/%zz", "/%ff%fe", "/service/%00", "/runs/%ff", "/runs?state=%ff", "/runs?%zz=%", "/runs?state=%00", "//",
     "/..;/", "http://other/healthz", "/service/GetNode?nodeReference=%ed%a0%80", "/schemas/%2e%2e/%2e%2e/etc/passwd",
     "/schemas/%00.xsd", "/healthz?" + "a&" * 4_000],
)  # fmt: skip
def test_invalid_paths_and_queries_get_a_response(service: Service, target: str) -> None:
    for method in ("GET", "POST", "DELETE", "OPTIONS", "HEAD", "PATCH"):
        head = f"{method} {target} HTTP/1.1\r\nConnection: close\r\nAuthorization: {BASIC}\r\nContent-Length: 0\r\n\r\n"
        with connect(service.url) as connection:
            connection.sendall(head.encode())
            assert read_reply(connection, method).status < 500


@pytest.mark.ledger("PRO-5")
@pytest.mark.parametrize(
    "field",
    [b"Cookie: a=\xff\xfe; =; \xc3", b'Cookie: session="', b"SCRIPT_NAME: /x", b"PATH_INFO: /y", b"X_Request_Id: a",
     b"X-Request-Id: \xff", b"X-Forwarded-For: \xff", b"X-Forwarded-Proto: https", b"Accept: \xff", b"Prefer: \xff",
     b"Content-Type: \xff/\xff; charset=\xff", b"Content-Encoding: \xff", b"If-Match: \xff", b"If-None-Match: \xff",
     b"Range: bytes=\xff", b"Host: \xff", b"Host: a:b:c", b"If-Modified-Since: \xff",
     b"Transfer-Encoding: identity, chunked",
     b"Connection: upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: a"],
)  # fmt: skip
def test_invalid_header_fields_get_a_response(service: Service, field: bytes) -> None:
    for method, path in product((b"GET", b"POST"), (b"/service", b"/graphql", b"/schemas/common.xsd", b"/runs")):
        head = method + b" " + path + b" HTTP/1.1\r\nConnection: close\r\nAuthorization: " + BASIC.encode() + b"\r\n"
        reply = exchange(service.url, head + field + b"\r\n\r\n", end=True)
        assert reply.status < 500, (method, path)


def test_a_path_cannot_be_rewritten_by_a_header_field(service: Service) -> None:
    reply = exchange(
        service.url, b"GET /nowhere/healthz HTTP/1.1\r\nSCRIPT_NAME: /nowhere\r\nConnection: close\r\n\r\n"
    )
    assert reply.status == 404


def test_chunks_are_decoded(service: Service) -> None:
    small = b"".join(b"1;name=value\r\n%c\r\n" % byte for byte in GET_SYSTEM) + b"0\r\nA: trailer\r\n\r\n"
    for body in (CHUNKED, small):
        reply = exchange(service.url, request("/service", body, Transfer_Encoding="chunked", Authorization=BASIC))
        assert (reply.status, reply.number) == (200, "0")


@pytest.mark.ledger("DEC-418")
def test_thousands_of_tiny_chunks_are_decoded_and_more_are_refused(service: Service) -> None:
    statuses = []
    for size in (MOST_TINY_CHUNKS, MOST_TINY_CHUNKS + 1):
        body = b"".join(
            b"1\r\n%c\r\n" % byte for byte in GET_SYSTEM.replace(b">", b">" + b" " * (size - len(GET_SYSTEM)), 1)
        )
        data = request("/service", body + b"0\r\n\r\n", Transfer_Encoding="chunked", Authorization=BASIC)
        reply = exchange(service.url, data)
        statuses.append((reply.status, reply.number))
    assert statuses == [(200, "0"), (400, "103")]
    assert b"send larger chunks" in reply.body


@pytest.mark.ledger("DEC-418")
def test_tiny_chunks_are_refused_in_a_large_body_too(service: Service) -> None:
    """A thread decodes the rest of a body of which only a part has been received."""
    beginning = b"<NodeImport><NodeList>" + b" " * 100_000
    body = b"%x\r\n%b\r\n" % (len(beginning), beginning) + b"1\r\n \r\n" * 400_000
    data = request("/service", body, Transfer_Encoding="chunked", Authorization=BASIC)
    reply = exchange(service.url, data)
    assert_refused(reply, 400)
    assert b"send larger chunks" in reply.body


def test_a_large_body_in_chunks_is_decoded(service: Service) -> None:
    """The request is an import that is read while it is received, in chunks whose framing is larger than their data."""
    document = Graph().node("chunked.A", frozen(*(M(value="x" * 100_000) for _ in range(20)))).xml().encode()
    body = b"".join(
        b"%x;%b\r\n%b\r\n" % (len(data), b"a" * 40, data)
        for data in (document[place : place + 30] for place in range(0, len(document), 30))
    )
    data = request("/service", body + b"0\r\nA: a\r\n\r\n", Transfer_Encoding="chunked", Authorization=BASIC)
    assert exchange(service.url, data).number == "0"
    assert exchange(service.url, data[: len(data) // 2], end=True).status == 400


def test_responses_on_one_connection_come_in_the_order_of_the_requests(service: Service) -> None:
    """This includes requests sent before the first response, in pieces whose ends are not those of requests."""
    first = request("/service", CHUNKED, Transfer_Encoding="chunked", Authorization=BASIC, Connection="keep-alive")
    second = request("/service", GET_SYSTEM, Authorization=BASIC, Connection="keep-alive")
    third = request("/nowhere", b"x" * 2_000, Connection="keep-alive")
    data = (first + second + third) * 2
    with connect(service.url) as connection:
        for position in range(0, len(data), 700):
            connection.sendall(data[position : position + 700])
        numbers = [reply.number for reply in read_replies(connection, 6)]
    assert numbers == ["0", "0", "102"] * 2


def test_a_body_is_asked_for_where_the_client_waits_to_be_asked(service: Service) -> None:
    with connect(service.url) as connection:
        connection.sendall(request("/service", length=len(GET_SYSTEM), Authorization=BASIC, Expect="100-continue"))
        assert connection.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(GET_SYSTEM)
        assert read_reply(connection).number == "0"


def test_a_body_is_asked_for_where_its_head_came_with_another_request(service: Service) -> None:
    first = request("/service", GET_SYSTEM, Authorization=BASIC, Connection="keep-alive")
    second = request("/service", length=len(GET_SYSTEM), Authorization=BASIC, Expect="100-continue")
    with connect(service.url) as connection:
        connection.sendall(first + second)
        received = b""
        while received.count(b"HTTP/1.1 ") < 2 or not received.endswith(b"\r\n\r\n"):
            received += connection.recv(1000)
        assert received.endswith(b"HTTP/1.1 100 Continue\r\n\r\n")
        connection.sendall(GET_SYSTEM)
        assert read_reply(connection).number == "0"


def test_a_client_that_closes_its_half_after_the_request_gets_a_response(service: Service) -> None:
    reply = exchange(service.url, request("/service", GET_SYSTEM, Authorization=BASIC), end=True)
    assert reply.number == "0"


def test_a_connection_without_a_request_costs_nothing(service: Service) -> None:
    for _ in range(200):
        connect(service.url).close()
    with connect(service.url) as connection:
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(1) == b""
    assert exchange(service.url, request("/healthz", method="GET")).status == 200
