"""Creating users."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import Engine, text

from app.errors import NotAuthorisedError, UserError
from app.identity.passwords import PasswordVerifier
from app.identity.rights import Caller
from app.identity.users import add_user, create_user
from app.services.fault_paths import places
from tests.support.lock_waits import waiting_sessions
from tests.support.served import eventually

ADMIN = Caller(None, (1,), administers_all=True)
ANYBODY = Caller(None, (1,))
RIGHT = "correct horse"


def faults_of(
    engine: Engine,
    logon: str | None,
    password: str | None = RIGHT,
    name: str | None = None,
    email: str | None = None,
) -> list[str]:
    """The fields at fault when this user is created."""
    with pytest.raises(UserError) as raised, engine.begin() as connection:
        create_user(connection, ADMIN, logon, password, name, email)
    assert password is None or len(password) < 7 or password not in str(raised.value)
    return [path for path, _ in places(raised.value)]


def count(engine: Engine, table: str) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


def test_a_user_has_its_data_a_hash_and_a_group_of_its_own(engine: Engine) -> None:
    with engine.begin() as connection:
        user = create_user(connection, ADMIN, "anna@acme", RIGHT, "Anna Ansa", "anna@acme.example")
    with engine.connect() as connection:
        account = connection.execute(text("SELECT * FROM account")).one()
        group = connection.execute(
            text("SELECT * FROM user_group WHERE user_group_identifier = :group"),
            {"group": account.own_group_identifier},
        ).one()
    assert (account.user_identifier, account.user_logon_reference, account.enabled) == (user, "anna@acme", True)
    assert (account.user_name, account.user_email_address) == ("Anna Ansa", "anna@acme.example")
    assert PasswordVerifier(0).verify("anna@acme", account.password_hash, RIGHT)
    assert RIGHT not in account.password_hash
    assert (group.user_group_reference, group.user_group_name) == ("anna@acme", "Anna Ansa")
    assert count(engine, "permission") == 1, "the one of the system package"


def test_a_name_defaults_to_the_logon_reference_and_mail_is_optional(engine: Engine) -> None:
    with engine.begin() as connection:
        create_user(connection, ADMIN, "anna", RIGHT)
        create_user(connection, ADMIN, "bert", RIGHT, "", "")
        create_user(connection, ADMIN, "carl", RIGHT, "  ")
        query = "SELECT user_logon_reference, user_name, user_email_address FROM account ORDER BY 1"
        rows = connection.execute(text(query)).all()
    assert [tuple(row) for row in rows] == [(name, name, None) for name in ("anna", "bert", "carl")]


def test_only_a_holder_of_administer_all_creates_users(engine: Engine) -> None:
    with engine.begin() as connection:
        for caller in (ANYBODY, Caller(7, (1, 107))):
            with pytest.raises(NotAuthorisedError):
                create_user(connection, caller, None, None)
    assert count(engine, "account") == 0


def test_valid_logon_references_and_passwords_are_accepted(engine: Engine) -> None:
    logons = ("a", "7", "a" * 200, "anna.b_c@acme+x-1")
    passwords = ("12345678", "x" * 1024, "ä ö ü ☃☃☃", "       x")
    with engine.begin() as connection:
        for logon, password in zip(logons, passwords, strict=True):
            assert create_user(connection, ADMIN, logon, password) > 0


def test_invalid_logon_references_are_refused(engine: Engine) -> None:
    odd = (None, "", " ", "anna b", " anna", "anna\n", ".anna", "@", "ännä", "a" * 201, "a\0", "\ud800")
    assert [faults_of(engine, logon) for logon in odd] == [["userLogonReferenceCreate"]] * len(odd)


def test_invalid_passwords_are_refused(engine: Engine) -> None:
    odd = (None, "", "1234567", "x" * 1025, "        ", "half \ud800 pair")
    assert [faults_of(engine, "anna", password) for password in odd] == [["passwordCreate"]] * len(odd)


def test_invalid_names_are_refused(engine: Engine) -> None:
    odd = ("x" * 1001, "nul\0", "bell\a", "half \ud800 pair")
    assert [faults_of(engine, "anna", name=name) for name in odd] == [["userName"]] * len(odd)


def test_invalid_mail_addresses_are_refused(engine: Engine) -> None:
    odd = ("anna", "@", "anna@", "@acme", "a@b@c", "an na@acme", "anna@acme ", "a\0@b", "a@" + "x" * 320)
    assert [faults_of(engine, "anna", email=email) for email in odd] == [["userEmailAddress"]] * len(odd)


def test_all_faults_are_reported_at_once(engine: Engine) -> None:
    assert faults_of(engine, "an na", "short", "nul\0", "mail") == [
        "userLogonReferenceCreate",
        "passwordCreate",
        "userName",
        "userEmailAddress",
    ]
    assert count(engine, "account") == 0


def test_users_and_groups_share_one_namespace(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO user_group (user_group_reference, user_group_name) VALUES ('sales', '')"))
        create_user(connection, ADMIN, "anna", RIGHT)
    for taken in ("anna", "sales", "public"):
        assert faults_of(engine, taken) == ["userLogonReferenceCreate"]
    assert count(engine, "account") == 1
    assert count(engine, "user_group") == 3


def test_a_taken_reference_leaves_the_transaction_usable(engine: Engine) -> None:
    with engine.begin() as connection:
        with pytest.raises(UserError):
            create_user(connection, ADMIN, "public", RIGHT)
        create_user(connection, ADMIN, "anna", RIGHT)
    assert count(engine, "account") == 1


def test_concurrent_requests_create_a_user_only_once(engine: Engine) -> None:
    start = Barrier(4)

    def create(_: int) -> str:
        start.wait()
        try:
            with engine.begin() as connection:
                create_user(connection, ADMIN, "anna", RIGHT)
        except UserError as error:
            return places(error)[0][0]
        return "created"

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(create, range(4))) == ["created"] + ["userLogonReferenceCreate"] * 3
    assert count(engine, "account") == 1
    assert count(engine, "user_group") == 2


@pytest.mark.parametrize("first_gives_up", [False, True])
def test_the_second_request_waits_for_the_first(engine: Engine, first_gives_up: bool) -> None:
    def create() -> int | str:
        try:
            with engine.begin() as connection:
                return create_user(connection, ADMIN, "anna", RIGHT)
        except UserError as error:
            return places(error)[0][0]

    with engine.connect() as first, ThreadPoolExecutor(1) as pool:
        create_user(first, ADMIN, "anna", RIGHT)
        second = pool.submit(create)
        eventually(lambda: waiting_sessions(engine))
        if first_gives_up:
            first.rollback()
            assert isinstance(second.result(), int)
        else:
            first.commit()
            assert second.result() == "userLogonReferenceCreate"
    assert count(engine, "account") == 1


def test_the_command_line_adds_users_and_admins(engine: Engine) -> None:
    with engine.begin() as connection:
        add_user(connection, "anna", RIGHT)
        admin = add_user(connection, "boss", RIGHT, admin=True)
    with engine.connect() as connection:
        holders = connection.execute(
            text(
                "SELECT user_identifier, permission_type FROM permission p"
                " JOIN account a ON a.own_group_identifier = p.user_group_identifier WHERE p.node_identifier IS NULL"
            )
        ).all()
    assert [tuple(row) for row in holders] == [(admin, "administer-all")]


def test_adding_an_existing_user_changes_nothing(engine: Engine) -> None:
    with engine.begin() as connection:
        add_user(connection, "anna", RIGHT)
    with pytest.raises(UserError), engine.begin() as connection:
        add_user(connection, "anna", "another password", admin=True)
    assert count(engine, "permission") == 1
