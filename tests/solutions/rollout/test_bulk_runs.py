"""A bulk roll-out is a run, which can be shown, cancelled, killed and repeated."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from flask import Flask
from sqlalchemy import Engine, text
from werkzeug.test import TestResponse

from app.application import create_app
from app.settings import Settings
from app.solutions.rollout.lazy_updates import move_due_instances
from tests.solutions.rollout.conftest import SERVICE, Make, Rollout, rows
from tests.solutions.rollout.test_bulk import AT_ONCE, EMAIL, listed
from tests.support.http import ADMIN, PASSWORD, SECRET_KEY, Client, checked
from tests.support.moves import moves_made, multiply, on_releases, record_moves
from tests.support.served import eventually
from tests.support.solution_store import Store, config_slot, element, values

_DEADLOCK_ONCE = """
    CREATE SEQUENCE attempt;
    CREATE FUNCTION deadlock_once() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF nextval('attempt') = 1 THEN
        RAISE EXCEPTION 'a circle' USING ERRCODE = 'deadlock_detected';
      END IF;
      RETURN NEW;
    END $$;
    CREATE TRIGGER deadlock_once BEFORE UPDATE OF release_number ON solution_instance
      FOR EACH ROW EXECUTE FUNCTION deadlock_once();
"""


def send(app: Flask, solution: str) -> TestResponse:
    """A force from a thread of its own. The caller that waits for it checks it."""
    body = element(SERVICE, solutionId=solution, action="force")
    return app.test_client().post(
        "/service", data=body, content_type="application/xml", auth=(ADMIN, PASSWORD), buffered=True
    )


@dataclass(frozen=True)
class Running:
    """A roll-out of five instances that has moved two and waits for the third."""

    made: Rollout
    future: Future[TestResponse]

    def browse(self, path: str = "/runs/1", method: str = "get") -> TestResponse:
        return self.made.store.client.app.test_client().open(path, method=method, auth=(ADMIN, PASSWORD))


@contextmanager
def running(rollout: Make, engine: Engine, **slots: tuple[str, ...]) -> Iterator[Running]:
    made = rollout("i", **slots)
    multiply(engine, made.instances["i"], 5)
    third = listed(made("impact"))[2]
    with ThreadPoolExecutor(1) as thread, engine.connect() as holder:
        query = "SELECT FROM solution_instance WHERE instance_identifier = CAST(:third AS uuid) FOR UPDATE"
        holder.execute(text(query), {"third": third})
        shown = Running(made, thread.submit(send, made.store.client.app, made.solution))
        eventually(lambda: (shown.browse().get_json() or {}).get("done") == 2)
        yield shown
        holder.rollback()


class TestRun:
    def test_it_has_a_record_with_progress(self, rollout: Make, engine: Engine) -> None:
        with running(rollout, engine) as run:
            shown = run.browse().get_json()
            assert (shown["state"], shown["steps"], shown["solutionId"]) == ("running", 5, run.made.solution)
            assert on_releases(engine) == {1: 3, 2: 2}, "one commit per instance"
        reply = checked(run.future.result())
        assert (reply.number, len(rows(reply)), reply.response.headers["Relink-Run"]) == (0, 5, "1")
        assert (run.browse().get_json()["state"], run.browse().get_json()["done"]) == ("done", 5)
        assert run.browse("/runs/1/response").data == reply.response.data

    @pytest.mark.ledger("DEC-109")
    def test_a_second_roll_out_of_the_same_solution_is_refused(self, rollout: Make, engine: Engine) -> None:
        other = rollout("other")
        with running(rollout, engine) as run:
            refused = run.made("force")
            assert refused.number == 106
            assert "run 1 holds this solution" in (refused.text("errorDescription") or "")
            assert run.made("impact").number == 0
            assert other("force").number == 0
        run.future.result()
        assert run.made("force").number == 0

    def test_a_roll_out_can_be_cancelled_and_repeated(self, rollout: Make, engine: Engine) -> None:
        with running(rollout, engine) as run:
            assert run.browse(method="delete").status_code == 202
        reply = checked(run.future.result())
        assert (reply.number, reply.text("errorDescription")) == (108, "The run was cancelled.")
        assert len(rows(reply)) == 3
        assert run.browse().get_json()["state"] == "cancelled"
        assert len(rows(run.made("force"))) == 2
        assert on_releases(engine) == {2: 5}

    @pytest.mark.ledger("UVU-23")
    def test_a_killed_roll_out_loses_nothing_and_a_repeated_one_does_the_rest(
        self, rollout: Make, engine: Engine
    ) -> None:
        record_moves(engine)
        with running(rollout, engine) as run, engine.connect() as connection:
            query = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid = 1"
            assert connection.execute(text(query)).scalar_one()
        assert run.future.result().status_code == 503
        assert on_releases(engine) == {1: 3, 2: 2}
        assert run.browse().get_json()["state"] == "interrupted"
        reply = run.made("force")
        assert (reply.number, len(rows(reply))) == (0, 3)
        moved = [instance for instance, *_ in moves_made(engine)]
        assert len(moved) == len(set(moved)) == 5

    def test_lazy_updates_at_the_same_time_move_each_instance_once(self, rollout: Make, engine: Engine) -> None:
        record_moves(engine)
        with running(rollout, engine) as run:
            assert move_due_instances(engine, AT_ONCE) == 2
        assert len(rows(checked(run.future.result()))) == 3
        assert len(moves_made(engine)) == 5

    def test_an_instance_moved_on_meanwhile_is_not_moved_back(self, rollout: Make, engine: Engine) -> None:
        """A release is published, and an instance that the roll-out has not reached is upgraded to it."""
        with running(rollout, engine) as run:
            fifth = listed(run.made("impact"))[-1]
            run.made.store.publish(run.made.solution)
            run.made.store.upgrade(fifth)
        reply = checked(run.future.result())
        assert (reply.number, len(rows(reply))) == (0, 4)
        assert on_releases(engine) == {2: 4, 3: 1}

    def test_values_given_for_a_release_published_meanwhile_are_judged(self, rollout: Make, engine: Engine) -> None:
        before, after = (config_slot("a", type=name, hidden=True, mandatory=False) for name in ("integer", "number"))
        with running(rollout, engine, before=(before,), config=(after,)) as run:
            fifth = listed(run.made("impact"))[-1]
            run.made.store.publish(run.made.solution)
            run.made.store.update(fifth, config={"a": "1"})
        reply = checked(run.future.result())
        assert (reply.number, len(rows(reply))) == (0, 5)
        assert on_releases(engine) == {2: 5}
        assert run.made.store.get(fifth).config == {"a": "1"}

    def test_a_deadlock_is_tried_again(self, rollout: Make, engine: Engine) -> None:
        made = rollout("a", "b")
        with engine.begin() as connection:
            connection.execute(text(_DEADLOCK_ONCE))
        assert made.done() == ["a 1 -> 2 update", "b 1 -> 2 update"]

    @pytest.mark.ledger("DEC-109")
    def test_only_a_user_with_administer_solutions_sees_it(
        self, rollout: Make, make_user: Callable[..., None], client: Client
    ) -> None:
        rollout("a")("force")
        make_user("ann")
        make_user("ben", "administer-solutions")
        for user, status in (("ann", 404), ("ben", 200)):
            assert client.app.test_client().get("/runs/1", auth=(user, PASSWORD)).status_code == status

    @pytest.mark.ledger("DEC-109")
    def test_its_record_holds_no_values(self, rollout: Make, client: Client) -> None:
        made = rollout("a", config=(config_slot("email", hidden=True),))
        made("force", *values(EMAIL))
        shown = client.app.test_client().get("/runs/1", auth=(ADMIN, PASSWORD))
        assert shown.get_json()["options"]["configSlots"] == ["email"]
        assert "support@" not in shown.text

    def test_if_match_does_that_plan_or_nothing(self, rollout: Make, engine: Engine) -> None:
        made = rollout("a")
        body = element(SERVICE, solutionId=made.solution, action="force")
        plan = made("impact").response.headers["ETag"]
        made.store.set(solution=made.solution)
        made.store.publish(made.solution)
        refused = made.store.client.post(body, headers={"If-Match": plan})
        assert (refused.status, refused.number) == (412, 106)
        assert on_releases(engine) == {1: 1}
        plan = made("impact").response.headers["ETag"]
        assert made.store.client.post(body, headers={"If-Match": plan}).number == 0
        assert on_releases(engine) == {3: 1}


def test_given_values_count_together_with_those_that_an_instance_has(client: Client, engine: Engine) -> None:
    """The limit applies to each instance, and the impact lists the instances that would exceed it."""
    store = Store(Client(create_app(Settings(max_instance_bytes=1024, secret_key=SECRET_KEY), engine)))
    slots = (config_slot("x"), config_slot("h", hidden=True, mandatory=False))
    solution = store.published(config=slots)
    for name, size in (("large", 700), ("small", 10)):
        store.instance(solution, name=name, config={"x": json.dumps("v" * size)})
    store.republish(solution, config=slots)
    made = Rollout(store, solution)
    given = values(config={"h": json.dumps("w" * 400)})
    for action in ("impact", "force"):
        reply = made(action, *given)
        assert (reply.number, rows(reply)) == (
            108,
            [
                "large 1 -> 2 warning: The values of the instance would have 1104 bytes in total; the limit is 1024",
                "small 1 -> 2 update",
            ],
        )
    assert rows(made("force")) == ["large 1 -> 2 update"]
