"""Whatever goes wrong with a request, nothing of its content gets into the log or the metrics."""

from __future__ import annotations

import json
from base64 import b64encode
from itertools import count
from urllib.parse import urlencode

import pytest
from flask import Flask
from sqlalchemy import text

from app.application import create_app
from app.settings import Settings
from app.solutions.people.tokens import create_master_token
from tests.support.http import PASSWORD, SECRET_KEY, Client
from tests.support.pages import Pages
from tests.support.raw import BASIC, exchange, request
from tests.support.real_service import Service
from tests.support.solution_store import Store, auth_slot, config_slot
from tests.support.wizard import Wizard

SECRET = "hunter2-s3cr3t"  # noqa: S105
MARK = SECRET.encode()
BASIC_SECRET = b64encode(f"admin:{SECRET}".encode())
CREDENTIALS = f"<userLogonReference>admin</userLogonReference><password>{SECRET}</password>"
_numbers = count()
JSON = json.dumps({"userLogonReference": "nobody", "password": SECRET}).encode()
PARAMETERS = f"userLogonReference=nobody&password={SECRET}"
FORM = "application/x-www-form-urlencoded"

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
    "basic for GraphQL": request("/graphql", b"{}", Authorization=f"Basic \xff{SECRET}"),
    "broken bearer": request("/graphql", b"{}", Authorization=f"Bearer \xff{SECRET}", Content_Type="application/json"),
    "no XML": request("/service", MARK * 100),
    "wrong media type": request("/service", MARK, Content_Type=f"{SECRET}/xml"),
    "unknown service": request(f"/service/{SECRET}", b"<a/>"),
    "JSON": request("/servicejson/GetNode", JSON, Content_Type="application/json"),
    "JSON that is cut": request("/servicejson/GetNode", JSON[:-1], Content_Type="application/json"),
    "JSON of a wrong shape": request("/servicejson/GetNode", b"[%b]" % JSON, Content_Type="application/json"),
    "parameters": request(f"/service/GetNode?{PARAMETERS}", method="GET"),
    "parameters for JSON": request(f"/servicejson/GetNode?{PARAMETERS}&{SECRET}=1", method="GET"),
    "parameters in a form": request("/service/GetNode", PARAMETERS.encode(), Content_Type=FORM),
    "broken parameters": request("/servicejson/GetNode", f"{PARAMETERS}&%ff={SECRET}".encode(), Content_Type=FORM),
    "wrong cookie": request("/console", method="GET", Cookie=f"relink-session={SECRET}"),
    "broken cookie": request("/console/runs", method="GET", Cookie=f'relink-session="{SECRET}ÿ; ;=;'),
    "forged form": request("/console/sign-in", PARAMETERS.encode(), Content_Type=FORM),
    "wrong code": request(f"/external/solutions/acme/configure/1?code={SECRET}", method="GET"),
    "wrong token of a page": request("/external/auth/create/acme", f"token={SECRET}".encode(), Content_Type=FORM),
    "import": request("/service", f"<NodeImport>{CREDENTIALS}<NodeList><Node>{SECRET}".encode()),
}  # fmt: skip


@pytest.fixture
def trap(service: Service) -> None:
    """Make the database repeat its input in its error, as a defect might do."""
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


@pytest.mark.ledger("PRO-9")
@pytest.mark.parametrize("name", REQUESTS)
def test_nothing_of_a_request_that_fails_is_logged(service: Service, name: str) -> None:
    reply = exchange(service.url, REQUESTS[name], end=True)
    assert reply.status != 500
    assert_unseen(service)


@pytest.mark.ledger("PRO-9")
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


@pytest.fixture
def beside(service: Service) -> Flask:
    """The application on the database of the service, in this process: it makes what requests to the service need."""
    return create_app(Settings(secret_key=SECRET_KEY), service.engine)


def sign_in_form(app: Flask) -> bytes:
    browser = Pages(app)
    return form_of(browser, "/console/sign-in", "/console/sign-in", user="nobody", password=SECRET)


def new_user_form(app: Flask) -> bytes:
    typed = {"logon": "not a logon", "name": SECRET, "password": SECRET}
    return form_of(Pages.of(app), "/console/people", "/console/people", **typed)


def password_form(app: Flask) -> bytes:
    user = f"typist-{next(_numbers)}"
    Store(Client(app)).done("CreateUser", userLogonReferenceCreate=user, passwordCreate=PASSWORD, userName="Typist")
    page = f"/console/people/{user}"
    return form_of(Pages.of(app), page, f"{page}/password", old_password=SECRET, new_password=SECRET)


def query_form(app: Flask) -> bytes:
    typed = {"token": SECRET, "variables": f'["{SECRET}"'}
    return form_of(Pages.of(app), "/graphql", "/console/graphql-form", **typed)


def service_form(app: Flask) -> bytes:
    at = "/console/services/CreateUser"
    return form_of(Pages.of(app), at, at, userLogonReferenceCreate=f"typist-{next(_numbers)}", passwordCreate=SECRET)


def form_of(browser: Pages, page: str, action: str, **typed: str) -> bytes:
    """A form of a page, with what was typed, as the browser sends it."""
    fields = browser.get(page, headers={"Accept": "text/html"}).form(action)
    cookie = browser.client.get_cookie("relink-session")
    assert cookie is not None
    sent = urlencode({**fields, **typed}).encode()
    return request(action, sent, Content_Type=FORM, Cookie=f"relink-session={cookie.value}")


def wizard_form(app: Flask) -> bytes:
    store = Store(Client(app))
    slots = {"auth": [auth_slot("slack", serviceEnvironment="")], "config": [config_slot("a", type="integer")]}
    page = Wizard(app, store).open(store.instance(store.published(**slots)))
    typed = {"auth:slack": "new", "name-auth:slack": SECRET, "data-auth:slack": SECRET, "config:a": SECRET}
    sent = urlencode({**page.fields, **typed, "action": "next"}).encode()
    return request(page.path, sent, Content_Type=FORM)


def variables(app: Flask) -> bytes:
    with app.extensions["relink"].engine.begin() as connection:
        token = create_master_token(connection, "Partner").token
    query = "query ($first: Int) { viewer { solutions(first: $first) { edges { node { id } } } } }"
    body = json.dumps({"query": query, "variables": {"first": SECRET, SECRET: SECRET}}).encode()
    return request("/graphql", body, Authorization=f"Bearer {token}", Content_Type="application/json")


FORMS = {
    "sign-in": (sign_in_form, {403, 429}),  # 429 after the wrong passwords of other tests
    "new user": (new_user_form, {422}),
    "password": (password_form, {303}),
    "query": (query_form, {422}),
    "service": (service_form, {200}),
    "wizard": (wizard_form, {200}),
    "variables": (variables, {200}),
}


@pytest.mark.ledger("PRO-9")
@pytest.mark.parametrize("name", FORMS)
def test_nothing_that_is_typed_is_logged(service: Service, beside: Flask, name: str) -> None:
    made, statuses = FORMS[name]
    reply = exchange(service.url, made(beside))
    assert reply.status in statuses, reply.body.decode()
    if name == "sign-in":
        assert b'value="nobody"' in reply.body, "the form was refused before it was read"
    assert_unseen(service)


def assert_unseen(service: Service) -> None:
    metrics = exchange(service.url, request("/metrics", method="GET", Authorization=BASIC)).body.decode()
    for written in (service.log(), metrics):
        assert written
        assert SECRET not in written
        assert BASIC_SECRET.decode() not in written
