"""UpdateSolutionInstances: roll-outs, through the service and on the real database."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from uuid import uuid4

import pytest
from flask import Flask
from lxml import etree
from sqlalchemy import Engine, text
from werkzeug.test import TestResponse

from app.application import create_app
from app.settings import Settings
from app.solutions.rollout.bulk_plan import is_among
from app.solutions.rollout.lazy_updates import move_due_instances
from tests.support.http import ADMIN, PASSWORD, SECRET_KEY, Client, Reply, checked
from tests.support.moves import moves_made, multiply, on_releases, record_moves, refuse_broken
from tests.support.served import eventually
from tests.support.solution_store import Store, auth_slot, config_slot, element, leaves, values

SERVICE = "UpdateSolutionInstances"
AT_ONCE = Settings(lazy_update_delay=0)
EMAIL = {"email": '"support@example.com"'}


def rows(reply: Reply) -> list[str]:
    """The updates in short, by name: `a 1 -> 2 upgrade (x, y)`, `b 1 -> 2 warning: on hold`."""
    return sorted(_row(update) for update in reply.tree.iterfind("UpdateList/Update"))


def _row(update: etree._Element) -> str:
    fields = ("name", "releaseNumberFrom", "releaseNumberTo", "updateType", "errorMessage")
    name, start, end, kind, message = (update.findtext(field) for field in fields)
    pending = [slot.text or "" for slot in update.iterfind("PendingSlotList/externalId")]
    listed = f" ({', '.join(pending)})" if pending else ""
    return f"{name} {start} -> {end} {kind}{listed}{f': {message}' if message else ''}"


@dataclass(frozen=True)
class Rollout:
    """Roll-outs of one solution, and its instances by name."""

    store: Store
    solution: str
    instances: dict[str, str] = field(default_factory=dict)

    def __call__(self, action: str, *content: str, **fields: str | int | None) -> Reply:
        return self.store.reply_to(SERVICE, *content, solutionId=self.solution, action=action, **fields)

    def done(self, *content: str, **fields: str | int | None) -> list[str]:
        """The rows of a force that bypasses nothing; an impact before it has the same, and one after it has none."""
        expected = self("impact", *content, **fields)
        reply = self("force", *content, **fields)
        assert reply.number == 0, reply.response.text
        assert rows(reply) == rows(expected)
        assert rows(self("impact", *content, **fields)) == []
        return rows(reply)


Make = Callable[..., Rollout]


@pytest.fixture
def rollout(store: Store) -> Make:
    """Makes a solution of one release, without slots or with the config slots of `before`, with instances of these
    names, and then its second release."""

    def make(
        *names: str, before: tuple[str, ...] = (), auth: tuple[str, ...] = (), config: tuple[str, ...] = ()
    ) -> Rollout:
        solution = store.published(config=before)
        instances = {name: store.instance(solution, name=name) for name in names}
        store.republish(solution, auth=auth, config=config)
        return Rollout(store, solution, instances)

    return make


def listed(reply: Reply) -> list[str]:
    """Return the ids of the instances in a response, in its order."""
    return [found.text or "" for found in reply.tree.iter("solutionInstanceId")]


class TestRows:
    @pytest.mark.ledger("UVU-23", "DEC-103")
    def test_what_needs_nothing_is_an_update(self, rollout: Make, engine: Engine) -> None:
        made = rollout("a", "b")
        reply = made("impact")
        assert (reply.number, rows(reply)) == (0, ["a 1 -> 2 update", "b 1 -> 2 update"])
        assert on_releases(engine) == {1: 2}
        assert reply.text("releaseNumber") == "2"
        assert made.done() == ["a 1 -> 2 update", "b 1 -> 2 update"]
        assert on_releases(engine) == {2: 2}

    @pytest.mark.ledger("UVU-21", "UVU-23", "DEC-104")
    def test_what_its_end_user_has_to_complete_is_an_upgrade(self, rollout: Make) -> None:
        made = rollout("a", config=(config_slot("x"), config_slot("y", mandatory=False)), auth=(auth_slot("slack"),))
        assert made.done() == ["a 1 -> 2 upgrade (slack, x)"]

    @pytest.mark.ledger("DEC-104")
    def test_hidden_slots_without_a_value_are_a_warning(self, rollout: Make, engine: Engine) -> None:
        made = rollout("a", config=(config_slot("email", hidden=True), config_slot("x")))
        for action in ("impact", "force"):
            reply = made(action)
            assert (reply.number, rows(reply)) == (108, ['a 1 -> 2 warning: Hidden slots need a value: "email"'])
        assert reply.text("errorDescription") == "1 update was bypassed."
        assert on_releases(engine) == {1: 1}

    @pytest.mark.ledger("DEC-105")
    def test_hidden_slots_that_are_given_a_value_are_filled(self, rollout: Make) -> None:
        made = rollout("a", config=(config_slot("email", hidden=True), config_slot("x")))
        assert made.done(*values(EMAIL)) == ["a 1 -> 2 upgrade (x)"]
        found = made.store.get(made.instances["a"])
        assert (found.config, found.pending, found.flags) == (EMAIL, ["x"], "")

    @pytest.mark.ledger("DEC-104")
    def test_a_hidden_auth_slot_is_a_warning_whatever_is_given(self, rollout: Make) -> None:
        made = rollout("a", auth=(auth_slot("slack", hidden=True),))
        assert rows(made("impact")) == ['a 1 -> 2 warning: Hidden slots need a value: "slack"']

    def test_a_hidden_slot_that_nobody_has_to_fill_is_no_reason_to_stay(self, store: Store) -> None:
        """The flags ask for it by the table of changes; after the move nothing is pending."""
        solution = store.published(
            auth=[auth_slot("chat", ["read"], hidden=True, mandatory=False)], config=[config_slot("a", hidden=True)]
        )
        store.instance(solution, name="empty")
        owner = store.user()
        chat = store.authentication(owner, ["read"])
        store.instance(solution, owner, name="full", auth={"chat": chat}, config={"a": '"x"'})
        store.republish(
            solution,
            auth=[auth_slot("chat", ["read", "write"], hidden=True, mandatory=False)],
            config=[config_slot("a", hidden=True, type="integer", defaultValue="1")],
        )
        reply = Rollout(store, solution)("force")
        assert reply.number == 108
        assert rows(reply) == [
            "empty 1 -> 2 upgrade",
            'full 1 -> 2 warning: Hidden slots need a value: "chat", "a"',
        ]

    @pytest.mark.ledger("DEC-98")
    def test_a_hold_on_an_instance_is_a_warning(self, rollout: Make, engine: Engine) -> None:
        made = rollout("a", "b")
        made.store.update(made.instances["a"], held=True)
        reply = made("force")
        assert (reply.number, rows(reply)) == (108, ["a 1 -> 2 warning: The instance is on hold", "b 1 -> 2 update"])
        assert on_releases(engine) == {1: 1, 2: 1}

    @pytest.mark.ledger("DEC-96")
    def test_a_hold_on_the_solution_is_none_for_a_roll_out(self, rollout: Make, engine: Engine) -> None:
        made = rollout("a")
        made.store.set(solution=made.solution, held=True)
        assert move_due_instances(engine, AT_ONCE) == 0
        assert made.done() == ["a 1 -> 2 update"]

    @pytest.mark.ledger("UVU-23", "DEC-99")
    def test_what_cannot_be_moved_is_an_error_and_the_others_move(self, rollout: Make, engine: Engine) -> None:
        made = rollout("a", "broken", "b")
        refuse_broken(engine)
        reply = made("force")
        assert reply.number == 108
        assert rows(reply) == [
            "a 1 -> 2 update",
            "b 1 -> 2 update",
            "broken 1 -> 2 error: Not moved: the database refused: RaiseException (P0001)",
        ]
        run = reply.response.headers["Relink-Run"]
        shown = made.store.client.app.test_client().get(f"/runs/{run}", auth=(ADMIN, PASSWORD)).get_json()
        assert (shown["state"], shown["steps"], shown["done"]) == ("done", 3, 3)

    @pytest.mark.ledger("DEC-93")
    def test_rows_are_in_the_order_of_the_ids(self, rollout: Make, engine: Engine) -> None:
        made = rollout("a")
        multiply(engine, made.instances["a"], 50)
        for action in ("impact", "force"):
            ids = listed(made(action))
            assert (ids, len(ids)) == (sorted(ids), 50)


class TestChoice:
    @pytest.mark.ledger("UVU-3")
    def test_by_owner(self, store: Store) -> None:
        solution = store.published()
        ann, ben = store.user("Ann"), store.user("Ben")
        for owner, name in ((ann, "a"), (ann, "b"), (ben, "c")):
            store.instance(solution, owner, name)
        store.republish(solution)
        made = Rollout(store, solution)
        assert made.done(owner=ann) == ["a 1 -> 2 update", "b 1 -> 2 update"]
        assert made.done() == ["c 1 -> 2 update"]

    @pytest.mark.ledger("DEC-107")
    def test_by_the_tags_of_the_solution(self, rollout: Make) -> None:
        made = rollout("a")
        made.store.set(leaves("TagList", "tag", ["crm", "beta"]), solution=made.solution)
        assert rows(made("impact", leaves("TagList", "tag", ["beta", "chat"]))) == []
        assert rows(made("impact", leaves("TagList", "tag", ["beta", "crm"]))) == ["a 1 -> 2 update"]

    @pytest.mark.ledger("DEC-106")
    def test_by_percent_each_share_has_the_smaller_ones_in_it(self, rollout: Make, engine: Engine) -> None:
        made = rollout("a")
        multiply(engine, made.instances["a"], 300)
        chosen = [set(listed(made("impact", percent=percent))) for percent in (0, 10, 20, 50, 100)]
        for smaller, larger in pairwise(chosen):
            assert smaller < larger
        assert (len(chosen[0]), len(chosen[-1])) == (0, 300)
        assert 10 < len(chosen[1]) < 60
        made("force", percent=10)
        assert on_releases(engine)[2] == len(chosen[1])
        assert set(listed(made("impact", percent=20))) == chosen[2] - chosen[1]

    @pytest.mark.ledger("DEC-106")
    def test_percent_is_of_a_hundred(self) -> None:
        ids = [str(uuid4()) for _ in range(20_000)]
        for percent in (1, 10, 33, 90):
            share = sum(is_among(instance, percent) for instance in ids) / len(ids)
            assert abs(share - percent / 100) < 0.02


class TestTarget:
    @pytest.mark.ledger("DEC-79")
    def test_an_older_release_takes_the_values_of_slots_away_that_it_has_not(
        self, store: Store, engine: Engine
    ) -> None:
        record_moves(engine)
        solution = store.published(config=[config_slot("a", mandatory=False)])
        instance = store.instance(solution, name="i", config={"a": '"x"'})
        both = [config_slot("a", mandatory=False), config_slot("b", mandatory=False)]
        store.republish(solution, config=both)
        made = Rollout(store, solution)
        assert made.done() == ["i 1 -> 2 update"]
        store.update(instance, config={"b": '"y"'})
        assert made.done(targetReleaseNumber=1) == ["i 2 -> 1 update"]
        assert store.get(instance).config == {"a": '"x"'}
        assert made.done() == ["i 1 -> 2 update"]
        assert store.get(instance).config == {"a": '"x"'}
        assert moves_made(engine) == [(instance, 1, 2), (instance, 2, 1), (instance, 1, 2)]

    @pytest.mark.ledger("DEC-108")
    def test_what_was_rolled_back_stays_until_there_is_a_newer_release(self, rollout: Make, engine: Engine) -> None:
        """Otherwise the next lazy update would undo it."""
        made = rollout("a")
        assert move_due_instances(engine, AT_ONCE) == 1
        made.done(targetReleaseNumber=1)
        assert move_due_instances(engine, AT_ONCE) == 0
        made.store.republish(made.solution)
        assert move_due_instances(engine, AT_ONCE) == 1
        assert on_releases(engine) == {3: 1}

    @pytest.mark.ledger("DEC-108")
    def test_a_release_between(self, rollout: Make, engine: Engine) -> None:
        made = rollout("a")
        made.store.republish(made.solution)
        assert made.done(targetReleaseNumber=2) == ["a 1 -> 2 update"]
        assert move_due_instances(engine, AT_ONCE) == 0
        assert made.done(targetReleaseNumber=3) == ["a 2 -> 3 update"]

    def test_something_may_break_on_the_way_back_too(self, store: Store) -> None:
        solution = store.published(config=[config_slot("a")])
        store.instance(solution, name="i", config={"a": '"x"'})
        store.republish(solution)
        made = Rollout(store, solution)
        made.done()
        assert made.done(targetReleaseNumber=1) == ["i 2 -> 1 upgrade (a)"]


class TestFaults:
    @pytest.mark.ledger("DEC-105")
    @pytest.mark.parametrize(
        ("fields", "content", "field"),
        [
            ({"solutionId": str(uuid4())}, (), "solutionId"),
            ({"solutionId": "nonsense"}, (), "solutionId"),
            ({"solutionId": None}, (), "solutionId"),
            ({"targetReleaseNumber": 3}, (), "targetReleaseNumber"),
            ({"owner": str(uuid4())}, (), "owner"),
            ({"owner": "nonsense"}, (), "owner"),
            ({}, values({"nowhere": "1"}), "ConfigValueList/ConfigValue[1]/externalId"),
            ({}, values({"email": "not JSON"}), "ConfigValueList/ConfigValue[1]/value"),
            ({}, values({"email": "1"}), "ConfigValueList/ConfigValue[1]/value"),
            ({}, values({"email": '"x"', "seen": '"x"'}), "ConfigValueList/ConfigValue[2]/externalId"),
        ],
    )
    @pytest.mark.parametrize("action", ["impact", "force"])
    def test_in_a_request(
        self, rollout: Make, fields: dict[str, str], content: tuple[str, ...], field: str, action: str
    ) -> None:
        made = rollout("a", config=(config_slot("email", hidden=True), config_slot("seen")))
        given = {"solutionId": made.solution, "action": action, **fields}
        assert made.store.faults(SERVICE, *content, **given) == [field]

    def test_a_solution_without_a_release_has_no_instances(self, store: Store) -> None:
        assert store.faults(SERVICE, solutionId=store.set()) == ["solutionId"]

    def test_who_does_not_administer_solutions_is_refused(
        self, rollout: Make, make_user: Callable[..., None], engine: Engine
    ) -> None:
        made = rollout("a")
        make_user("ann")
        make_user("ben", "administer-solutions")
        for user, number in (("ann", 101), (None, 101), ("ben", 0)):
            other = Rollout(Store(made.store.client.as_user(user)), made.solution)
            assert other("force").number == number
        assert on_releases(engine) == {2: 1}


# As a run


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
    def test_one_at_a_time_over_a_solution(self, rollout: Make, engine: Engine) -> None:
        other = rollout("other")
        with running(rollout, engine) as run:
            refused = run.made("force")
            assert refused.number == 106
            assert "run 1 holds this solution" in (refused.text("errorDescription") or "")
            assert run.made("impact").number == 0
            assert other("force").number == 0
        run.future.result()
        assert run.made("force").number == 0

    def test_it_can_be_cancelled_and_made_again(self, rollout: Make, engine: Engine) -> None:
        with running(rollout, engine) as run:
            assert run.browse(method="delete").status_code == 202
        reply = checked(run.future.result())
        assert (reply.number, reply.text("errorDescription")) == (108, "The run was cancelled.")
        assert len(rows(reply)) == 3
        assert run.browse().get_json()["state"] == "cancelled"
        assert len(rows(run.made("force"))) == 2
        assert on_releases(engine) == {2: 5}

    @pytest.mark.ledger("UVU-23")
    def test_killed_half_way_it_loses_nothing_and_made_again_it_does_the_rest(
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

    def test_what_somebody_has_moved_on_meanwhile_is_not_moved_back(self, rollout: Make, engine: Engine) -> None:
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
    def test_only_who_administers_solutions_sees_it(
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
    """The limit is that of an instance, and the impact knows which of them would have more."""
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
