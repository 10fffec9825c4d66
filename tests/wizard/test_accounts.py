"""Authentications in the wizard: the choices, those of the host's dialog, and the pages for a single one."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import Engine, text

from app.application import create_app
from app.settings import Settings
from app.solutions.people.authentications import read_authentications
from app.solutions.people.cipher import Cipher
from tests.support.authentications import read_data
from tests.support.http import SECRET_KEY
from tests.support.solution_store import Store, auth_slot
from tests.support.wizard import Wizard

DIALOG = "https://app.example.com/connect?lang=en"


@pytest.fixture
def owner(store: Store) -> str:
    return store.user()


@pytest.fixture
def instance(store: Store, owner: str) -> str:
    slot = auth_slot("slack", ["chat"], title="Slack")
    return store.instance(store.published(auth=[slot]), owner)


@pytest.fixture
def with_dialog(engine: Engine, store: Store) -> Wizard:
    """The wizard of a service whose host has a dialog for new accounts."""
    return Wizard(create_app(Settings(secret_key=SECRET_KEY, auth_url=DIALOG), engine), store)


def test_only_own_accounts_that_fit_can_be_chosen(wizard: Wizard, store: Store, owner: str, instance: str) -> None:
    fitting = store.authentication(owner, ["chat"], name="Fits")
    for fields in (
        {"name": "No scope"},
        {"serviceVersion": "1.0"},
        {"service": "teams"},
        {"serviceEnvironment": "test"},
    ):
        scopes = [] if "name" in fields else ["chat"]
        store.authentication(owner, scopes, **{"name": "Other", **fields})
    store.authentication(owner, ["chat"], name="Expired", expires="2020-01-01T00:00:00Z")
    foreign = store.authentication(store.user(), ["chat"], name="Foreign")
    builders = store.authentication(None, ["chat"], name="Builder's")
    page = wizard.open(instance)
    assert page.texts(".choice > label") == ["Fits production", "A new account"]
    for wrong in (foreign, builders, "none"):
        assert page.send(values={"auth:slack": wrong}).reasons[1:] == [
            "This account does not fit here, or it has expired. Choose another one."
        ]
    assert page.send(values={"auth:slack": ""}).reasons[1:] == ["Choose an account."]
    assert page.send(values={"auth:slack": fitting}).summary() == {"Slack": "Fits"}


def test_a_hidden_account_is_shown_only_where_it_is_held(
    wizard: Wizard, store: Store, owner: str, engine: Engine
) -> None:
    slot = auth_slot("slack", mandatory=False)
    solution = store.published(auth=[slot])
    hidden = store.authentication(owner, name="Hidden")
    with engine.begin() as connection:
        connection.execute(text("UPDATE authentication SET hidden = true"))
    assert wizard.open(store.instance(solution, owner)).texts(".choice > label") == ["None", "A new account"]
    held = store.instance(solution, owner, auth={"slack": hidden})
    assert wizard.open(held).texts(".choice > label") == ["Hidden production", "A new account"]


def test_the_dialog_of_the_host_connects_accounts(with_dialog: Wizard, store: Store, owner: str, instance: str) -> None:
    page = with_dialog.open(instance)
    assert page.texts(".choice > label") == []
    (link,) = page.tree.cssselect("a[data-connect]")
    asked = parse_qs(urlsplit(link.get("href")).query)
    assert len(asked.pop("state")[0]) == 64
    assert asked == {"lang": ["en"], "service": ["slack"], "environment": ["production"], "instance": [instance]}
    assert page.tree.cssselect("form")[0].get("data-dialogs") == "https://app.example.com"
    connected = store.authentication(owner, ["chat"], name="Connected")
    page = page.send("reload")
    assert page.texts(".choice > label") == ["Connected production"]
    page = page.send("reload", {"connected-auth:slack": connected})
    assert page.fields["auth:slack"] == connected
    assert page.send().send("finish").title == "Your settings are saved"
    assert store.get(instance).auth == {"slack": connected}


def test_an_account_that_the_dialog_connected_must_fit_the_slot(
    with_dialog: Wizard, store: Store, instance: str
) -> None:
    foreign = store.authentication(store.user(), ["chat"])
    page = with_dialog.open(instance).send("next", {"connected-auth:slack": foreign})
    assert page.reasons[1:] == ["This account does not fit here, or it has expired. Choose another one."]


class TestAlone:
    """The pages that only create or change an authentication."""

    def data(self, engine: Engine, authentication: str) -> str:
        with engine.connect() as connection:
            return read_data(connection, Cipher(SECRET_KEY), authentication)

    @pytest.mark.ledger("DEC-279")
    def test_an_account_is_created_for_a_slot_of_an_instance(
        self, wizard: Wizard, store: Store, engine: Engine, owner: str, instance: str
    ) -> None:
        code = wizard.code(userId=owner)
        page = wizard.get(f"/external/auth/create/acme/{instance}/slack?code={code}")
        assert (page.title, "slack 2.0" in page.text) == ("Connect an account", True)
        page = page.send("finish", {"name-account": "Mine"})
        assert page.reasons == ["Fill in the credentials."]
        assert page.fields["name-account"] == "Mine"
        page = page.send("finish", {"data-account": '{"token": "xoxb"}'})
        assert page.message is not None
        assert page.message["type"] == "tray.authpopup.finish"
        created = page.message["authId"]
        assert store.get(instance).auth == {}, "the host gives it to the instance"
        assert store.update(instance, auth={"slack": created}).pending == []
        assert self.data(engine, created) == '{"token": "xoxb"}'

    def test_an_account_is_created_for_a_slot_whose_id_has_slashes(
        self, wizard: Wizard, store: Store, owner: str
    ) -> None:
        instance = store.instance(store.published(auth=[auth_slot("a/b c?")]), owner)
        page = wizard.get(f"/external/auth/create/acme/{instance}/a%2Fb%20c%3F?code={wizard.code(userId=owner)}")
        assert page.status == 200
        page = page.send("finish", {"name-account": "Mine", "data-account": "{}"})
        assert page.title == "The account is connected"

    def test_an_account_is_created_for_any_service(self, wizard: Wizard, engine: Engine, owner: str) -> None:
        page = wizard.get(f"/external/auth/create/acme?code={wizard.code(userId=owner)}")
        given = {"name-account": "Mine", "environment-account": "test", "data-account": "{}"}
        page = page.send("finish", given)
        assert page.reasons == ["Say which service the account is for."]
        page = page.send("finish", {**given, "service": "teams"})
        assert page.message is not None
        with engine.connect() as connection:
            found = read_authentications(connection, owner=owner)[page.message["authId"]]
        assert (found.name, found.facts.service, found.facts.service_environment) == ("Mine", "teams", "test")

    def test_the_name_or_the_credentials_of_an_account_are_changed(
        self, wizard: Wizard, store: Store, engine: Engine, owner: str
    ) -> None:
        mine = store.authentication(owner, ["chat"], name="Before", data='{"a": 1}')
        page = wizard.get(f"/external/auth/edit/acme/{mine}?code={wizard.code(userId=owner)}")
        assert (page.title, page.fields["name-account"], page.fields["data-account"]) == (
            "Change an account",
            "Before",
            "",
        )
        page = page.send("finish", {"name-account": "After"})
        assert page.message == {"type": "tray.authpopup.finish", "authId": mine}
        assert self.data(engine, mine) == '{"a": 1}'
        page = wizard.get(f"/external/auth/edit/acme/{mine}?code={wizard.code(userId=owner)}")
        page.send("finish", {"data-account": '{"b": 2}'})
        assert self.data(engine, mine) == '{"b": 2}'
        with engine.connect() as connection:
            found = read_authentications(connection, owner=owner)[mine]
        assert (found.name, found.facts.service, found.facts.scopes) == ("After", "slack", frozenset({"chat"}))

    @pytest.mark.ledger("DEC-378")
    @pytest.mark.parametrize("expires", ["2020-01-01T00:00:00Z", "2100-01-01T00:00:00Z"])
    def test_new_credentials_take_the_expiry_of_the_former_ones_away(
        self, wizard: Wizard, store: Store, engine: Engine, owner: str, instance: str, expires: str
    ) -> None:
        mine = store.authentication(owner, ["chat"])
        store.update(instance, auth={"slack": mine})
        store.done("SetAuthentication", authenticationId=mine, expires=expires)

        def edit(**values: str) -> tuple[str, list[str], bool]:
            page = wizard.get(f"/external/auth/edit/acme/{mine}?code={wizard.code(userId=owner)}")
            page = page.send("finish", {f"{name}-account": value for name, value in values.items()})
            with engine.connect() as connection:
                found = read_authentications(connection, owner=owner)[mine]
            return page.title, store.get(instance).pending, found.expires is None

        has_expired = expires.startswith("2020")
        title = "The account has expired" if has_expired else "The account is connected"
        assert edit(name="After") == (title, ["slack"] if has_expired else [], False)
        assert edit(data='{"b": 2}') == ("The account is connected", [], True)

    def test_accounts_and_instances_of_another_user_are_not_found(
        self, wizard: Wizard, store: Store, owner: str, instance: str
    ) -> None:
        other = store.user()
        mine = store.authentication(owner)
        for path in (f"/external/auth/edit/acme/{mine}", f"/external/auth/create/acme/{instance}/slack"):
            page = wizard.get(f"{path}?code={wizard.code(userId=other)}")
            assert (page.status, page.message) == (404, {"type": "tray.authPopup.error", "err": page.texts("p")[0]})
        page = wizard.get(f"/external/auth/create/acme/{instance}/none?code={wizard.code(userId=owner)}")
        assert page.status == 404

    def test_a_cancelled_dialog_creates_no_account(self, wizard: Wizard, owner: str, engine: Engine) -> None:
        page = wizard.get(f"/external/auth/create/acme?code={wizard.code(userId=owner)}")
        assert page.send("cancel", {"service": "x"}).message == {"type": "tray.authpopup.close"}
        assert page.send("finish", {"service": "x", "name-account": "y", "data-account": "{}"}).status == 403
        with engine.connect() as connection:
            assert read_authentications(connection, owner=owner) == {}

    @pytest.mark.ledger("DEC-370")
    def test_a_reason_names_what_it_is_about_in_the_words_of_the_page(
        self, engine: Engine, store: Store, owner: str, instance: str
    ) -> None:
        settings = Settings(secret_key=SECRET_KEY, max_authentications_per_user=1, max_instance_bytes=100)
        wizard = Wizard(create_app(settings, engine), store)
        path = f"/external/auth/create/acme/{instance}/slack?code="
        page = wizard.get(path + wizard.code(userId=owner))
        page = page.send("finish", {"name-account": "Mine", "data-account": f'{{"token": "{"x" * 100}"}}'})
        assert page.reasons == ["The JSON of the credentials must have at most 100 bytes."]
        page.send("finish", {"name-account": "Mine", "data-account": "{}"})
        page = wizard.get(path + wizard.code(userId=owner))
        page = page.send("finish", {"name-account": "Another", "data-account": "{}"})
        assert page.reasons == ["The user has 1 authentication, and cannot have more: remove one first."]
