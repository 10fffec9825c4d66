"""From credentials to callers, and how guessing is made slow."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from hashlib import sha256
from itertools import cycle, islice

import pytest
from sqlalchemy import Engine, text

from app.errors import NotAuthorisedError
from app.identity.passwords import PasswordVerifier
from app.identity.rights import Caller
from app.identity.sign_in import (
    Credentials,
    SignIn,
    TooManyFailuresError,
    forget_networks,
    unlock_account,
    unlock_network,
)
from app.identity.users import add_user
from app.settings import Settings
from tests.services.test_queued_runs import eventually
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
    """A process that knows nothing yet."""
    return SignIn(engine, settings, PasswordVerifier(settings.verified_password_seconds))


def refusal(sign_in: SignIn, logon: str = "anna", password: str = WRONG, address: str = HERE) -> str:
    with pytest.raises(NotAuthorisedError) as raised:
        sign_in.caller(Credentials(logon, password), address)
    return str(raised.value)


def throttled(sign_in: SignIn, logon: str = "anna", password: str = RIGHT, address: str = HERE) -> int:
    """Try to sign in, be refused, and return the seconds to wait."""
    with pytest.raises(TooManyFailuresError) as raised:
        sign_in.caller(Credentials(logon, password), address)
    assert raised.value.number == 101
    return raised.value.retry_after


def fail(sign_in: SignIn, times: int, logon: str = "anna", address: str = HERE) -> None:
    for _ in range(times):
        refusal(sign_in, logon, address=address)


def execute(engine: Engine, statement: str, **values: int) -> None:
    with engine.begin() as connection:
        connection.execute(text(statement), values)


def let_pass(engine: Engine, seconds: int) -> None:
    """Make all failures older."""
    execute(engine, "UPDATE sign_in_failure SET since = since - make_interval(secs => :seconds)", seconds=seconds)


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


def test_failures_close_the_account_for_the_rest_of_the_period(engine: Engine, anna: int) -> None:
    fail(make(engine), 2)
    assert make(engine).caller(Credentials("anna", RIGHT), HERE).user_identifier == anna
    fail(make(engine), 3)
    let_pass(engine, 600)
    assert 200 <= throttled(make(engine)) <= 300
    let_pass(engine, 300)
    assert make(engine).caller(Credentials("anna", RIGHT), HERE).user_identifier == anna


def test_being_sent_away_does_not_count(engine: Engine, anna: int) -> None:
    sign_in = make(engine)
    fail(sign_in, 3)
    for _ in range(4):
        throttled(sign_in, password=WRONG)
    assert failures(engine) == {"account": [3], "network": [3]}


def test_an_unknown_account_is_counted_and_closed_like_a_known_one(engine: Engine, anna: int) -> None:
    fail(make(engine), 3, "nobody")
    throttled(make(engine), "nobody")
    assert make(engine).caller(Credentials("anna", RIGHT), HERE).user_identifier == anna


def test_after_the_period_the_count_starts_anew(engine: Engine, anna: int) -> None:
    fail(make(engine), 2)
    let_pass(engine, 901)
    fail(make(engine), 1)
    assert failures(engine) == {"account": [1], "network": [1]}


def test_failures_lock_the_network_for_all_accounts(engine: Engine, anna: int) -> None:
    for number in range(5):
        fail(make(engine), 1, f"user{number}")
    assert 1 <= throttled(make(engine)) <= 900
    assert make(engine).caller(Credentials("anna", RIGHT), "198.51.100.7").user_identifier == anna


def test_the_longer_wait_is_reported(engine: Engine, anna: int) -> None:
    fail(make(engine), 3)
    execute(engine, "UPDATE sign_in_failure SET since = since - interval '800 seconds' WHERE account <> ''")
    fail(make(engine), 2, "nobody")
    assert throttled(make(engine)) > 800


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("fe80::1%eth0", "fe80::2%eth0", True),
        ("", "unix:", False),
        ("192.0.2.1:4711", "192.0.2.1:4712", True),
        ("192.0.2.1:4711", "192.0.2.1", True),
        ("[2001:db8:1:2::1]:4711", "2001:db8:1:2::7", True),
        ("[2001:db8:1:2::1]", "2001:db8:1:2::7", True),
    ],
)
def test_an_address_is_an_ipv4_address_or_an_ipv6_network(engine: Engine, one: str, other: str, same: bool) -> None:
    sign_in = make(engine, NO_LIMIT)
    fail(sign_in, 1, address=one)
    fail(sign_in, 1, address=other)
    assert failures(engine)["network"] == ([2] if same else [1, 1])


def test_a_success_clears_the_account_but_not_the_address(engine: Engine, anna: int) -> None:
    fail(make(engine), 2)
    fail(make(engine), 1, "nobody")
    make(engine).caller(Credentials("anna", RIGHT), HERE)
    assert failures(engine) == {"account": [1], "network": [3]}


def test_a_remembered_success_passes_a_closed_door_and_leaves_it_closed(
    engine: Engine, anna: int, statements: Statements
) -> None:
    sign_in = make(engine)
    sign_in.caller(Credentials("anna", RIGHT), HERE)
    fail(make(engine), 3)
    fail(make(engine), 2, "nobody")
    with statements.sent() as sent:
        assert sign_in.caller(Credentials("anna", RIGHT), HERE).user_identifier == anna
    assert len(sent) == 1
    throttled(sign_in, password=WRONG)
    throttled(make(engine))
    assert failures(engine) == {"account": [2, 3], "network": [5]}


@pytest.mark.ledger("DEC-40")
def test_failures_from_elsewhere_do_not_lock_an_account(engine: Engine, anna: int) -> None:
    for host in range(3):
        fail(make(engine), 3, address=f"198.51.100.{host}")
    assert make(engine).caller(Credentials("anna", RIGHT), HERE).user_identifier == anna
    throttled(make(engine), address="198.51.100.1")


@pytest.mark.ledger("DEC-40")
def test_a_known_network_is_not_locked_by_what_others_do(engine: Engine, anna: int) -> None:
    with engine.begin() as connection:
        bert = add_user(connection, "bert", RIGHT)
    make(engine).caller(Credentials("anna", RIGHT), HERE)
    for number in range(5):
        fail(make(engine), 1, f"user{number}")
    throttled(make(engine), "bert")
    assert make(engine).caller(Credentials("anna", RIGHT), HERE).user_identifier == anna
    assert make(engine).caller(Credentials("bert", RIGHT), "198.51.100.7").user_identifier == bert
    fail(make(engine), 3)
    throttled(make(engine))


@pytest.mark.ledger("DEC-40")
def test_a_network_is_known_for_thirty_days(engine: Engine, anna: int) -> None:
    make(engine).caller(Credentials("anna", RIGHT), HERE)
    execute(engine, "UPDATE sign_in_network SET last_at = now() - interval '29 days 23 hours'")
    for number in range(5):
        fail(make(engine), 1, f"user{number}")
    assert make(engine).caller(Credentials("anna", RIGHT), HERE).user_identifier == anna
    execute(engine, "UPDATE sign_in_network SET last_at = now() - interval '30 days 1 hour'")
    throttled(make(engine))
    forget_networks(engine)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM sign_in_network")).scalar_one() == 0


def test_an_administrator_unlocks_an_account_or_a_network(engine: Engine, anna: int) -> None:
    fail(make(engine), 3)
    fail(make(engine), 1, "nobody")
    throttled(make(engine))
    with engine.begin() as connection:
        unlock_account(connection, "anna")
    assert failures(engine) == {"account": [1], "network": [4]}
    fail(make(engine), 1, "nobody")
    throttled(make(engine))
    with engine.begin() as connection:
        unlock_network(connection, f"::ffff:{HERE}")
    assert make(engine).caller(Credentials("anna", RIGHT), HERE).user_identifier == anna


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


def test_nothing_typed_is_kept(engine: Engine, anna: int) -> None:
    fail(make(engine), 1)
    refusal(make(engine), RIGHT, "anna")
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT account, network FROM sign_in_failure")).all()
        told = connection.execute(text("SELECT string_agg(a::text, ' ') FROM audit a")).scalar_one()
    keys = {bytes(key) for row in rows for key in row}
    assert keys == {b"", *(sha256(given.encode()).digest() for given in ("anna", RIGHT, HERE))}
    assert "anna" in told
    assert RIGHT not in told
    assert WRONG not in told


def test_a_password_is_not_shown_by_its_credentials() -> None:
    assert RIGHT not in repr(Credentials("anna", RIGHT))


def test_old_failures_are_forgotten_now_and_then(engine: Engine) -> None:
    sign_in = make(engine)
    execute(
        engine,
        "INSERT INTO sign_in_failure SELECT 'somewhere', int4send(i), 9, now() - interval '901 seconds'"
        " FROM generate_series(1, 1000) i",
    )
    execute(engine, "INSERT INTO sign_in_failure VALUES ('somewhere', 'young', 9, now() - interval '890 seconds')")
    fail(sign_in, 1)
    assert failures(engine) == {"account": [1, 9], "network": [1]}
    let_pass(engine, 901)
    fail(sign_in, 1)
    assert failures(engine) == {"account": [1, 9], "network": [1]}, "not with every failure"


def test_failures_at_once_are_all_counted(engine: Engine, anna: int) -> None:
    """Each worker starts with a clearing of old rows, over all accounts and addresses: none may wait in a circle."""
    execute(
        engine,
        "INSERT INTO sign_in_failure SELECT sha256(('192.0.2.' || j)::bytea), sha256(('user' || i)::bytea), 9,"
        " now() - interval '1 hour' FROM generate_series(0, 4) i, generate_series(0, 2) j",
    )

    def work(worker: int) -> None:
        for account in islice(cycle(range(5)), worker, worker + 5):
            fail(make(engine, NO_LIMIT), 1, f"user{account}", f"192.0.2.{(account + worker) % 3}")

    at_once([partial(work, worker) for worker in range(8)])
    counts = failures(engine)
    assert sum(counts["account"]) == 40
    assert sum(counts["network"]) == 40


def test_successes_and_failures_at_once(engine: Engine, anna: int) -> None:
    sign_in = make(engine, NO_LIMIT)

    def succeed() -> None:
        for _ in range(10):
            assert sign_in.caller(Credentials("anna", RIGHT), HERE).user_identifier == anna

    at_once([succeed, partial(fail, sign_in, 5)] * 6)
    assert failures(engine)["network"] == [30]


def at_once(jobs: list[Callable[[], None]]) -> None:
    with ThreadPoolExecutor(len(jobs)) as pool:
        for done in [pool.submit(job) for job in jobs]:
            done.result()


def test_unlocking_a_network_locks_rows_in_the_order_in_which_failures_do(engine: Engine) -> None:
    network = sha256(HERE.encode()).digest()
    insert = text(
        "INSERT INTO sign_in_failure (network, account, failures, since) VALUES (:network, :account, 1, now())"
    )
    for account in (b"", b"account"):
        with engine.begin() as connection:
            connection.execute(insert, {"network": network, "account": account})
    lock = "SELECT FROM sign_in_failure WHERE network = :network AND account = :account FOR UPDATE"

    def unlock() -> None:
        with engine.begin() as connection:
            unlock_network(connection, HERE)

    with ThreadPoolExecutor(1) as thread, engine.connect() as failing:
        failing.execute(text(lock), {"network": network, "account": b"account"})
        unlocked = thread.submit(unlock)
        try:
            eventually(lambda: _somebody_waits_for_a_row(engine))
            failing.execute(text(f"{lock} NOWAIT"), {"network": network, "account": b""})
        finally:
            failing.rollback()
        unlocked.result()


def _somebody_waits_for_a_row(engine: Engine) -> bool:
    waiting = """
        SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')
    """
    with engine.connect() as connection:
        return bool(connection.execute(text(waiting)).scalar_one())
