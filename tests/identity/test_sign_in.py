"""From credentials to callers, and how guessing is made slow."""

from dataclasses import replace
from hashlib import sha256

import pytest
from sqlalchemy import Engine, text

from app.errors import NotAuthorisedError
from app.identity.passwords import PasswordVerifier
from app.identity.rights import Caller
from app.identity.sign_in import (
    Credentials,
    SignIn,
)
from app.identity.users import add_user
from app.settings import Settings
from tests.support.statements import Statements

RIGHT = "correct horse"
WRONG = "battery staple"
HERE = "192.0.2.1"
SETTINGS = Settings(sign_in_failures_per_account=3, sign_in_failures_per_address=5, sign_in_failure_period=900)
NO_LIMIT = replace(SETTINGS, sign_in_failures_per_account=1_000_000, sign_in_failures_per_address=1_000_000)


@pytest.fixture
def anna(engine: Engine) -> int:
    """The identifier of user `anna`."""
    with engine.begin() as connection:
        return add_user(connection, "anna", RIGHT)


def make(engine: Engine, settings: Settings = SETTINGS) -> SignIn:
    """The sign-in of a new process, which remembers nothing yet."""
    return SignIn(engine, settings, PasswordVerifier(settings.verified_password_seconds))


def refusal(sign_in: SignIn, logon: str = "anna", password: str = WRONG, address: str = HERE) -> str:
    with pytest.raises(NotAuthorisedError) as raised:
        sign_in.caller(Credentials(logon, password), address)
    return str(raised.value)


def fail(sign_in: SignIn, times: int, logon: str = "anna", address: str = HERE) -> None:
    for _ in range(times):
        refusal(sign_in, logon, address=address)


def execute(engine: Engine, statement: str, **values: int) -> None:
    with engine.begin() as connection:
        connection.execute(text(statement), values)


def failures(engine: Engine) -> dict[str, list[int]]:
    """The counts of each kind, lowest first."""
    query = text(
        "SELECT CASE WHEN account = '' THEN 'network' ELSE 'account' END AS kind, failures FROM sign_in_failure"
        " ORDER BY failures"
    )
    counts: dict[str, list[int]] = {"account": [], "network": []}
    with engine.connect() as connection:
        for row in connection.execute(query):
            counts[row.kind].append(row.failures)
    return counts


@pytest.mark.ledger("PRO-23")
def test_without_credentials_the_caller_is_public(engine: Engine, statements: Statements) -> None:
    with statements.sent() as sent:
        assert make(engine).caller(None, HERE) == Caller(None, (1,), administers_all=False)
    assert sent == []


def test_a_caller_has_its_user_and_all_its_groups(engine: Engine, anna: int) -> None:
    execute(
        engine,
        "INSERT INTO user_group (user_group_identifier, user_group_reference, user_group_name)"
        " VALUES (50, 'team', ''), (51, 'others', '')",
    )
    execute(engine, "INSERT INTO user_group_member VALUES (:anna, 50), (:anna, 1)", anna=anna)
    with engine.connect() as connection:
        own = connection.execute(text("SELECT own_group_identifier FROM account")).scalar_one()
    caller = make(engine).caller(Credentials("anna", RIGHT), HERE)
    assert (caller.user_identifier, caller.administers_all) == (anna, False)
    assert sorted(caller.groups) == sorted([1, 50, own])


def test_administer_all_comes_from_any_group_and_only_as_a_global_permission(engine: Engine, anna: int) -> None:
    sign_in = make(engine)
    execute(
        engine,
        "INSERT INTO user_group (user_group_identifier, user_group_reference, user_group_name) VALUES (50, 'team', '')",
    )
    execute(engine, "INSERT INTO permission (permission_type, user_group_identifier) VALUES ('administer-all', 50)")
    execute(
        engine,
        "INSERT INTO permission (permission_type, user_group_identifier, node_identifier)"
        " SELECT 'administer-all', own_group_identifier, 1 FROM account",
    )
    assert not sign_in.caller(Credentials("anna", RIGHT), HERE).administers_all
    execute(engine, "INSERT INTO user_group_member VALUES (:anna, 50)", anna=anna)
    assert sign_in.caller(Credentials("anna", RIGHT), HERE).administers_all
    with engine.begin() as connection:
        add_user(connection, "boss", RIGHT, admin=True)
    assert sign_in.caller(Credentials("boss", RIGHT), HERE).administers_all


