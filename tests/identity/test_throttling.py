"""Failed sign-ins are counted, and lock an account or a network for a time."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from hashlib import sha256
from itertools import cycle, islice

import pytest
from sqlalchemy import Engine, text

from app.identity.sign_in import (
    Credentials,
    SignIn,
    TooManyFailuresError,
    forget_networks,
    unlock_account,
    unlock_network,
)
from app.identity.users import add_user
from tests.identity.test_sign_in import HERE, NO_LIMIT, RIGHT, WRONG, execute, fail, failures, make
from tests.services.test_queued_runs import eventually
from tests.support.lock_waits import waiting_sessions
from tests.support.statements import Statements


@pytest.fixture
def anna(engine: Engine) -> int:
    """The identifier of user `anna`."""
    with engine.begin() as connection:
        return add_user(connection, "anna", RIGHT)


def throttled(sign_in: SignIn, logon: str = "anna", password: str = RIGHT, address: str = HERE) -> int:
    """Try to sign in, be refused, and return the seconds to wait."""
    with pytest.raises(TooManyFailuresError) as raised:
        sign_in.caller(Credentials(logon, password), address)
    assert raised.value.number == 101
    return raised.value.retry_after


def let_pass(engine: Engine, seconds: int) -> None:
    """Make all failures older."""
    execute(engine, "UPDATE sign_in_failure SET since = since - make_interval(secs => :seconds)", seconds=seconds)


def test_failures_lock_the_account_for_the_rest_of_the_period(engine: Engine, anna: int) -> None:
    fail(make(engine), 2)
    assert make(engine).caller(Credentials("anna", RIGHT), HERE).user_identifier == anna
    fail(make(engine), 3)
    let_pass(engine, 600)
    assert 200 <= throttled(make(engine)) <= 300
    let_pass(engine, 300)
    assert make(engine).caller(Credentials("anna", RIGHT), HERE).user_identifier == anna


def test_a_refused_attempt_does_not_count_as_a_failure(engine: Engine, anna: int) -> None:
    sign_in = make(engine)
    fail(sign_in, 3)
    for _ in range(4):
        throttled(sign_in, password=WRONG)
    assert failures(engine) == {"account": [3], "network": [3]}


def test_an_unknown_account_is_counted_and_locked_like_a_known_one(engine: Engine, anna: int) -> None:
    fail(make(engine), 3, "nobody")
    throttled(make(engine), "nobody")
    assert make(engine).caller(Credentials("anna", RIGHT), HERE).user_identifier == anna


def test_the_count_starts_again_after_the_period(engine: Engine, anna: int) -> None:
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


def test_a_remembered_success_passes_a_lock_and_leaves_it_locked(
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


def test_old_failures_are_deleted_from_time_to_time(engine: Engine) -> None:
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
    """Each worker clears old rows of all accounts and addresses when it starts. The workers must not deadlock."""
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
            eventually(lambda: waiting_sessions(engine) > 0)
            failing.execute(text(f"{lock} NOWAIT"), {"network": network, "account": b""})
        finally:
            failing.rollback()
        unlocked.result()
