"""Whatever goes wrong with a request, nothing that it holds comes into the log or the metrics."""

from __future__ import annotations

from base64 import b64encode

import pytest
from sqlalchemy import text

from tests.support.raw import BASIC, exchange, request
from tests.support.real_service import Service

SECRET = "hunter2-s3cr3t"  # noqa: S105
MARK = SECRET.encode()
BASIC_SECRET = b64encode(f"admin:{SECRET}".encode())
CREDENTIALS = f"<userLogonReference>admin</userLogonReference><password>{SECRET}</password>"

REQUESTS = {
    "field without colon": b"GET / HTTP/1.1\r\nAuthorization Basic " + BASIC_SECRET + b"\r\n\r\n",
    "field with a NUL": b"GET / HTTP/1.1\r\nAuthorization: Basic \0" + BASIC_SECRET + b"\r\n\r\n",
    "field name with a space": b"GET / HTTP/1.1\r\nAuthorization : Basic " + BASIC_SECRET + b"\r\n\r\n",
    "secret as field name": b"GET / HTTP/1.1\r\n" + MARK + b"(): a\r\n\r\n",
    "secret as method": b"hunter2-s3cr3t / HTTP/1.1\r\n\r\n",
    "secret as version": b"GET / HTTP/hunter2-s3cr3t\r\n\r\n",
    "secret as expectation": b"POST / HTTP/1.1\r\nExpect: " + MARK + b"\r\n\r\n",
    "secret as coding": b"POST / HTTP/1.1\r\nTransfer-Encoding: " + MARK + b"\r\n\r\n",
    "secret as length": b"POST / HTTP/1.1\r\nContent-Length: " + MARK + b"\r\n\r\n",
    "secret in the path": b"GET /nowhere/" + MARK + b" HTTP/1.1\r\nConnection: close\r\n\r\n",
    "secret in a bad path": b"GET /%\xff" + MARK + b" HTTP/1.1\r\n\r\n",
    "secret in the query": b"GET /runs?state=" + MARK + b" HTTP/1.1\r\nConnection: close\r\n\r\n",
    "password in the query": b"GET /service?password=" + MARK + b" HTTP/1.1\r\nConnection: close\r\n\r\n",
    "proxied path": b"GET /healthz HTTP/1.1\r\nSCRIPT_NAME: /" + MARK + b"\r\nConnection: close\r\n\r\n",
    "wrong chunk": request("/service", CREDENTIALS.encode(), Transfer_Encoding="chunked"),
    "chunk that is too long": request("/service", b"3\r\n" + CREDENTIALS.encode(), Transfer_Encoding="chunked"),
    "secret in an extension": request("/service", b"3;a=" + MARK + b"\xff\r\nabc", Transfer_Encoding="chunked"),
    "secret in a trailer": request("/service", b"0\r\nA " + MARK + b"\r\n\r\n", Transfer_Encoding="chunked"),
    "cut body": request("/service", CREDENTIALS.encode(), length=900),
    "not well-formed": request("/service", f"<GetNode>{CREDENTIALS}<".encode()),
    "not valid": request("/service", f"<GetNode><password a='{SECRET}'>{SECRET}</password></GetNode>".encode()),
    "wrong password": request("/service", f"<GetNode>{CREDENTIALS}</GetNode>".encode()),
    "wrong basic": request("/runs", method="GET", Authorization=f"Basic {BASIC_SECRET.decode()}"),
    "broken basic": request("/runs", method="GET", Authorization=f"Basic \xff{SECRET}"),
    "wrong bearer": request("/graphql", b"{}", Authorization=f"Bearer {SECRET}", Content_Type="application/json"),
    "broken bearer": request("/graphql", b"{}", Authorization=f"Bearer \xff{SECRET}", Content_Type="application/json"),
    "no XML": request("/service", MARK * 100),
    "wrong media type": request("/service", MARK, Content_Type=f"{SECRET}/xml"),
    "unknown service": request(f"/service/{SECRET}", b"<a/>"),
    "import": request("/service", f"<NodeImport>{CREDENTIALS}<NodeList><Node>{SECRET}".encode()),
}  # fmt: skip


@pytest.fixture
def trap(service: Service) -> None:
    """Make the database repeat what it was given in its error: a stand-in for a defect that does so."""
    with service.engine.begin() as connection:
        connection.execute(
            text(
                "CREATE OR REPLACE FUNCTION trap() RETURNS trigger LANGUAGE plpgsql AS"
                " $$ BEGIN RAISE EXCEPTION 'refused %', NEW; END $$"
            )
        )
        connection.execute(
            text(
                "CREATE OR REPLACE TRIGGER trap BEFORE INSERT ON account FOR EACH ROW"
                " WHEN (NEW.user_logon_reference LIKE 'trap%') EXECUTE FUNCTION trap()"
            )
        )


@pytest.mark.parametrize("name", REQUESTS)
def test_nothing_of_a_request_that_fails_is_logged(service: Service, name: str) -> None:
    reply = exchange(service.url, REQUESTS[name], end=True)
    assert reply.status != 500
    assert_unseen(service)


def test_nothing_of_a_request_that_meets_a_defect_is_logged(service: Service, trap: None) -> None:
    reply = service.post(
        f"<CreateUser><userLogonReferenceCreate>trap-{SECRET}</userLogonReferenceCreate>"
        f"<passwordCreate>{SECRET}</passwordCreate><userName>{SECRET}</userName></CreateUser>"
    )
    assert (reply.status, reply.number) == (500, "100")
    lines = [line for line in service.log().splitlines() if reply.headers["x-request-id"] in line]
    [defect] = [line for line in lines if "defect" in line]
    assert "RaiseException" in defect
    assert "in add_user" in defect
    assert_unseen(service)


def assert_unseen(service: Service) -> None:
    metrics = exchange(service.url, request("/metrics", method="GET", Authorization=BASIC)).body.decode()
    for written in (service.log(), metrics):
        assert written
        assert SECRET not in written
        assert BASIC_SECRET.decode() not in written