def test_administer_solutions_is_of_its_own_and_comes_with_administer_all(engine: Engine, anna: int) -> None:
    sign_in = make(engine)
    with engine.begin() as connection:
        add_user(connection, "boss", RIGHT, admin=True)
        add_user(connection, "nobody", RIGHT)
    execute(
        engine,
        "INSERT INTO permission (permission_type, user_group_identifier)"
        " SELECT 'administer-solutions', own_group_identifier FROM account WHERE user_logon_reference = 'anna'",
    )
    execute(
        engine,
        "INSERT INTO permission (permission_type, user_group_identifier, node_identifier)"
        " SELECT 'administer-solutions', own_group_identifier, 1 FROM account WHERE user_logon_reference = 'nobody'",
    )
    callers = [sign_in.caller(Credentials(logon, RIGHT), HERE) for logon in ("anna", "boss", "nobody")]
    assert [caller.administers_solutions for caller in callers] == [True, True, False]
    assert [caller.administers_all for caller in callers] == [False, True, False]


def test_unknown_wrong_and_disabled_are_refused_alike(engine: Engine, anna: int) -> None:
    sign_in = make(engine, NO_LIMIT)
    wrong = refusal(sign_in)
    assert wrong == "the user id or password is not right"
    odd = ["nobody", "", "ANNA", "anna ", "a\0b", "\ud800", "x" * 10_000]
    assert {refusal(sign_in, logon, RIGHT) for logon in odd} == {wrong}
    assert {refusal(sign_in, password=password) for password in ("", "a\0b", "\ud800")} == {wrong}
    execute(engine, "UPDATE account SET enabled = false")
    assert refusal(sign_in, password=RIGHT) == wrong
    assert failures(engine)["account"] == [1] * len(odd) + [5]


def test_a_user_disabled_after_a_sign_in_is_refused_at_once(engine: Engine, anna: int) -> None:
    sign_in = make(engine)
    sign_in.caller(Credentials("anna", RIGHT), HERE)
    execute(engine, "UPDATE account SET enabled = false")
    refusal(sign_in, password=RIGHT)
    execute(engine, "UPDATE account SET enabled = true")
    assert sign_in.caller(Credentials("anna", RIGHT), HERE).user_identifier == anna


def test_the_usual_sign_in_is_one_select(engine: Engine, anna: int, statements: Statements) -> None:
    make(engine).caller(Credentials("anna", RIGHT), HERE)
    sign_in = make(engine)
    for _ in range(2):
        with statements.sent() as sent:
            sign_in.caller(Credentials("anna", RIGHT), HERE)
        assert [statement.split()[0] for statement in sent] == ["SELECT"]


def test_all_refusals_ask_the_database_the_same(engine: Engine, anna: int, statements: Statements) -> None:
    sign_in = make(engine, NO_LIMIT)
    execute(engine, "UPDATE account SET enabled = false")
    asked = []
    for logon in ("anna", "nobody", "a\0b"):
        with statements.sent() as sent:
            refusal(sign_in, logon)
        asked.append(sent)
    execute(engine, "UPDATE account SET enabled = true")
    with statements.sent() as sent:
        refusal(sign_in)
    assert asked == [sent] * 3


def test_a_changed_password_is_not_remembered(engine: Engine, anna: int) -> None:
    sign_in = make(engine)
    sign_in.caller(Credentials("anna", RIGHT), HERE)
    with engine.begin() as connection:
        add_user(connection, "bert", "another password")
    execute(
        engine,
        "UPDATE account a SET password_hash = b.password_hash FROM account b"
        " WHERE a.user_logon_reference = 'anna' AND b.user_logon_reference = 'bert'",
    )
    refusal(sign_in, password=RIGHT)
    assert sign_in.caller(Credentials("anna", "another password"), HERE).user_identifier == anna


def test_no_password_is_stored(engine: Engine, anna: int) -> None:
    fail(make(engine), 1)
    refusal(make(engine), RIGHT, "anna")
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT account, network FROM sign_in_failure")).all()
        shown = connection.execute(text("SELECT string_agg(a::text, ' ') FROM audit a")).scalar_one()
    keys = {bytes(key) for row in rows for key in row}
    assert keys == {b"", *(sha256(given.encode()).digest() for given in ("anna", RIGHT, HERE))}
    assert "anna" in shown
    assert RIGHT not in shown
    assert WRONG not in shown


def test_a_password_is_not_shown_by_its_credentials() -> None:
    assert RIGHT not in repr(Credentials("anna", RIGHT))
