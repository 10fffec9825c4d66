"""UpdateSolutionInstances: roll-outs, through the service and on the real database."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from uuid import uuid4

import pytest
from sqlalchemy import Engine

from app.settings import Settings
from app.solutions.rollout.bulk_plan import is_among
from app.solutions.rollout.lazy_updates import move_due_instances
from tests.solutions.rollout.conftest import SERVICE, Make, Rollout, rows
from tests.support.http import ADMIN, PASSWORD, Reply
from tests.support.moves import moves_made, multiply, on_releases, record_moves, refuse_broken
from tests.support.solution_store import Store, auth_slot, config_slot, leaves, values

AT_ONCE = Settings(lazy_update_delay=0)
EMAIL = {"email": '"support@example.com"'}


def listed(reply: Reply) -> list[str]:
    """Return the ids of the instances in a response, in its order."""
    return [found.text or "" for found in reply.tree.iter("solutionInstanceId")]


class TestRows:
    @pytest.mark.ledger("UVU-23", "DEC-103")
    def test_an_instance_that_needs_nothing_is_an_update(self, rollout: Make, engine: Engine) -> None:
        made = rollout("a", "b")
        reply = made("impact")
        assert (reply.number, rows(reply)) == (0, ["a 1 -> 2 update", "b 1 -> 2 update"])
        assert on_releases(engine) == {1: 2}
        assert reply.text("releaseNumber") == "2"
        assert made.done() == ["a 1 -> 2 update", "b 1 -> 2 update"]
        assert on_releases(engine) == {2: 2}

    @pytest.mark.ledger("UVU-21", "UVU-23", "DEC-104")
    def test_an_instance_that_its_end_user_has_to_complete_is_an_upgrade(self, rollout: Make) -> None:
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

    def test_an_optional_hidden_slot_does_not_keep_an_instance_back(self, store: Store) -> None:
        """The table of changes requires input, so the flag is set, but nothing is pending after the move."""
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
    def test_a_hold_on_the_solution_does_not_stop_a_roll_out(self, rollout: Make, engine: Engine) -> None:
        made = rollout("a")
        made.store.set(solution=made.solution, held=True)
        assert move_due_instances(engine, AT_ONCE) == 0
        assert made.done() == ["a 1 -> 2 update"]

    @pytest.mark.ledger("UVU-23", "DEC-99")
    def test_an_instance_that_cannot_be_moved_is_an_error_and_the_others_move(
        self, rollout: Make, engine: Engine
    ) -> None:
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
    def test_a_larger_percentage_includes_the_instances_of_a_smaller_one(self, rollout: Make, engine: Engine) -> None:
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
    def test_a_move_to_an_older_release_removes_the_values_of_slots_that_it_lacks(
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
    def test_an_instance_that_was_rolled_back_stays_until_there_is_a_newer_release(
        self, rollout: Make, engine: Engine
    ) -> None:
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

    def test_a_change_back_may_be_breaking_too(self, store: Store) -> None:
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
    def test_faults_in_a_request_name_their_fields(
        self, rollout: Make, fields: dict[str, str], content: tuple[str, ...], field: str, action: str
    ) -> None:
        made = rollout("a", config=(config_slot("email", hidden=True), config_slot("seen")))
        given = {"solutionId": made.solution, "action": action, **fields}
        assert made.store.faults(SERVICE, *content, **given) == [field]

    def test_a_solution_without_a_release_has_no_instances(self, store: Store) -> None:
        assert store.faults(SERVICE, solutionId=store.set()) == ["solutionId"]

    def test_a_user_without_administer_solutions_is_refused(
        self, rollout: Make, make_user: Callable[..., None], engine: Engine
    ) -> None:
        made = rollout("a")
        make_user("ann")
        make_user("ben", "administer-solutions")
        for user, number in (("ann", 101), (None, 101), ("ben", 0)):
            other = Rollout(Store(made.store.client.as_user(user)), made.solution)
            assert other("force").number == number
        assert on_releases(engine) == {2: 1}
