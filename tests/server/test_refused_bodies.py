"""A client that sends a large body to an address that refuses it reads the refusal, not a broken connection."""

from __future__ import annotations

import subprocess
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support.raw import BASIC, connect, exchange, read_reply, request
from tests.support.real_service import Service

LARGE = b"<GetNode>" + b" " * 4_000_000
XML = "application/xml"
JSON = "application/json"

REFUSALS = {
    "too large": ("/service/GetNode", XML, BASIC, 413),
    "too large for GraphQL": ("/graphql", JSON, "Bearer a", 401),
    "not XML": ("/service", "image/png", BASIC, 415),
    "no such address": ("/nowhere", XML, BASIC, 404),
    "no such service": ("/service/Nothing", XML, BASIC, 404),
    "not signed in": ("/runs", XML, "Basic a", 405),
    "method": ("/healthz", XML, BASIC, 405),
}


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("name", REFUSALS)
def test_a_client_that_writes_before_it_reads_gets_the_refusal(service: Service, name: str, chunked: bool) -> None:
    path, media_type, authorization, status = REFUSALS[name]
    data = request(path, LARGE, Content_Type=media_type, Authorization=authorization)
    if chunked:
        body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(LARGE), LARGE)
        data = request(path, body, Content_Type=media_type, Authorization=authorization, Transfer_Encoding="chunked")
    reply = exchange(service.url, data)
    assert reply.status == status
    assert reply.body


def test_the_client_of_python_gets_the_refusal(service: Service) -> None:
    client = HTTPConnection(urlsplit(service.url).netloc, timeout=60)
    client.request("POST", "/nowhere", LARGE, {"Content-Type": XML})
    assert client.getresponse().status == 404
    client.close()


@pytest.mark.parametrize("expect", ["Expect: 100-continue", "Expect:"])
def test_curl_gets_the_refusal(service: Service, tmp_path: Path, expect: str) -> None:
    (tmp_path / "large").write_bytes(LARGE)
    command = ["curl", "-sS", "-o", str(tmp_path / "reply"), "-w", "%{http_code}", "-H", expect]
    command += ["--data-binary", f"@{tmp_path / 'large'}", f"{service.url}/service/GetNode"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "413", "")


def test_a_client_that_never_stops_sending_is_cut_off(service: Service) -> None:
    """After a refusal only a bounded part of the body is read and dropped."""
    with connect(service.url) as connection:
        connection.sendall(request("/nowhere", length=10**12))
        with pytest.raises(OSError, match=r"reset|pipe"):  # noqa: PT012 - when it comes depends on the system's buffers
            for _ in range(200):
                connection.sendall(b"x" * 1_000_000)


def test_a_refusal_of_too_many_failed_sign_ins_is_read_too(service: Service) -> None:
    """The response is 429, after the body of an import has been sent."""
    body = b"<NodeImport><userLogonReference>nobody</userLogonReference><password>a</password><NodeList>"
    data = request("/service", body + b" " * 4_000_000 + b"</NodeList></NodeImport>")
    statuses = []
    for _ in range(12):
        with connect(service.url) as connection:
            connection.sendall(data)
            statuses.append(read_reply(connection).status)
    assert statuses[-1] == 429
