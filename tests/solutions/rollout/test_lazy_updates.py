"""Lazy updates: instances that need no input move automatically ("Automatic (lazy) updates")."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import Engine, text

from app.settings import Settings
from app.solutions.content.model import Trigger, Workflow
from app.solutions.rollout.lazy_updates import due_at, move_due_instances
from tests.support.moves import moves_made, multiply, on_releases, record_moves
from tests.support.solution_store import Store, auth_slot, config_slot, leaves, workflow
from tests.support.statements import Statements

AT = datetime(2026, 3, 1, 11, 50, tzinfo=UTC)
AT_ONCE = Settings(lazy_update_delay=0)
ONE_SCOPE, BOTH_SCOPES = (leaves("ScopeList", "scope", scopes) for scopes in (("read",), ("read", "write")))


def instance_that_lacks_a_scope(store: Store) -> tuple[str, str]:
    """An instance whose authentication has lost the new scope of the latest release, and the authentication."""
    solution = store.published(auth=[auth_slot("slack", ["read"])])
    owner = store.user()
    slack = store.authentication(owner, ["read", "write"])
    instance = store.instance(solution, owner, auth={"slack": slack})
    store.republish(solution, auth=[auth_slot("slack", ["read", "write"])])
    assert store.update(instance, auth={"slack": slack}).flags == "N"
    store.done("SetAuthentication", ONE_SCOPE, authenticationId=slack)
    assert store.get(instance).flags == "NU"
    return instance, slack


def scheduled(schedule: str) -> Workflow:
    return Workflow("w", trigger=Trigger.SCHEDULED, schedule=schedule)


class TestDueAt:
    @pytest.mark.ledger("UVU-10")
    def test_the_delay_after_the_release(self) -> None:
        assert due_at(AT, 120, ()) == AT + timedelta(minutes=2)
        assert due_at(AT, 120, (Workflow("a", trigger=Trigger.WEBHOOK), Workflow("b"))) == AT + timedelta(minutes=2)

    @pytest.mark.ledger("UVU-11")
    def test_the_next_scheduled_run_after_the_delay(self) -> None:
        assert due_at(AT, 120, (scheduled("0 * * * *"),)) == AT + timedelta(minutes=10)
        assert due_at(AT, 600, (scheduled("0 * * * *"),)) == AT + timedelta(minutes=70)

    @pytest.mark.ledger("DEC-94")
    def test_of_several_schedules_the_earliest(self) -> None:
        every = (scheduled("0 3 * * *"), Workflow("a"), scheduled("55 * * * *"), scheduled("0 * * * *"))
        assert due_at(AT, 120, every) == AT + timedelta(minutes=5)

    @pytest.mark.ledger("DEC-94")
    def test_schedules_are_in_utc(self) -> None:
        elsewhere = AT.astimezone(timezone(timedelta(hours=5, minutes=30)))
        assert due_at(elsewhere, 120, (scheduled("0 12 * * *"),)) == datetime(2026, 3, 1, 12, tzinfo=UTC)

    @pytest.mark.parametrize("schedule", ["0 0 30 2 *", "now and then", ""])
    def test_a_schedule_without_a_next_run_has_no_due_time(self, schedule: str) -> None:
        assert due_at(AT, 120, (scheduled(schedule),)) == AT + timedelta(minutes=2)


@pytest.mark.ledger("UVU-9", "UVU-10", "UVU-32", "DEC-95")
def test_an_instance_moves_two_minutes_after_the_release(
    store: Store, engine: Engine, published_at: Callable[[str], datetime]
) -> None:
    solution = store.published()
    instance = store.instance(solution)
    store.republish(solution)
    release = published_at(solution)
    settings = Settings()
    assert move_due_instances(engine, settings) == 0
    assert move_due_instances(engine, settings, now=release + timedelta(seconds=119)) == 0
    assert store.get(instance).flags == "N"
    assert move_due_instances(engine, settings, now=release + timedelta(seconds=120)) == 1
    moved = store.get(instance)
    assert (moved.release, moved.flags, moved.enabled) == (2, "", False)


@pytest.mark.ledger("DEC-97")
def test_each_release_has_its_delay(store: Store, engine: Engine, published_at: Callable[[str], datetime]) -> None:
    solution = store.published()
    store.instance(solution)
    store.republish(solution)
    first = published_at(solution)
    store.republish(solution)
    last = published_at(solution)
    settings = Settings()
    assert move_due_instances(engine, settings, now=first + timedelta(seconds=120)) == 0
    assert move_due_instances(engine, settings, now=last + timedelta(seconds=120)) == 1


@pytest.mark.ledger("UVU-11", "DEC-94")
def test_a_scheduled_instance_moves_at_its_next_scheduled_run(
    store: Store, engine: Engine, published_at: Callable[[str], datetime]
) -> None:
    """The schedule is that of the release that the instance is on, not that of the new one."""
    solution = store.published(workflows=[workflow("w", trigger="scheduled", schedule="0 4 * * *")])
    instance = store.instance(solution)
    store.republish(solution, workflows=[workflow("w", trigger="scheduled", schedule="* * * * *")])
    release = published_at(solution).astimezone(UTC)
    run = (release + timedelta(seconds=120)).replace(hour=4, minute=0, second=0, microsecond=0)
    if run <= release + timedelta(seconds=120):
        run += timedelta(days=1)
    settings = Settings()
    assert move_due_instances(engine, settings, now=run - timedelta(seconds=1)) == 0
    assert move_due_instances(engine, settings, now=run) == 1
    assert store.get(instance).release == 2


@pytest.mark.ledger("UVU-3")
def test_an_instance_that_is_releases_behind_moves_to_the_latest(store: Store, engine: Engine) -> None:
    record_moves(engine)
    solution = store.published()
    instance = store.instance(solution)
    for _ in range(3):
        store.republish(solution)
    assert move_due_instances(engine, AT_ONCE) == 1
    assert moves_made(engine) == [(instance, 1, 4)]
    assert move_due_instances(engine, AT_ONCE) == 0


class TestHold:
    @pytest.mark.ledger("DEC-98")
    def test_a_hold_on_an_instance_stops_its_lazy_update(self, store: Store, engine: Engine) -> None:
        solution = store.published()
        held, other = store.instance(solution), store.instance(solution)
        store.update(held, held=True)
        store.republish(solution)
        assert move_due_instances(engine, AT_ONCE) == 1
        assert (store.get(held).release, store.get(other).release) == (1, 2)
        store.update(held, held=False)
        assert move_due_instances(engine, AT_ONCE) == 1

    @pytest.mark.ledger("DEC-96")
    def test_a_hold_on_a_solution_stops_its_lazy_updates(self, store: Store, engine: Engine) -> None:
        solution = store.published()
        store.instance(solution)
        store.set(solution=solution, held=True)
        store.republish(solution)
        assert move_due_instances(engine, AT_ONCE) == 0
        store.set(solution=solution, held=False)
        assert move_due_instances(engine, AT_ONCE) == 1


class TestNeedsInput:
    @pytest.mark.ledger("UVU-9", "UVU-12", "UVU-32")
    @pytest.mark.parametrize("hidden", [True, False])
    def test_an_instance_that_needs_input_stays(self, store: Store, engine: Engine, hidden: bool) -> None:
        solution = store.published()
        instance = store.instance(solution)
        store.republish(solution, config=[config_slot("a", hidden=hidden)])
        assert move_due_instances(engine, AT_ONCE) == 0
        assert store.get(instance).release == 1

    def test_an_instance_that_needs_input_is_examined_once_and_not_in_every_sweep(
        self, store: Store, engine: Engine
    ) -> None:
        solution = store.published()
        multiply(engine, store.instance(solution), 10)
        store.republish(solution, config=[config_slot("a")])
        looked_at: list[None] = []
        for _ in range(2):
            move_due_instances(engine, AT_ONCE, progressed=lambda: looked_at.append(None))
        assert len(looked_at) == 10

    @pytest.mark.ledger("UVU-32")
    def test_a_release_that_asks_for_nothing_moves_it(self, store: Store, engine: Engine) -> None:
        solution = store.published()
        instance = store.instance(solution)
        store.republish(solution, config=[config_slot("a")])
        assert move_due_instances(engine, AT_ONCE) == 0
        store.republish(solution, config=[config_slot("a", defaultValue='"x"')])
        assert move_due_instances(engine, AT_ONCE) == 1
        assert store.get(instance).release == 3

    def test_an_instance_moves_when_a_new_value_is_given(self, store: Store, engine: Engine) -> None:
        solution = store.published(config=[config_slot("a", type="integer")])
        instance = store.instance(solution, config={"a": "1"})
        store.republish(solution, config=[config_slot("a", type="number")])
        assert move_due_instances(engine, AT_ONCE) == 0
        store.update(instance, config={"a": "2"})
        assert move_due_instances(engine, AT_ONCE) == 1

    def test_scopes_that_its_authentication_has_again_move_it(self, store: Store, engine: Engine) -> None:
        _, slack = instance_that_lacks_a_scope(store)
        assert move_due_instances(engine, AT_ONCE) == 0
        store.done("SetAuthentication", BOTH_SCOPES, authenticationId=slack)
        assert move_due_instances(engine, AT_ONCE) == 1


class TestAtOnce:
    def test_a_locked_instance_is_skipped(self, store: Store, engine: Engine) -> None:
        solution = store.published()
        busy, other = store.instance(solution), store.instance(solution)
        store.republish(solution)
        with engine.connect() as connection:
            query = "SELECT FROM solution_instance WHERE instance_identifier = :instance FOR UPDATE"
            connection.execute(text(query), {"instance": busy})
            assert move_due_instances(engine, AT_ONCE) == 1
        assert store.get(other).release == 2
        assert move_due_instances(engine, AT_ONCE) == 1

    def test_many_sweeps_move_each_instance_once(self, store: Store, engine: Engine) -> None:
        record_moves(engine)
        solution = store.published(config=[config_slot("a")])
        multiply(engine, store.instance(solution, config={"a": '"x"'}), 200)
        store.republish(solution)
        with ThreadPoolExecutor(4) as threads:
            sweeps = [threads.submit(move_due_instances, engine, AT_ONCE) for _ in range(4)]
        assert sum(sweep.result() for sweep in sweeps) == 200
        moved = moves_made(engine)
        assert len(moved) == len({instance for instance, *_ in moved}) == 200
        assert on_releases(engine) == {2: 200}

    def test_a_sweep_ends_after_its_batch_and_soon_after_it_is_stopped(self, store: Store, engine: Engine) -> None:
        solution = store.published()
        multiply(engine, store.instance(solution), 120)
        store.republish(solution)
        assert move_due_instances(engine, AT_ONCE, batch=4) == 4
        stopping: list[None] = []
        moved = move_due_instances(
            engine, AT_ONCE, stop=lambda: bool(stopping), progressed=lambda: stopping.append(None)
        )
        assert 1 <= moved <= 50
        assert on_releases(engine) == {1: 116 - moved, 2: 4 + moved}


class TestReading:
    """There is a sweep every few seconds."""

    def test_instances_move_with_the_same_statements_whatever_they_hold_and_however_many_they_are(
        self, store: Store, engine: Engine, statements: Statements
    ) -> None:
        solution = store.published(config=[config_slot(name) for name in "abcd"])
        sent: list[int] = []
        given: tuple[tuple[int, dict[str, str]], ...] = ((1, {}), (5, {"a": '"1"', "b": '"2"', "c": '"3"'}))
        for count, values in given:
            for _ in range(count):
                store.instance(solution, config=values)
            store.republish(solution, config=[config_slot(name) for name in ("abd" if values else "abcd")])
            with statements.sent() as sent_now:
                assert move_due_instances(engine, AT_ONCE) == count + len(sent)
            sent.append(len(sent_now))
        assert sent[1] == sent[0]

    def test_contents_are_read_once_for_all_releases_that_instances_are_on(
        self, store: Store, engine: Engine, statements: Statements
    ) -> None:
        solution = store.published()
        for _ in range(4):
            store.instance(solution)
            store.republish(solution)
        store.instance(solution)
        store.republish(solution, config=[config_slot("a")])
        looked_at: list[None] = []
        with statements.sent() as sent:
            assert move_due_instances(engine, AT_ONCE, progressed=lambda: looked_at.append(None)) == 0
        assert len(looked_at) == 5
        assert len(whole_contents(sent)) == 1

    def test_contents_are_not_read_before_an_instance_is_due(
        self, store: Store, engine: Engine, published_at: Callable[[str], datetime], statements: Statements
    ) -> None:
        solution = store.published(workflows=[workflow("w", trigger="scheduled", schedule="0 0 1 1 *")])
        store.instance(solution)
        store.republish(solution)
        with statements.sent() as sent:
            assert move_due_instances(engine, AT_ONCE, now=published_at(solution)) == 0
        assert sent
        assert whole_contents(sent) == []


def whole_contents(sent: list[str]) -> list[str]:
    """The statements that read whole contents of releases."""
    return [statement for statement in sent if "content::text" in statement]
