"""Instances that lazy updates cannot move, and solutions that do not wait for each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, text
from structlog.testing import capture_logs

from app.solutions.rollout.lazy_updates import BATCH, move_due_instances, time_put_off
from app.solutions.rollout.publishing import publish
from tests.solutions.rollout.test_lazy_updates import AT_ONCE, BOTH_SCOPES, instance_that_lacks_a_scope
from tests.support.lock_waits import waiting_sessions
from tests.support.moves import moves_made, multiply, on_releases, record_moves, refusals, refuse_broken
from tests.support.served import eventually
from tests.support.solution_store import Store, config_slot


class TestNotMoved:
    @pytest.mark.ledger("DEC-99")
    def test_an_instance_that_cannot_be_moved_does_not_stop_the_others(self, store: Store, engine: Engine) -> None:
        solution = store.published()
        for name in ("a", "broken", "b"):
            store.instance(solution, name=name)
        refuse_broken(engine)
        store.republish(solution)
        assert move_due_instances(engine, AT_ONCE) == 2
        assert on_releases(engine) == {1: 1, 2: 2}

    @pytest.mark.ledger("DEC-100")
    def test_many_instances_that_cannot_be_moved_delay_no_others(self, store: Store, engine: Engine) -> None:
        """They delay neither the instances of another solution nor another instance of their own."""
        broken, other = store.published(), store.published()
        multiply(engine, store.instance(broken, name="broken"), BATCH + 1)
        good = [store.instance(broken), store.instance(other)]
        refuse_broken(engine)
        store.republish(broken)
        store.republish(other)
        assert sum(move_due_instances(engine, AT_ONCE) for _ in range(2)) == 2
        assert [store.get(instance).release for instance in good] == [2, 2]
        assert refusals(engine) == BATCH + 1
        assert move_due_instances(engine, AT_ONCE) == 0
        assert refusals(engine) == BATCH + 1, "none of them was tried again"

    @pytest.mark.ledger("DEC-100")
    def test_a_failed_move_is_retried_after_a_minute_then_two_and_so_on_up_to_an_hour(
        self, store: Store, engine: Engine, published_at: Callable[[str], datetime]
    ) -> None:
        pauses = [time_put_off(failures).total_seconds() for failures in range(1, 40)]
        assert pauses[:4] == [60, 120, 240, 480]
        assert max(pauses) == pauses[-1] == 3600
        solution = store.published()
        store.instance(solution, name="broken")
        refuse_broken(engine)
        store.republish(solution)
        now = published_at(solution)
        for times, pause in enumerate(pauses[:8], 1):
            move_due_instances(engine, AT_ONCE, now=now)
            move_due_instances(engine, AT_ONCE, now=now + timedelta(seconds=pause - 1))
            assert refusals(engine) == times
            now += timedelta(seconds=pause)

    def test_an_instance_moves_when_its_fault_is_corrected(self, store: Store, engine: Engine) -> None:
        solution = store.published()
        instance = store.instance(solution, name="broken")
        refuse_broken(engine)
        store.republish(solution)
        assert move_due_instances(engine, AT_ONCE) == 0
        store.update(instance, instanceName="mended")
        assert move_due_instances(engine, AT_ONCE) == 0, "its time has not come"
        assert move_due_instances(engine, AT_ONCE, now=datetime.now(UTC) + timedelta(minutes=2)) == 1

    @pytest.mark.ledger("DEC-100")
    def test_a_new_release_is_tried_at_once_and_with_the_first_pause(self, store: Store, engine: Engine) -> None:
        solution = store.published()
        store.instance(solution, name="broken")
        refuse_broken(engine)
        store.republish(solution)
        now = datetime.now(UTC)
        for minutes in (1, 3, 7):
            move_due_instances(engine, AT_ONCE, now=now + timedelta(minutes=minutes))
        assert refusals(engine) == 3
        store.republish(solution)
        after = now + timedelta(minutes=8)
        move_due_instances(engine, AT_ONCE, now=after)
        move_due_instances(engine, AT_ONCE, now=after + timedelta(seconds=59))
        assert refusals(engine) == 4
        move_due_instances(engine, AT_ONCE, now=after + timedelta(seconds=60))
        assert refusals(engine) == 5

    @pytest.mark.ledger("DEC-100")
    def test_whatever_goes_wrong_with_an_instance_the_others_move(self, store: Store, engine: Engine) -> None:
        """One instance has a value that was given for a release that does not exist."""
        solution = store.published(config=[config_slot("a", type="integer")])
        instances = [store.instance(solution, config={"a": "1"}) for _ in range(3)]
        store.republish(solution, config=[config_slot("a", type="number")])
        for instance in instances:
            store.update(instance, config={"a": "2"})
        with engine.begin() as connection:
            query = "UPDATE instance_value SET given_for = ARRAY[99] WHERE instance_identifier = :instance"
            connection.execute(text(query), {"instance": instances[1]})
        with capture_logs() as logs:
            assert move_due_instances(engine, AT_ONCE) == 2
        assert [line["instance_id"] for line in logs if line["event"] == "instance not moved"] == [instances[1]]

    @pytest.mark.ledger("DEC-100")
    @pytest.mark.parametrize(("release", "damage"), [(1, "workflows"), (2, "configSlots")])
    def test_whatever_goes_wrong_with_a_solution_the_others_move(
        self, store: Store, engine: Engine, release: int, damage: str
    ) -> None:
        damaged, other = store.published(), store.published()
        for solution in (damaged, other):
            store.instance(solution)
            store.republish(solution)
        query = """
            ALTER TABLE solution_release DISABLE TRIGGER published_release;
            UPDATE solution_release SET content = content || jsonb_build_object('{damage}', 'none')
            WHERE solution_identifier = '{solution}' AND release_number = {release}
        """
        with engine.begin() as connection:
            connection.execute(text(query.format(damage=damage, solution=damaged, release=release)))
        with capture_logs() as logs:
            assert move_due_instances(engine, AT_ONCE) == 1
        assert {line["solution_id"] for line in logs if line["log_level"] == "error"} == {damaged}


class TestSolutionsDoNotWaitForEachOther:
    @pytest.mark.ledger("DEC-101")
    def test_solutions_do_not_wait_for_each_other(self, store: Store, engine: Engine) -> None:
        """The first has more instances than one sweep moves, of two old releases; one has an instance that needs
        input, one nothing to move."""
        first, second, third, fourth = (store.published() for _ in range(4))
        multiply(engine, store.instance(first), 20)
        store.republish(first)
        multiply(engine, store.instance(first), 20)
        store.republish(first)
        small = store.instance(second)
        store.republish(second)
        store.instance(third)
        store.republish(third, config=[config_slot("a")])
        store.instance(fourth)
        assert move_due_instances(engine, AT_ONCE, batch=8) == 7, "all but the one that needs input"
        assert store.get(small).release == 2
        assert move_due_instances(engine, AT_ONCE, batch=40) == 34

    @pytest.mark.ledger("DEC-101")
    def test_solutions_do_not_wait_for_more_instances_than_one_sweep_looks_at(
        self, store: Store, engine: Engine
    ) -> None:
        large, small = store.published(), store.published()
        multiply(engine, store.instance(large), 100)
        store.republish(large)
        instance = store.instance(small)
        store.republish(small)
        for _ in range(60):
            move_due_instances(engine, AT_ONCE, batch=1)
            if store.get(instance).release == 2:
                break
        assert store.get(instance).release == 2


class TestMeanwhile:
    """A sweep and somebody else's change, at the same time."""

    @pytest.mark.ledger("DEC-102")
    def test_scopes_that_come_while_an_instance_is_found_to_lack_them(self, store: Store, engine: Engine) -> None:
        """The sweep has judged by the old scopes, and commits its mark after the change."""
        instance, slack = instance_that_lacks_a_scope(store)
        with ThreadPoolExecutor(2) as threads:
            with marks_held_back(engine):
                sweep = threads.submit(move_due_instances, engine, AT_ONCE)
                eventually(lambda: waiting_sessions(engine) == 1)
                change = threads.submit(store.done, "SetAuthentication", BOTH_SCOPES, authenticationId=slack)
                eventually(lambda: change.done() or waiting_sessions(engine) == 2)
            assert sweep.result() == 0
            change.result()
        assert store.get(instance).flags == "N"
        assert move_due_instances(engine, AT_ONCE) == 1

    @pytest.mark.ledger("DEC-102")
    def test_scopes_that_come_while_a_sweep_waits_for_the_solution(self, store: Store, engine: Engine) -> None:
        """The statement that reads the instance has begun before the change, and locks the instance after it."""
        instance, slack = instance_that_lacks_a_scope(store)
        with ThreadPoolExecutor(1) as thread, engine.connect() as connection:
            connection.execute(text("SELECT FROM solution FOR NO KEY UPDATE"))
            sweep = thread.submit(move_due_instances, engine, AT_ONCE)
            eventually(lambda: waiting_sessions(engine) == 1)
            store.done("SetAuthentication", BOTH_SCOPES, authenticationId=slack)
            connection.rollback()
            assert sweep.result() + move_due_instances(engine, AT_ONCE) == 1
        assert store.get(instance).release == 2

    @pytest.mark.ledger("DEC-102")
    def test_a_release_that_comes_while_an_instance_moves_is_the_one_that_it_moves_to(
        self, store: Store, engine: Engine
    ) -> None:
        record_moves(engine)
        solution = store.published()
        instance = store.instance(solution)
        store.republish(solution)
        with ThreadPoolExecutor(1) as thread:
            with engine.begin() as connection:
                publish(connection, None, solution, None)
                sweep = thread.submit(move_due_instances, engine, AT_ONCE)
                eventually(lambda: waiting_sessions(engine) == 1)
            assert sweep.result() == 0
        assert move_due_instances(engine, AT_ONCE) == 1
        assert moves_made(engine) == [(instance, 1, 3)]


@contextmanager
def marks_held_back(engine: Engine) -> Iterator[None]:
    """A sweep marks the instances that need input when the context ends, and not before."""
    hold = """
        CREATE FUNCTION hold_back() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          PERFORM pg_advisory_xact_lock_shared(1);
          RETURN NEW;
        END $$;
        CREATE TRIGGER hold_back BEFORE UPDATE OF needs_input_for_release ON solution_instance
          FOR EACH ROW WHEN (NEW.needs_input_for_release > 0) EXECUTE FUNCTION hold_back();
    """
    with engine.begin() as connection:
        connection.execute(text(hold))
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(1)"))
        yield
