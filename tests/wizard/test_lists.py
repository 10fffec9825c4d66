"""Drop-down lists: the requests to the host, the responses that are accepted, and the field without a list."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from sqlalchemy import Engine
from structlog.testing import capture_logs

from app.application import create_app
from app.settings import Settings
from tests.support.http import SECRET_KEY
from tests.support.local_server import local_server
from tests.support.receiver import SECRET, is_signed
from tests.support.solution_store import DATA, Store, auth_slot, config_slot, ddl, element, screen, slots
from tests.support.wizard import Wizard

GENERAL = [{"text": "#general", "value": "C1"}, {"text": "<b>#random</b>", "value": 2}]


@dataclass
class Host:
    """A source of lists. It returns `body` with `status` to each request."""

    url: str = ""
    status: int = 200
    body: bytes = json.dumps(GENERAL).encode()
    asked: list[dict[str, Any]] = field(default_factory=list)
    signed: list[bool] = field(default_factory=list)


@contextmanager
def serving() -> Iterator[Host]:
    host = Host()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            signature = self.headers["Relink-Signature"]
            host.signed.append(signature is not None and is_signed(signature, body))
            host.asked.append(json.loads(body))
            self.send_response(host.status)
            if host.status == 302:
                self.send_header("Location", host.url)
            self.send_header("Content-Length", str(len(host.body)))
            self.end_headers()
            self.wfile.write(host.body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with local_server(Handler) as port:
        host.url = f"http://127.0.0.1:{port}/lists"
        yield host


@pytest.fixture
def host() -> Iterator[Host]:
    with serving() as host:
        yield host


@pytest.fixture
def made(engine: Engine, store: Store, host: Host) -> Callable[..., Wizard]:
    """Make the wizard of a service that asks the host for lists."""

    def make(webhook_secret: str | None = None) -> Wizard:
        settings = Settings(secret_key=SECRET_KEY, options_url=host.url, webhook_secret=webhook_secret)
        return Wizard(create_app(settings, engine), store)

    return make


CHANNEL = config_slot("channel", ddl(input='{"n": 1}', authSlotExternalId="slack"), title="Channel", type="ddl")


def test_the_entries_are_of_the_account_that_was_chosen(made: Callable[..., Wizard], store: Store, host: Host) -> None:
    owner = store.user()
    slack = store.authentication(owner)
    instance = store.instance(store.published(auth=[auth_slot("slack", title="Slack")], config=[CHANNEL]), owner)
    wizard = made(webhook_secret=SECRET)
    page = wizard.open(instance)
    assert host.asked == [], "no account is chosen yet"
    assert "Choose the account first" in page.text
    page = page.send("reload", {"auth:slack": slack})
    assert host.asked == [
        {
            "connector": "slack",
            "version": "2.0",
            "operation": "list_channels",
            "input": {"n": 1},
            "authenticationId": slack,
            "authenticationIsNew": False,
            "solutionInstanceId": instance,
        }
    ]
    assert host.signed == [True]
    assert page.texts("select option") == ["Choose", "#general", "<b>#random</b>"]
    assert page.send().reasons[1:] == ["Choose an entry of the list."]
    assert page.send(values={"list-config:channel": "{}"}).reasons[1:] == ["Choose an entry of the list."]
    page = page.send(values={"list-config:channel": "2"})
    assert page.title == "Summary"
    page.send("finish")
    assert store.get(instance).config == {"channel": "2"}
    page = made().open(instance)
    assert (page.fields["list-config:channel"], host.signed[-1]) == ("2", False)


@pytest.mark.ledger("DEC-343")
@pytest.mark.parametrize("screens", [("slack channel",), ("slack", "channel")], ids=["one screen", "two screens"])
def test_the_entries_for_an_account_that_is_new_in_the_wizard(
    made: Callable[..., Wizard], store: Store, host: Host, screens: tuple[str, ...]
) -> None:
    owner = store.user()
    solution = store.set(
        *slots(auth=[auth_slot("slack", title="Slack")], config=[CHANNEL]),
        element("ScreenList", *(screen(f"Screen {number}", *ids.split()) for number, ids in enumerate(screens))),
    )
    store.publish(solution)
    instance = store.instance(solution, owner)
    page = made().open(instance)
    account = {"auth:slack": "new", "name-auth:slack": "Mine", "data-auth:slack": DATA}
    page = page.send("reload" if len(screens) == 1 else "next", account)
    (asked,) = host.asked
    assert asked["authenticationIsNew"]
    assert DATA not in json.dumps(asked)
    assert page.texts("select option") == ["Choose", "#general", "<b>#random</b>"]
    page = page.send(values={"list-config:channel": "2"})
    page = page.send("go-0").send(values={"name-auth:slack": "Renamed"})
    assert host.asked[-1]["authenticationId"] == asked["authenticationId"]
    while page.title != "Summary":
        page = page.send()
    page.send("finish")
    found = store.get(instance)
    assert (found.config, found.auth) == ({"channel": "2"}, {"slack": asked["authenticationId"]})


@pytest.mark.ledger("DEC-280")
@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, b"[]"),
        (302, b"[]"),
        (200, b"secret"),
        (200, b"\xff"),
        (200, b'{"text": "a", "value": 1}'),
        (200, b'[{"text": "secret"}]'),
        (200, b'[{"text": "secret", "value": null}]'),
        (200, b'[{"text": "secret", "value": ["a"]}]'),
        (200, b'[{"text": 1, "value": "secret"}]'),
        (200, b'["secret"]'),
        (200, b"[" + b" " * 1024 * 1024 + b"]"),
        (200, b"[" * 5000 + b"]" * 5000),
        (200, json.dumps([{"text": "a", "value": 1}] * 5001).encode()),
    ],
)
def test_without_valid_entries_the_value_is_typed(
    made: Callable[..., Wizard], store: Store, host: Host, status: int, body: bytes
) -> None:
    host.status, host.body = status, body
    slot = config_slot("channel", ddl(), type="ddl")
    owner = store.user()
    instance = store.instance(store.published(config=[slot]), owner)
    with capture_logs() as logs:
        page = made().open(instance)
    (line,) = [line for line in logs if line["event"] == "list not loaded"]
    assert (line["instance_id"], line["authentication_id"]) == (instance, None)
    assert "secret" not in str(line)
    assert len(host.asked) == 1, "a redirection is not followed"
    page = page.send(values={"config:channel": "typed"})
    page.send("finish")
    assert store.get(instance).config == {"channel": '"typed"'}


def test_an_entry_may_have_any_characters(made: Callable[..., Wizard], store: Store, host: Host) -> None:
    host.body = b'[{"text": "half \\ud800", "value": "\\udfff\\u0000<"}, {"text": "\\u00e9", "value": "\\u00e9"}]'
    instance = store.instance(store.published(config=[config_slot("channel", ddl(), type="ddl")]))
    page = made().open(instance)
    assert page.texts("option") == ["Choose", "half \ufffd", "\u00e9"]
    page = page.send(values={"list-config:channel": page.tree.cssselect("option")[1].get("value", "")})
    assert page.summary() == {"channel": "\ufffd\ufffd<"}
    page.send("finish")
    assert store.get(instance).config == {"channel": '"\\udfff\\u0000<"'}


def test_a_host_that_cannot_be_reached_does_not_break_the_page(engine: Engine, store: Store, wizard: Wizard) -> None:
    slot = config_slot("channel", ddl(authSlotExternalId="slack"), type="ddl")
    owner = store.user()
    slack = store.authentication(owner)
    solution = store.published(config=[slot], auth=[auth_slot("slack", hidden=True)])
    instance = store.instance(solution, owner, auth={"slack": slack})
    away = Settings(secret_key=SECRET_KEY, options_url="http://127.0.0.1:1/lists")
    with capture_logs() as logs:
        page = Wizard(create_app(away, engine), store).open(instance)
    (line,) = [line for line in logs if line["event"] == "list not loaded"]
    assert (line["reason"], line["authentication_id"]) == ("ConnectionRefusedError", slack)
    assert DATA not in str(logs)
    assert page.texts("select") == []
    assert "Type the value." in wizard.open(instance).text, "without a URL nothing is asked"
