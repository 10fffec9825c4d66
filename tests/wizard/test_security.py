"""Who may open the wizard, what its pages reveal, and who may frame them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import Engine, text
from structlog.testing import capture_logs

from app.application import create_app
from app.settings import Settings
from app.solutions.wizard.sessions import forget_sessions
from tests.services.test_queued_runs import eventually
from tests.support.http import SECRET_KEY, Client
from tests.support.lock_waits import waiting_sessions
from tests.support.pages import Pages
from tests.support.solution_store import Store, auth_slot, config_slot, ddl, element, screen, slots
from tests.support.wizard import Wizard, WizardPage

NOBODY = "00000000-0000-4000-8000-000000000000"
SCRIPT = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>{{ 1234567*8 }}"
EXPIRED = "The link to this page has been used already, or is older than five minutes."


@pytest.fixture
def instance(store: Store) -> str:
    return store.instance(store.published(config=[config_slot("a")]))


def address(instance: str, code: str) -> str:
    return f"/external/solutions/acme/configure/{instance}?code={code}"


def refused(page: WizardPage, status: int, reason: str) -> None:
    """The page says why it cannot be shown, and tells the host."""
    assert page.status == status
    assert page.response.headers["Relink-Error-Number"] != "0"
    assert reason in page.text
    assert page.message is not None
    assert reason in page.message["err"]


@pytest.mark.ledger("DEC-276")
def test_a_code_opens_the_wizard_once(wizard: Wizard, instance: str) -> None:
    code = wizard.code(solutionInstanceId=instance)
    assert wizard.get(address(instance, code)).status == 200
    again = wizard.get(address(instance, code))
    refused(again, 403, EXPIRED)
    assert again.message == {"type": "tray.configPopup.error", "err": EXPIRED}
    refused(wizard.get(address(instance, "")), 403, EXPIRED)
    refused(wizard.get(address(instance, "é" * 43)), 403, EXPIRED)


@pytest.mark.ledger("DEC-276")
def test_of_requests_with_one_code_at_the_same_moment_one_gets_in(
    wizard: Wizard, engine: Engine, instance: str
) -> None:
    code = wizard.code(solutionInstanceId=instance)
    with ThreadPoolExecutor(4) as threads:
        with engine.begin() as connection:
            connection.execute(text("SELECT FROM access_token FOR UPDATE"))
            requests = [threads.submit(wizard.get, address(instance, code)) for _ in range(4)]
            eventually(lambda: waiting_sessions(engine) == len(requests))
        pages = sorted((request.result() for request in requests), key=lambda page: page.status)
    assert [page.status for page in pages] == [200, 403, 403, 403]
    assert pages[0].send(values={"config:a": "x"}).send("finish").title == "Your settings are saved"


@pytest.mark.ledger("DEC-276")
def test_a_code_expires_and_is_not_used_up_by_head_or_a_prefetch(wizard: Wizard, engine: Engine, instance: str) -> None:
    code = wizard.code(solutionInstanceId=instance)
    client = wizard.app.test_client()
    assert client.head(address(instance, code)).status_code == 204
    assert client.get(address(instance, code), headers={"Sec-Purpose": "prefetch;prerender"}).status_code == 204
    assert wizard.get(address(instance, code)).status == 200
    code = wizard.code(solutionInstanceId=instance)
    with engine.begin() as connection:
        connection.execute(text("UPDATE access_token SET expires_at = now()"))
    refused(wizard.get(address(instance, code)), 403, EXPIRED)


@pytest.mark.ledger("DEC-276")
def test_a_code_does_not_open_the_instance_of_another_user(wizard: Wizard, store: Store, instance: str) -> None:
    bo = store.user("Bo")
    for other in (instance, NOBODY, "none"):
        code = wizard.code(userId=bo)
        refused(wizard.get(address(other, code)), 404, "The integration is not found: it was removed, or")
        own = store.instance(store.published(), bo)
        refused(wizard.get(address(own, code)), 403, EXPIRED)


@pytest.mark.ledger("DEC-347")
def test_a_token_is_for_its_own_page_alone(wizard: Wizard, store: Store, instance: str) -> None:
    owner = store.user()
    mine = store.instance(store.published(config=[config_slot("a")]), owner)
    token = wizard.open(mine).fields["token"]
    for path in (
        f"/external/solutions/acme/configure/{instance}",
        f"/external/solutions/acme/configure/{NOBODY}",
        "/external/solutions/acme/configure/none",
        "/external/auth/create/acme",
        f"/external/auth/create/acme/{mine}/slack",
        f"/external/auth/edit/acme/{NOBODY}",
    ):
        refused(
            wizard.post(path, {"token": token, "config:a": "x", "action": "finish"}), 403, "was not used for an hour"
        )
    assert wizard.post(f"/external/solutions/other-partner/configure/{mine}", {"token": token}).status == 200


@pytest.mark.ledger("DEC-347")
def test_a_session_that_has_ended_stores_nothing_and_is_forgotten(
    wizard: Wizard, store: Store, engine: Engine, instance: str
) -> None:
    page = wizard.open(instance).send(values={"config:a": "secret"})
    with engine.connect() as connection:
        (stored,) = connection.execute(text("SELECT filled_in FROM wizard_session")).scalars()
    assert b"secret" not in bytes(stored)
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE wizard_session SET expires_at = now() - CAST(:by AS interval)"), {"by": timedelta(1)}
        )
    refused(page.send("finish"), 403, "Nothing was stored.")
    assert store.get(instance).config == {}
    forget_sessions(engine)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM wizard_session")).scalar_one() == 0


@pytest.mark.ledger("DEC-347")
def test_finishing_twice_stores_once(wizard: Wizard, store: Store, instance: str) -> None:
    page = wizard.open(instance).send(values={"config:a": "x"})
    assert page.send("finish").title == "Your settings are saved"
    refused(page.send("finish"), 403, "Nothing was stored.")
    store.update(instance, config={"a": '"later"'})
    assert store.get(instance).config == {"a": '"later"'}


@pytest.mark.ledger("DEC-347")
def test_of_two_requests_that_finish_at_once_one_succeeds(
    wizard: Wizard, store: Store, engine: Engine, instance: str
) -> None:
    page = wizard.open(instance).send(values={"config:a": "x"})
    with ThreadPoolExecutor(2) as threads, engine.connect() as connection:
        connection.execute(text("SELECT FROM external_user FOR UPDATE"))
        finished = [threads.submit(page.send, "finish") for _ in range(2)]
        eventually(lambda: waiting_sessions(engine, "%external_user%") == 2)
        connection.rollback()
        assert sorted(each.result().status for each in finished) == [200, 403]
    assert store.get(instance).config == {"a": '"x"'}


def test_an_instance_that_is_removed_meanwhile_ends_the_wizard(wizard: Wizard, store: Store, instance: str) -> None:
    page = wizard.open(instance)
    store.done("RemoveSolutionInstance", solutionInstanceId=instance)
    refused(page.send(values={"config:a": "x"}), 403, "Nothing was stored.")


def test_hidden_slots_are_neither_shown_nor_accepted(wizard: Wizard, store: Store) -> None:
    hidden = config_slot(
        "hidden-one", title="Hidden title", hidden=True, mandatory=False, defaultValue='"hidden default"'
    )
    solution = store.set(
        *slots(config=[config_slot("a"), hidden], auth=[auth_slot("hidden-auth", hidden=True, mandatory=False)]),
        element("ScreenList", screen("One", "hidden-one", "hidden-auth", "a")),
    )
    store.publish(solution)
    instance = store.instance(solution, config={"hidden-one": '"hidden value"'})
    values = {"config:a": "x", "config:hidden-one": "y", "auth:hidden-auth": NOBODY}
    page = wizard.open(instance, "&customValidation=true").send(values=values)
    assert page.title == "Summary"
    page.send("finish")
    assert store.get(instance).config == {"a": '"x"', "hidden-one": '"hidden value"'}
    assert "idden" not in "".join(wizard.seen).replace('type="hidden"', "").replace('aria-hidden="true"', "")


def test_a_script_in_a_name_or_a_value_is_text(wizard: Wizard, store: Store) -> None:
    slack = auth_slot("a" + SCRIPT, title=SCRIPT, service=SCRIPT, serviceEnvironment="", serviceVersion=SCRIPT)
    config = [
        config_slot("b" + SCRIPT, title=SCRIPT, mandatory=False),
        config_slot("c", title=SCRIPT, type="object", mandatory=False),
    ]
    solution = store.set(
        *slots(auth=[slack], config=config), element("ScreenList", screen(SCRIPT, text=SCRIPT)), title=SCRIPT
    )
    store.publish(solution)
    owner = store.user()
    store.authentication(owner, name=SCRIPT, service=SCRIPT, serviceVersion=SCRIPT, serviceEnvironment=SCRIPT)
    instance = store.instance(solution, owner)
    page = wizard.open(instance, "&customValidation=true").send()
    name = f"auth:a{SCRIPT}"
    assert page.title == "More settings"
    account = {name: "new", f"name-{name}": SCRIPT, f"environment-{name}": SCRIPT, f"data-{name}": SCRIPT}
    page = page.send(values={**account, f"config:b{SCRIPT}": SCRIPT, "config:c": SCRIPT})
    assert page.reasons[1:] == [
        'Type the credentials as JSON, such as {"token": "..."}.',
        'Type a JSON object, such as {"name": "value"}.',
    ]
    assert page.fields["config:c"] == SCRIPT
    page = page.send(values={f"data-{name}": "{}", "config:c": "{}"})
    assert page.summary()[SCRIPT]
    page = page.send("finish")
    assert page.title == "Your settings are saved"
    wizard.get(f"/external/{SCRIPT}?code={SCRIPT}")
    for seen in wizard.seen:
        assert "<script>" not in seen
        assert "<img" not in seen
        assert "9876536" not in seen, "the text is not a template"


@pytest.mark.ledger("DEC-275")
def test_a_session_of_the_console_opens_no_wizard_and_a_wizard_no_console(
    wizard: Wizard, app: Flask, instance: str
) -> None:
    pages = Pages.of(app)
    assert pages.client.get(address(instance, "")).status_code == 403
    token = wizard.open(instance).fields["token"]
    browser = app.test_client()
    browser.set_cookie("relink-session", token)
    assert browser.get("/console").status_code == 303
    assert browser.get("/graphql", headers={"Authorization": f"Bearer {token}"}).status_code in (401, 405)


def test_control_characters_and_other_bodies_are_refused(wizard: Wizard, app: Flask, instance: str) -> None:
    page = wizard.open(instance)
    refused(page.send(values={"config:a": "\x00"}), 400, "control character")
    response = app.test_client().post(page.path, json={"token": page.fields["token"]})
    assert (response.status_code, response.headers["Relink-Error-Number"]) == (415, "103")
    for position in ("-1", "99999999999999999999", "x", "\u0663", ""):
        assert wizard.post(page.path, {**page.fields, "position": position, "action": "back"}).status == 200
    for action in ("go-99", "go-x", "go-\u0663", "", "nonsense"):
        assert page.send(action).status == 200
    assert page.send("finish").title == "Settings", "only the summary has a button that finishes"
    assert wizard.get("/external/nothing").status == 404
    assert app.test_client().put(page.path).status_code == 405


@pytest.fixture
def made(engine: Engine, store: Store) -> Callable[..., Wizard]:
    """Make the wizard of a service with other settings."""

    def make(policy: str, **settings: object) -> Wizard:
        app = create_app(Settings(secret_key=SECRET_KEY, **settings), engine)  # type: ignore[arg-type]
        return Wizard(app, Store(Client(app)), policy)

    return make


ODD = (
    "",
    " ",
    "\u0663",
    "9" * 5000,
    "-0",
    "1e999",
    "NaN",
    "null",
    "[" * 500,
    '{"a": NaN}',
    '"\\ud800"',
    "\u202e\U0001f600",
)


def test_any_typed_text_is_accepted_or_refused_beside_its_field(wizard: Wizard, store: Store) -> None:
    kinds = ("string", "integer", "number", "boolean", "object", "array")
    config = [config_slot(kind, type=kind) for kind in kinds] + [config_slot("ddl", ddl(), type="ddl")]
    instance = store.instance(store.published(auth=[auth_slot("slack", serviceEnvironment="")], config=config))
    page = wizard.open(instance)
    names = [f"config:{kind}" for kind in (*kinds, "ddl")] + ["list-config:ddl", "auth:slack", "connected-auth:slack"]
    names += [f"{part}-auth:slack" for part in ("name", "environment", "data")]
    for odd in ODD:
        for values in (dict.fromkeys(names, odd), {**dict.fromkeys(names, odd), "auth:slack": "new"}):
            for action in ("next", "reload"):
                sent = page.send(action, values)
                assert (sent.status, sent.title) == (200, "Settings")
                assert action == "reload" or sent.reasons


def test_a_request_beyond_the_limit_is_refused(wizard: Wizard, instance: str) -> None:
    page = wizard.open(instance)
    refused(wizard.post(page.path, {"config:a": "x" * 1_100_000}), 413, "")


@pytest.mark.ledger("DEC-281")
def test_the_policy_names_the_hosts_and_their_stylesheet_alone(
    made: Callable[..., Wizard], store: Store, instance: str
) -> None:
    policy = (
        "default-src 'self'; style-src 'self' https://cdn.example.com/a.css;"
        " frame-ancestors https://app.example.com http://localhost:3000; form-action 'self'; base-uri 'none'"
    )
    wizard = made(
        policy,
        wizard_origins=("https://app.example.com", "http://localhost:3000"),
        wizard_stylesheet="https://cdn.example.com/a.css?v=1",
    )
    page = wizard.open(instance)
    assert [link.get("href") for link in page.tree.cssselect("link")][1] == "https://cdn.example.com/a.css?v=1"
    assert page.tree.find("body").get("data-origins") == "https://app.example.com http://localhost:3000"
    wizard.get("/external/nothing")


def test_without_a_key_the_page_says_what_the_operator_must_do(engine: Engine, wizard: Wizard, instance: str) -> None:
    keyless = Wizard(create_app(Settings(), engine), wizard.store)
    refused(keyless.open(instance), 409, "the operator of this service must set RELINK_SECRET_KEY")


def test_the_log_has_neither_the_code_nor_the_token_nor_a_value(wizard: Wizard, store: Store) -> None:
    instance = store.instance(store.published(config=[config_slot("a")], auth=[auth_slot("slack")]))
    with capture_logs() as logs:
        code = wizard.code(solutionInstanceId=instance)
        page = wizard.get(address(instance, code))
        token = page.fields["token"]
        account = {"auth:slack": "new", "name-auth:slack": "Mine", "data-auth:slack": '{"token": "xoxb-17"}'}
        page = page.send(values={**account, "config:a": "very-private"})
        page.send("finish")
    assert any(line["event"] == "audit" and line["action"] == "token-created" for line in logs)
    for secret in (code, token, "very-private", "xoxb-17"):
        assert secret not in str(logs)


def test_a_refused_code_is_in_the_audit(wizard: Wizard, engine: Engine, instance: str) -> None:
    wizard.get(address(instance, "x" * 43))
    with engine.connect() as connection:
        found = connection.execute(text("SELECT action FROM audit WHERE action = 'sign-in-refused'")).all()
    assert len(found) == 1


def test_a_move_by_the_wizard_is_in_the_audit_with_the_end_user(wizard: Wizard, store: Store, engine: Engine) -> None:
    solution = store.published(config=[config_slot("a")])
    owner = store.user()
    instance = store.instance(solution, owner, config={"a": '"x"'})
    store.republish(solution, config=[config_slot("a"), config_slot("b")])
    wizard.open(instance).send(values={"config:b": "y"}).send("finish")
    with engine.connect() as connection:
        query = text("SELECT actor_name FROM audit WHERE action = 'instance-moved'")
        assert connection.execute(query).scalars().all() == [f"wizard of {owner}"]
