"""Services in JSON and by parameters: the same content, statuses and headers as in XML."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from urllib.parse import urlencode

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from app.response_json.writer import json_blocks
from app.services.registry import SERVICES
from tests.support.builders import Graph, M, V, draft, frozen, links, member_type, package, type_with
from tests.support.examples import at_least
from tests.support.http import ADMIN, PASSWORD, Client, assert_json_failure, checked, message

ANY = settings(deadline=None, max_examples=at_least(30), suppress_health_check=[HealthCheck.function_scoped_fixture])
JSON = "application/json"


def post(app: Flask, service: str, body: object, user: str | None = ADMIN, **options: object) -> TestResponse:
    """POST JSON, or text that need not be JSON."""
    data = body if isinstance(body, str | bytes) else json.dumps(body)
    auth = None if user is None else (user, PASSWORD)
    arguments: dict[str, object] = {"content_type": JSON, "auth": auth, **options}
    return app.test_client().post(f"/servicejson/{service}", data=data, **arguments)


def get(app: Flask, path: str, **parameters: str) -> TestResponse:
    return app.test_client().get(f"{path}?{urlencode(parameters)}", auth=(ADMIN, PASSWORD))


def widgets(client: Client) -> Client:
    """The client of a store with a type, a draft of it, and a package that is out of date."""
    client.load(
        Graph()
        .node("P", package())
        .node("P.m", member_type())
        .node("P.T", type_with("P.m.1"))
        .node("P.N", V((M("P.m.1", value="red", scale=1.5),), "P.T.1", draft=True))
        .node("P.A", frozen(*links("P.B.1")))
        .node("P.B", frozen(), draft())
    )
    return client


@pytest.fixture
def store(client: Client) -> Client:
    return widgets(client)


@pytest.mark.ledger("DEC-176")
def test_types_arrays_and_absent_elements(store: Client) -> None:
    response = get(store.app, "/servicejson/GetNode", nodeVersionReference="P.N")
    assert (response.status_code, response.content_type) == (200, JSON)
    shown = json.loads(response.text)
    assert next(iter(shown.items())) == ("errorNumber", 0)
    assert shown["nodeVersionNumber"] == 1
    assert "nodeVersionComment" not in shown
    assert shown["MemberList"]["Member"] == [
        {
            "nodeVersionReferenceMemberType": "P.m.1",
            "nodeNameMemberType": "m",
            "nodeMemberSequence": 1,
            "nodeMemberValue": "red",
            "nodeMemberScale": 1.5,
        }
    ]
    empty = get(store.app, "/servicejson/WhereUsed", nodeVersionReference="P.N").get_json()
    assert empty["UseList"] == {"Use": []}
    used = get(store.app, "/servicejson/WhereUsed", nodeVersionReference="P.m.1").get_json()["UseList"]["Use"]
    assert [(use["nodeReference"], use["distance"], use["memberTypeIndicator"]) for use in used] == [
        ("P.T", 1, False),
        ("P.N", 1, True),
    ]


@pytest.mark.ledger("DEC-177")
def test_a_request_with_objects_and_arrays(store: Client) -> None:
    given_types = [{"nodeVersionReferenceMemberType": "P.m", "MemberList": {"Member": [{"nodeMemberValue": "a\r\nb"}]}}]
    body = {
        "action": "update",
        "nodeVersionReference": "P.N",
        "nodeName": "Größe <&>",
        "nodeEdition": None,
        "MemberTypeList": {"MemberType": given_types},
    }
    response = post(store.app, "SetNode", body)
    edited = response.get_json()
    assert edited["errorNumber"] == 0, response.text
    assert response.headers["ETag"] == f'"{edited["nodeEdition"]}"'
    shown = post(store.app, "GetNode", {"nodeVersionIdentifier": edited["nodeVersionIdentifier"]}).get_json()
    assert shown["nodeName"] == "Größe <&>"
    assert [member["nodeMemberValue"] for member in shown["MemberList"]["Member"]] == ["red", "a\r\nb"]


@pytest.mark.ledger("DEC-177")
def test_flat_parameters_in_a_query_and_in_a_form(store: Client) -> None:
    """Numbers give the order, whatever the order of the parameters."""
    flat = {
        "action": "update",
        "nodeVersionReference": "P.N",
        "MemberTypeList/MemberType/nodeVersionReferenceMemberType": "P.m.1",
        "MemberTypeList/MemberType/MemberList/Member[7]/nodeMemberValue": "second & last",
        "MemberTypeList/MemberType/MemberList/Member[2]/nodeMemberValue": "Größe 1",
    }
    form = store.app.test_client().post("/service/SetNode", data=flat, auth=(ADMIN, PASSWORD))
    assert checked(form).number == 0, form.text
    assert store.get("P.N").members() == ["P.m.1 = red * 1.5", "P.m.1 = Größe 1", "P.m.1 = second & last"]
    response = get(store.app, "/service/GetNode", nodeVersionReference="P.N", memberDetailLevel="none")
    assert checked(response).text("nodeReference") == "P.N"
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.ledger("DEC-176")
@pytest.mark.parametrize(
    ("accept", "is_json"),
    [
        ("application/json", True),
        ("application/json, text/plain, */*", True),
        ("application/xml;q=0.5, application/json", True),
        ("application/json;q=0.5, application/xml", False),
        ("application/json, text/xml", False),
        ("application/json;q=0", False),
        ("*/*", False),
        ("text/html", False),
        ("", False),
    ],
)
def test_the_client_chooses_by_accept(reader: Client, accept: str, is_json: bool) -> None:
    body = message("GetNode", {"nodeVersionReference": "system"})
    browser = reader.app.test_client()
    response = browser.post("/service", data=body, content_type="application/xml", headers={"Accept": accept})
    assert response.content_type == (JSON if is_json else "application/xml; charset=utf-8")
    refused = browser.post("/service", data="<", content_type="application/xml", headers={"Accept": accept})
    assert (refused.status_code, refused.is_json) == (400, is_json)


@pytest.mark.parametrize(
    "body",
    [
        message("GetNode", {"nodeVersionReference": "P.none"}),
        message("GetNode", {}),
        "<GetNode><nodeVersionReference>P..A</nodeVersionReference></GetNode>",
        "<GetNode><none/></GetNode>",
        "<GetNode>",
        message("UpdateNodeVersions", {"nodeReference": "P", "updateContentIndicator": "true"}),
        message("SetNode", {"action": "edit", "nodeVersionReference": "P.N"}),
        message("SetNode", {"action": "update", "nodeVersionReference": "P.N", "nodeEdition": "999"}),
        message("ListUsers", {}),
    ],
)
def test_statuses_headers_and_contents_are_those_of_xml(store: Client, body: str) -> None:
    def asked(path: str) -> TestResponse:
        headers = {"X-Request-Id": "same"}
        browser = store.app.test_client()
        return browser.post(path, data=body, content_type="text/xml", auth=(ADMIN, PASSWORD), headers=headers)

    name = body[1:].partition(">")[0].rstrip("/")
    in_xml, in_json = asked(f"/service/{name}"), asked(f"/servicejson/{name}")
    assert in_json.status_code == in_xml.status_code
    differing = {"Content-Type", "Content-Length"}
    headers = [{key: value for key, value in each.headers if key not in differing} for each in (in_xml, in_json)]
    assert headers[0] == headers[1]
    assert json.loads(in_json.data) == json.loads(b"".join(json_blocks([in_xml.data])))


def test_a_large_force_is_the_kept_response_as_json(client: Client) -> None:
    graph = Graph().node("L.Z", frozen(), draft())
    for number in range(300):
        graph.node(f"L.A{number:03}", frozen(*links("L.Z.1")))
    client.load(graph)
    response = post(
        client.app, "UpdateNodeVersions", {"nodeReference": "L", "action": "force", "updateContentIndicator": True}
    )
    updates = response.get_json()["UpdateList"]["Update"]
    assert [update["nodeReference"] for update in updates] == [f"L.A{number:03}" for number in range(300)]
    assert {update["nodeVersionNumber"] for update in updates} == {2}
    kept = client.app.test_client().get(
        f"/runs/{response.headers['Relink-Run']}/response", auth=(ADMIN, PASSWORD), headers={"Accept": JSON}
    )
    assert kept.mimetype == "application/xml"
    assert json.loads(b"".join(json_blocks([kept.data]))) == response.get_json()


def test_a_large_response_is_converted_while_it_is_made() -> None:
    row = b"<Update><nodeReference>P.A</nodeReference></Update>"
    read = 0

    def document() -> Iterator[bytes]:
        nonlocal read
        yield b"<UpdateNodeVersions><errorNumber>0</errorNumber><UpdateList>"
        for _ in range(1000):
            read += 1
            yield row * 100
        yield b"</UpdateList></UpdateNodeVersions>"

    blocks = json_blocks(document())
    first = next(blocks)
    assert read < 50
    assert len(first) < 200_000
    assert len(json.loads(first + b"".join(blocks))["UpdateList"]["Update"]) == 100_000


def test_an_import_in_json(client: Client) -> None:
    version = {
        "nodeVersionNumber": 1,
        "frozenIndicator": True,
        "nodeVersionReferenceType": "system.NODE_LIST_TYPE.1",
        "MemberList": {"Member": [{"nodeVersionReferenceMemberType": "system.NODE_LIST.1", "nodeMemberValue": "v"}]},
    }
    nodes = [{"nodeReference": f"J.N{number}", "VersionList": {"Version": [version]}} for number in range(3)]
    body = {"NodeList": {"Node": nodes}, "userLogonReference": ADMIN, "password": PASSWORD}
    imported = post(client.app, "NodeImport", body, user=None)
    assert imported.get_json() == {
        "errorNumber": 0,
        "nodesCreated": 4,
        "versionsCreated": 4,
        "versionsReplaced": 0,
        "membersWritten": 3,
    }
    assert client.get("J.N2").members() == ["system.NODE_LIST.1 = v"]
    broken = {"NodeList": {"Node": [{"nodeReference": "J.N3", "VersionList": {"Version": [{**version, "x": 1}]}}]}}
    assert_json_failure(post(client.app, "NodeImport", broken), 400, 105, "VersionList/Version", "'x'")
    assert get(client.app, "/servicejson/NodeImport").status_code == 405


NAMES = st.sampled_from(
    ["action", "nodeReference", "nodeVersionReference", "MemberTypeList", "MemberType", "MemberList", "Member", "query"]
)
TEXTS = st.sampled_from(["force", "impact", "P.A", "system.$latest", "", " ", "\0", "\ud800", "9" * 30]) | st.text(
    max_size=4
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES | st.text(max_size=3), inner, max_size=3),
    max_leaves=12,
)


@ANY
@given(service=st.sampled_from(sorted(SERVICES)), body=st.dictionaries(NAMES, VALUES, max_size=4) | VALUES)
def test_any_json_gets_a_response(reader: Client, service: str, body: object) -> None:
    """The client has not signed in, so the requests change nothing."""
    response = post(reader.app, service, body, user=None)
    assert response.status_code in (200, 400, 413), response.text
    assert response.get_json()["errorNumber"] not in (-1, 100)


@ANY
@given(
    service=st.sampled_from(sorted(SERVICES)),
    query=st.lists(st.tuples(NAMES | st.text(max_size=5), TEXTS.filter(lambda text: "\ud800" not in text)), max_size=4),
)
def test_any_parameters_get_a_response(reader: Client, service: str, query: list[tuple[str, str]]) -> None:
    response = reader.app.test_client().get(f"/servicejson/{service}", query_string=urlencode(query))
    assert response.status_code in (200, 400, 405), response.text
    assert response.get_json()["errorNumber"] != 100


MakeUser = Callable[..., None]


def test_rights_are_those_of_xml(store: Client, make_user: MakeUser) -> None:
    make_user("ann", "node-read P.A")
    shown = post(store.app, "GetNode", {"nodeVersionReference": "P.A"}, user="ann").get_json()
    (member,) = shown["MemberList"]["Member"]
    assert "nodeVersionReferenceTarget" not in member
    refused = post(store.app, "GetNode", {"nodeVersionReference": "P.B"}, user="ann")
    assert (refused.status_code, refused.get_json()["errorNumber"]) == (200, 101)
