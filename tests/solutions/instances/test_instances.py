"""Instances in the database: moves of one instance, and several moves at the same time."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from functools import partial

import pytest

from app.errors import UserError
from app.solutions.content.model import AuthSlot, ConfigSlot, ConfigType, Content, Flags, Trigger, Workflow
from app.solutions.instances.changing import (
    create_instance,
    remove_instance,
    update_instance,
    upgrade_instance,
)
from app.solutions.instances.reading import Instance, InstanceFilter
from app.solutions.people.authentications import AuthenticationDraft, remove_authentication, set_authentication
from app.solutions.people.cipher import Cipher
from app.solutions.rollout.publishing import publish
from tests.support.http import SECRET_KEY
from tests.support.lock_waits import waiting_sessions
from tests.support.served import eventually
from tests.support.statements import Statements
from tests.support.world import World, config, ddl, move_instance

CIPHER = Cipher(SECRET_KEY)

HOOK = Workflow("hook", trigger=Trigger.WEBHOOK)
PLAIN = Workflow("plain")


class TestMoving:
    def test_the_response_shows_the_stored_instance(self, world: World) -> None:
        world.release(config("a", ddl("b", "one")))
        instance = world.make(a='"1"')
        assert world.update(instance, b="1") == world.read(instance)
        world.release(config(ddl("b", "two"), ConfigSlot("c", hidden=True)))
        assert world.update(instance, a='"2"') == world.read(instance)
        assert world.upgrade(instance, c='"3"') == world.read(instance)
        assert world.move(instance, 1) == world.read(instance)

    def test_a_move_back_drops_the_values_of_slots_that_are_gone(self, world: World) -> None:
        world.release(config("a", "b"))
        instance = world.make(a='"1"', b='"1"')
        world.release(config("a", "c"))
        moved = world.move(instance, 2, c='"2"')
        assert (moved.release_number, moved.config_values) == (2, {"a": '"1"', "c": '"2"'})
        back = world.move(instance, 1)
        assert (back.release_number, back.config_values) == (1, {"a": '"1"'})
        assert [slot.external_id for slot in back.pending] == ["b"]
        assert (back.flags.has_newer_version, back.flags.requires_user_input_to_update_version) == (True, True)

    def test_a_value_given_for_a_newer_release_is_valid_on_an_older_one(self, world: World) -> None:
        world.release(config("a"))
        world.release(config("a", "b"))
        instance = world.make(a='"1"', b='"1"')
        assert world.move(instance, 1).pending == ()

    def test_the_time_of_the_last_move_is_kept(self, world: World) -> None:
        world.release(config())
        instance = world.make()
        query = "SELECT moved_at IS NULL, moved_at = created_at FROM solution_instance"
        assert world.rows(query) == [(True, None)]
        world.upgrade(instance)
        assert world.rows(query) == [(True, None)], "it was on the latest release"
        world.release(config())
        world.upgrade(instance)
        assert world.rows(query) == [(False, False)]

    @pytest.mark.ledger("DEC-77")
    def test_a_value_counts_for_the_latest_release_where_it_fits_that(self, world: World) -> None:
        world.release(config("a", "b", "c"))
        instance = world.make(c='"1"')
        world.release(config("a", ConfigSlot("b", type=ConfigType.INTEGER)))
        world.update(instance, a='"2"', b='"2"')
        query = "SELECT external_identifier, given_for FROM instance_value ORDER BY 1"
        assert world.rows(query) == [("a", [1, 2]), ("b", [1]), ("c", [1])]
        world.upgrade(instance, b="3")
        assert world.rows(query) == [("a", [1, 2]), ("b", [2])]


class TestWorkflows:
    def test_each_instance_has_its_own_instance_of_each_workflow(self, world: World) -> None:
        world.release(Content(workflows=(HOOK, PLAIN)))
        one, two = world.make(), world.make()
        keys = world.keys(one)
        assert (sorted(keys), keys["plain"]) == (["hook", "plain"], None)
        assert len(keys["hook"] or "") >= 32
        assert keys["hook"] != world.keys(two)["hook"]

    @pytest.mark.ledger("UVU-2", "DEC-138")
    def test_workflows_that_stay_keep_their_trigger_keys(self, world: World) -> None:
        world.release(Content(workflows=(HOOK, PLAIN)))
        instance = world.make()
        before = world.keys(instance)
        world.release(Content(workflows=(HOOK, replace(HOOK, source_workflow_id="new"))))
        world.upgrade(instance)
        after = world.keys(instance)
        assert (sorted(after), after["hook"]) == (["hook", "new"], before["hook"])
        assert after["new"]

    def test_a_workflow_that_becomes_a_webhook_gets_a_key_and_keeps_it(self, world: World) -> None:
        world.release(Content(workflows=(PLAIN,)))
        instance = world.make()
        ids = world.rows("SELECT workflow_instance_identifier FROM workflow_instance")
        world.release(Content(workflows=(replace(PLAIN, trigger=Trigger.WEBHOOK),)))
        world.upgrade(instance)
        key = world.keys(instance)["plain"]
        assert key
        world.move(instance, 1)
        world.move(instance, 2)
        assert world.keys(instance)["plain"] == key
        assert world.rows("SELECT workflow_instance_identifier FROM workflow_instance") == ids

    def test_an_upgrade_to_the_same_release_and_an_update_keep_trigger_keys(self, world: World) -> None:
        world.release(Content(workflows=(HOOK,)))
        instance = world.make()
        before = world.keys(instance)
        world.upgrade(instance)
        world.update(instance)
        assert world.keys(instance) == before

    def test_workflows_are_removed_with_their_instance(self, world: World) -> None:
        world.release(Content(workflows=(HOOK,)))
        instance = world.make()
        with world.engine.begin() as connection:
            remove_instance(connection, instance)
        assert world.keys(instance) == {}


class TestReading:
    @pytest.mark.ledger("UVU-31")
    def test_the_filter_finds_what_the_flags_of_each_say(self, world: World) -> None:
        before, after = (ConfigSlot("v", type=each) for each in (ConfigType.INTEGER, ConfigType.NUMBER))
        world.release(config("a", before, ddl("h", "one", hidden=True)))
        for number in range(12):
            values = {"a": '"1"', "v": "1", "h": "1"}
            world.make(str(number), **{name: values[name] for name in "avh"[: number % 4]})
        instances, _ = world.find(InstanceFilter())
        world.release(config("a", after, ddl("h", "two", hidden=True)))
        for position, instance in enumerate(instances):
            if position % 3 == 1:
                world.update(instance.instance_id, v="2")
            if position % 3 == 2:
                world.upgrade(instance.instance_id, h="2")
        world.release(config("a", after, ddl("h", "two", hidden=True), ConfigSlot("b", mandatory=False)))
        everything, total = world.find(InstanceFilter(solution_id=world.solution))
        assert total == 12
        assert len({instance.flags for instance in everything}) == 3
        choices = (None, True, False)
        for wanted in (
            InstanceFilter(None, None, None, None, (), n, u, s) for n in choices for u in choices for s in choices
        ):
            found, count = world.find(wanted)
            fitting = [instance for instance in everything if _fits(instance, wanted)]
            assert (found, count) == (fitting, len(fitting))

    def test_by_name_tags_and_ids(self, world: World) -> None:
        world.release(config())
        one, two = world.make("One"), world.make("Two")
        names = [
            [instance.name for instance in world.find(wanted)[0]]
            for wanted in (
                InstanceFilter(name="One"),
                InstanceFilter(name="one"),
                InstanceFilter(tags=("crm",)),
                InstanceFilter(tags=("crm", "mail")),
                InstanceFilter(ids=(two, one.upper(), "none")),
                InstanceFilter(ids=()),
            )
        ]
        assert names == [["One"], [], ["One", "Two"], [], ["One", "Two"], []]

    @pytest.mark.ledger("DEC-93")
    def test_the_oldest_come_first_and_equals_by_id(self, world: World) -> None:
        world.release(config())
        made = sorted(world.make(str(number)) for number in range(6))
        world.rows("UPDATE solution_instance SET created_at = '2026-01-01' RETURNING 1")
        assert [instance.instance_id for instance in world.find(InstanceFilter(), 2, 4)[0]] == made[4:]

    @pytest.mark.parametrize("wanted", [InstanceFilter(), InstanceFilter(requires_user_input_to_update_version=True)])
    def test_many_are_read_with_as_few_statements_as_one(
        self, world: World, wanted: InstanceFilter, statements: Statements
    ) -> None:
        sent = []
        for count in (1, 50):
            world.solution = ""
            world.release(config("a"))
            for number in range(count):
                world.make(str(number), a='"1"')
            world.release(config(ConfigSlot("a", type=ConfigType.INTEGER)))
            with statements.sent() as sent_now:
                found, _ = world.find(replace(wanted, solution_id=world.solution), 1, 1000)
            assert len(found) == count
            sent.append(len(sent_now))
        assert sent[0] == sent[1] <= 7


class TestAtOnce:
    def test_values_given_at_once_are_all_kept(self, world: World) -> None:
        names = [f"s{number}" for number in range(8)]
        world.release(config(*names))
        instance = world.make()
        world.release(config(*names, "new"))
        jobs: list[Callable[[], object]] = [partial(world.update, instance, **{name: '"1"'}) for name in names]
        at_once([*jobs, partial(world.upgrade, instance, new='"1"')])
        found = world.read(instance)
        assert (found.release_number, found.pending) == (2, ())
        assert found.config_values == dict.fromkeys([*names, "new"], '"1"')

    def test_moves_and_publications_at_once(self, world: World) -> None:
        """Upgrades never go back, and after each the instance has exactly the values of the slots of its release."""
        world.release(config("a"))
        instances = [world.make(a='"1"') for _ in range(4)]

        def publish_more() -> None:
            for number in range(2, 6):
                world.release(config("a", f"n{number}"))

        def upgrade_all() -> None:
            reached = dict.fromkeys(instances, 1)
            for instance in instances * 5:
                now = world.upgrade(instance).release_number
                assert now >= reached[instance]
                reached[instance] = now

        at_once([publish_more, upgrade_all, upgrade_all])
        for instance in instances:
            assert world.upgrade(instance).release_number == 5
            assert world.read(instance).config_values == {"a": '"1"'}

    def test_a_release_waits_for_new_instances_and_announces_them(self, world: World) -> None:
        world.release(config())
        with ThreadPoolExecutor(1) as thread:
            with world.engine.begin() as connection:
                made = create_instance(connection, world.solution, world.owner, "Mine").instance_id
                published = thread.submit(world.release, config("a"))
                eventually(lambda: waiting_sessions(world.engine))
                assert not published.done()
            assert published.result() == 2
        assert world.rows("SELECT body->>'solutionInstanceId' FROM outbox") == [(made,)]
        assert world.read(made).flags == Flags(True, True)

    def test_an_instance_that_is_made_waits_for_a_release_and_is_on_it(self, world: World) -> None:
        world.release(config("a"))
        with ThreadPoolExecutor(1) as thread:
            with world.engine.begin() as connection:
                publish(connection, None, world.solution, None)
                made = thread.submit(world.make, "Mine")
                eventually(lambda: waiting_sessions(world.engine))
            assert world.read(made.result()).release_number == 2

    def test_a_release_waits_for_moving_instances_and_announces_their_needs(self, world: World) -> None:
        """The changes since the first release break nothing, and those since the second are breaking."""
        text_slot, number_slot = ConfigSlot("a"), ConfigSlot("a", type=ConfigType.INTEGER)
        world.release(config(text_slot))
        world.release(config(number_slot))
        instance = world.make(a="1")
        world.move(instance, 1, a='"x"')
        with ThreadPoolExecutor(1) as thread:
            with world.engine.begin() as connection:
                move_instance(connection, instance, 2, {"a": "1"})
                published = thread.submit(world.release, config(text_slot))
                eventually(lambda: waiting_sessions(world.engine))
            assert published.result() == 3
        assert world.rows("SELECT body->>'releaseNumber' FROM outbox WHERE body->>'releaseNumber' = '3'") == [("3",)]

    def test_an_upgrade_that_waited_uses_values_given_meanwhile(self, world: World) -> None:
        world.release(config("a", "b"))
        instance = world.make(b='"1"')
        world.release(config("a"))
        with ThreadPoolExecutor(1) as thread:
            with world.engine.begin() as connection:
                update_instance(connection, instance, config_values={"a": '"2"'})
                upgraded = thread.submit(world.upgrade, instance)
                eventually(lambda: waiting_sessions(world.engine))
            assert upgraded.result().config_values == {"a": '"2"'}
        assert (upgraded.result().pending, world.read(instance)) == ((), upgraded.result())

    @pytest.mark.parametrize("give", [update_instance, upgrade_instance])
    def test_a_move_that_waited_drops_values_given_meanwhile(self, world: World, give: Callable[..., Instance]) -> None:
        """A slot that the release does not have holds no value, whichever service filled it last."""
        world.release(config("a"))
        world.release(config("a", "b"))
        instance = world.make()
        with ThreadPoolExecutor(1) as thread:
            with world.engine.begin() as connection:
                give(connection, instance, config_values={"b": '"2"'})
                moved = thread.submit(world.move, instance, 1)
                eventually(lambda: waiting_sessions(world.engine))
            assert moved.result().config_values == {}
        assert world.rows("SELECT external_identifier FROM instance_value") == []

    def test_an_authentication_is_changed_and_removed_while_it_is_given(self, world: World) -> None:
        """Whichever request comes first, there is no deadlock, and no slot holds an authentication that was removed."""
        world.release(Content(auth_slots=tuple(AuthSlot(name, service="slack") for name in "ab")))
        instance = world.make()

        def give(authentication: str) -> None:
            for slot in "abab":
                with suppress(UserError), world.engine.begin() as connection:
                    update_instance(connection, instance, auth_values={slot: authentication})

        def change(authentication: str) -> None:
            for scope in "xyz":
                with suppress(UserError), world.engine.begin() as connection:
                    set_authentication(connection, CIPHER, AuthenticationDraft(authentication, scopes=(scope,)))

        def remove(authentication: str) -> None:
            with world.engine.begin() as connection:
                remove_authentication(connection, authentication)

        for _ in range(5):
            with world.engine.begin() as connection:
                new = AuthenticationDraft(None, world.owner, "Slack", "slack", data="1")
                kept, gone = (set_authentication(connection, CIPHER, new) for _ in range(2))
            at_once([partial(job, authentication) for authentication in (kept, gone) for job in (give, change)])
            at_once([partial(give, kept), partial(change, kept), partial(give, gone), partial(remove, gone)])
            assert set(world.read(instance).auth_values.values()) <= {kept}


def at_once(jobs: list[Callable[[], object]]) -> None:
    with ThreadPoolExecutor(len(jobs)) as pool:
        for done in [pool.submit(job) for job in jobs]:
            done.result()


def _fits(instance: Instance, wanted: InstanceFilter) -> bool:
    flags = instance.flags
    return (
        wanted.has_newer_version in (None, flags.has_newer_version)
        and wanted.requires_user_input_to_update_version in (None, flags.requires_user_input_to_update_version)
        and wanted.requires_system_input_to_update_version in (None, flags.requires_system_input_to_update_version)
    )
