"""Hashing passwords, and remembering which ones were right."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from argon2 import Type, extract_parameters
from argon2.exceptions import InvalidHashError

from app.identity.passwords import PasswordVerifier, hash_password

pytestmark = pytest.mark.usefixtures("usual_hashes")
RIGHT = "correct horse"


class Clock:
    """A clock that advances only when the test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def seconds(action: Callable[[], object], times: int = 5) -> float:
    """The processor time of the fastest of a few attempts."""

    def once() -> float:
        begun = time.process_time()
        action()
        return time.process_time() - begun

    return min(once() for _ in range(times))


def test_a_hash_has_the_owasp_profile_and_a_salt_of_its_own() -> None:
    first, second = hash_password(RIGHT), hash_password(RIGHT)
    parameters = extract_parameters(first)
    assert (parameters.type, parameters.memory_cost, parameters.time_cost, parameters.parallelism) == (
        Type.ID,
        19_456,
        2,
        1,
    )
    assert first != second
    assert RIGHT not in first


@pytest.mark.parametrize(
    "password", [RIGHT, "pässwörd ☃", " spaces count ", "nul\0inside", "half \ud800 pair", "x" * 5000]
)
def test_the_password_that_was_hashed_is_right_and_no_other(password: str) -> None:
    verifier = PasswordVerifier(300)
    stored = hash_password(password)
    assert verifier.verify("anna", stored, password)
    assert not verifier.verify("anna", stored, password + " ")
    assert not verifier.verify("anna", stored, "")


def test_the_anonymous_user_has_no_password() -> None:
    verifier = PasswordVerifier(300)
    assert not verifier.verify("nobody", None, RIGHT)
    assert not verifier.verify("nobody", None, RIGHT)
    assert not verifier.is_remembered("nobody", None, RIGHT)


def test_a_success_is_remembered_for_its_time_only() -> None:
    clock = Clock()
    verifier = PasswordVerifier(300, clock=clock)
    stored = hash_password(RIGHT)
    assert not verifier.is_remembered("anna", stored, RIGHT)
    assert verifier.verify("anna", stored, RIGHT)
    clock.now += 299
    assert verifier.is_remembered("anna", stored, RIGHT)
    assert verifier.verify("anna", stored, RIGHT)
    clock.now += 1
    assert not verifier.is_remembered("anna", stored, RIGHT), "use does not make it last longer"
    assert verifier.verify("anna", stored, RIGHT)
    assert verifier.is_remembered("anna", stored, RIGHT)


def test_only_the_same_user_hash_and_password_are_remembered() -> None:
    verifier = PasswordVerifier(300)
    stored = hash_password(RIGHT)
    assert verifier.verify("anna", stored, RIGHT)
    assert not verifier.is_remembered("bert", stored, RIGHT)
    assert not verifier.is_remembered("anna", hash_password(RIGHT), RIGHT), "a changed password"
    assert not verifier.is_remembered("anna", stored, RIGHT + "!")
    assert not verifier.is_remembered("anna" + stored[0], stored[1:], RIGHT), "the parts do not run together"


def test_a_failure_is_not_remembered() -> None:
    verifier = PasswordVerifier(300)
    stored = hash_password(RIGHT)
    assert not verifier.verify("anna", stored, "wrong")
    assert not verifier.is_remembered("anna", stored, "wrong")
    assert not verifier.verify("anna", stored, "wrong")


def test_no_time_means_never_remembered() -> None:
    verifier = PasswordVerifier(0)
    stored = hash_password(RIGHT)
    assert verifier.verify("anna", stored, RIGHT)
    assert not verifier.is_remembered("anna", stored, RIGHT)


def test_the_oldest_success_is_dropped_first() -> None:
    verifier = PasswordVerifier(300, capacity=2)
    stored = hash_password(RIGHT)
    for user in ("anna", "bert", "carl"):
        assert verifier.verify(user, stored, RIGHT)
    remembered = [user for user in ("anna", "bert", "carl") if verifier.is_remembered(user, stored, RIGHT)]
    assert remembered == ["bert", "carl"]


def test_one_process_does_not_know_what_another_remembers() -> None:
    stored = hash_password(RIGHT)
    assert PasswordVerifier(300).verify("anna", stored, RIGHT)
    assert not PasswordVerifier(300).is_remembered("anna", stored, RIGHT)


@pytest.mark.ledger("PRO-23")
def test_an_unknown_user_costs_as_much_as_a_wrong_password_and_a_remembered_one_next_to_nothing() -> None:
    verifier = PasswordVerifier(300)
    stored = hash_password(RIGHT)
    assert verifier.verify("anna", stored, RIGHT)
    wrong = seconds(lambda: verifier.verify("anna", stored, "wrong"))
    unknown = seconds(lambda: verifier.verify("nobody", None, "wrong"))
    remembered = seconds(lambda: verifier.verify("anna", stored, RIGHT))
    assert wrong / 2 < unknown < wrong * 2
    assert remembered < wrong / 20


def test_an_invalid_stored_hash_is_an_internal_error_and_not_a_wrong_password() -> None:
    with pytest.raises(InvalidHashError):
        PasswordVerifier(300).verify("anna", "plain text", "plain text")


@pytest.mark.soak
def test_many_threads_at_once_get_correct_responses() -> None:
    verifier = PasswordVerifier(300, capacity=3)
    stored = hash_password(RIGHT)
    start = Barrier(8)

    def check(worker: int) -> list[bool]:
        start.wait()
        return [verifier.verify(f"user{worker}", stored, RIGHT if turn % 2 else "wrong") for turn in range(6)]

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(check, range(8))) == [[False, True] * 3] * 8
