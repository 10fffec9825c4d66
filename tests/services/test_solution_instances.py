"""Update versus upgrade, sentence by sentence ("Updating vs Upgrading instances"), and the rules around it."""

from __future__ import annotations

import pytest

from tests.support.solution_store import (
    SLACK,
    Store,
    auth_slot,
    changes,
    config_slot,
    ddl,
    element,
    leaf,
    leaves,
    shown,
    values,
    workflow,
)

EMAIL = "external_support-email"
SUPPORT = '"support@example.com"'
NOBODY = "00000000-0000-4000-8000-000000000000"


def flags_after(store: Store, before: str, after: str, config: dict[str, str] | None = None) -> str:
    """The flags of an instance with these values, when a release with one config slot follows another."""
    solution = store.published(config=[before])
    instance = store.instance(solution, config=config)
    store.republish(solution, config=[after])
    return store.get(instance).flags


def auth_flags_after(store: Store, before: str, after: str) -> str:
    solution = store.published(auth=[before])
    owner = store.user()
    slack = store.authentication(owner, ["read"])
    instance = store.instance(solution, owner, auth={"slack": slack})
    store.republish(solution, auth=[after])
    return store.get(instance).flags


class TestFlags:
    @pytest.mark.ledger("UVU-31", "UVU-32")
    def test_without_a_newer_release_there_are_none(self, store: Store) -> None:
        assert store.get(store.instance(store.published(config=[config_slot("a")]))).flags == ""

    @pytest.mark.ledger("UVU-32")
    def test_a_release_without_breaking_changes_needs_no_action(self, store: Store) -> None:
        assert flags_after(store, config_slot("a"), config_slot("a", title="A")) == "N"

    @pytest.mark.ledger("UVU-33")
    def test_new_visible_config_data_has_the_user_run_the_wizard(self, store: Store) -> None:
        assert flags_after(store, config_slot("a", mandatory=False), config_slot("b")) == "NU"

    @pytest.mark.ledger("UVU-20", "UVU-34")
    def test_new_hidden_config_data_must_be_imported(self, store: Store) -> None:
        assert flags_after(store, config_slot("a", mandatory=False), config_slot("b", hidden=True)) == "NS"

    def test_new_visible_and_hidden_data_ask_for_both(self, store: Store) -> None:
        solution = store.published()
        instance = store.instance(solution)
        store.republish(solution, config=[config_slot("a", hidden=True), config_slot("b")])
        assert store.get(instance).flags == "NUS"

    def test_optional_data_and_data_with_a_default_ask_for_nothing(self, store: Store) -> None:
        solution = store.published()
        instance = store.instance(solution)
        store.republish(solution, config=[config_slot("a", mandatory=False), config_slot("b", defaultValue='"x"')])
        assert store.get(instance).flags == "N"

    @pytest.mark.ledger("UVU-21", "UVU-33", "UVU-34")
    def test_new_auth_data_asks_as_config_data_does(self, store: Store) -> None:
        solution = store.published()
        instance = store.instance(solution)
        store.republish(solution, auth=[auth_slot("slack")])
        assert store.get(instance).flags == "NU"
        store.republish(solution, auth=[auth_slot("slack", hidden=True)])
        assert store.get(instance).flags == "NS"

    @pytest.mark.ledger("UVU-13")
    def test_additional_scopes_require_an_upgrade_and_fewer_do_not(self, store: Store) -> None:
        assert auth_flags_after(store, auth_slot("slack", ["read"]), auth_slot("slack", ["read", "write"])) == "NU"
        assert auth_flags_after(store, auth_slot("slack", ["read"]), auth_slot("slack")) == "N"

    @pytest.mark.ledger("UVU-14")
    def test_another_service_version_or_environment_requires_an_upgrade(self, store: Store) -> None:
        assert auth_flags_after(store, auth_slot("slack"), auth_slot("slack", serviceVersion="3.0")) == "NU"
        assert auth_flags_after(store, auth_slot("slack"), auth_slot("slack", serviceEnvironment="test")) == "NU"

    @pytest.mark.ledger("UVU-16")
    def test_an_authentication_re_created_for_another_environment_requires_an_upgrade(self, store: Store) -> None:
        one, same, other = (
            store.authentication(None, serviceEnvironment=name) for name in ("production",) * 2 + ("test",)
        )
        before = auth_slot("slack", authenticationId=one)
        assert auth_flags_after(store, before, auth_slot("slack", authenticationId=same)) == "N"
        after = auth_slot("slack", authenticationId=other, serviceEnvironment="test")
        assert auth_flags_after(store, before, after) == "NU"

    @pytest.mark.ledger("UVU-13", "UVU-14", "DEC-60")
    def test_what_a_slot_leaves_empty_is_as_the_linked_authentication_has_it_on_publishing(self, store: Store) -> None:
        """ "The authentication linked to the auth slot has been updated and it has additional scopes" """
        linked = store.authentication(None, ["read"])
        slot = element("AuthSlot", externalId="slack", authenticationId=linked)
        solution = store.published(auth=[slot])
        instance = store.instance(solution, auth={"slack": linked})
        assert store.get(instance).pending == []
        released = store.done("GetSolution", solutionId=solution, releaseNumber=1)
        texts = [released.text(f"AuthSlotList/AuthSlot/{name}") for name in (*SLACK, "ScopeList/scope")]
        assert texts == [*SLACK.values(), "read"]
        updates = [
            (leaves("ScopeList", "scope", ["read", "write"]), "AuthScopesAdded"),
            (leaf("serviceVersion", "3.0"), "AuthServiceVersionChanged"),
            (leaf("serviceEnvironment", "test"), "AuthServiceEnvironmentChanged"),
        ]
        for update, code in updates:
            store.done("SetAuthentication", update, authenticationId=linked)
            assert changes(store.done("PreviewSolutionRelease", solutionId=solution)) == [f"auth slack {code}!"]
            assert changes(store.publish(solution)) == [f"auth slack {code}!"]
            assert store.get(instance).flags == "NU"

    @pytest.mark.ledger("UVU-17")
    def test_another_type_requires_an_upgrade(self, store: Store) -> None:
        assert flags_after(store, config_slot("a"), config_slot("a", type="integer"), {"a": '"x"'}) == "NU"
        hidden = config_slot("a", type="integer", hidden=True)
        assert flags_after(store, config_slot("a"), hidden, {"a": '"x"'}) == "NS"

    @pytest.mark.ledger("UVU-18")
    def test_other_properties_of_a_drop_down_list_require_an_upgrade(self, store: Store) -> None:
        before = config_slot("a", ddl(), type="ddl")
        for change in (
            {"operation": "list_users"},
            {"connector": "teams"},
            {"connectorVersion": "3.0"},
            {"input": "{}"},
        ):
            assert flags_after(store, before, config_slot("a", ddl(**change), type="ddl"), {"a": '"x"'}) == "NU"

    @pytest.mark.ledger("UVU-19")
    def test_another_auth_slot_of_a_drop_down_list_requires_an_upgrade(self, store: Store) -> None:
        auth = [auth_slot("one", mandatory=False), auth_slot("two", mandatory=False)]
        solution = store.published(auth=auth, config=[config_slot("a", ddl(authSlotExternalId="one"), type="ddl")])
        instance = store.instance(solution, config={"a": '"x"'})
        store.republish(solution, auth=auth, config=[config_slot("a", ddl(authSlotExternalId="two"), type="ddl")])
        assert store.get(instance).flags == "NU"

    @pytest.mark.ledger("UVU-12", "DEC-74")
    def test_a_change_counts_until_the_instance_has_moved_whatever_comes_after_it(self, store: Store) -> None:
        solution = store.published()
        instance = store.instance(solution)
        store.republish(solution, config=[config_slot("a")])
        store.republish(solution, config=[config_slot("a", title="A")])
        assert store.get(instance).flags == "NU"
        store.republish(solution)
        assert store.get(instance).flags == "N", "the release that asks for nothing is the latest"

    @pytest.mark.ledger("DEC-77")
    def test_a_value_given_since_settles_a_change(self, store: Store) -> None:
        """A change that an instance has a value for does not count again."""
        solution = store.published(config=[config_slot("a", type="integer")])
        instance = store.instance(solution, config={"a": "1"})
        store.republish(solution, config=[config_slot("a", type="number")])
        assert store.get(instance).flags == "NU"
        updated = store.update(instance, config={"a": "2"})
        assert (updated.flags, updated.release, updated.pending) == ("N", 1, [])

    @pytest.mark.ledger("DEC-77")
    def test_an_authentication_given_since_settles_a_change(self, store: Store) -> None:
        owner = store.user()
        solution = store.published(auth=[auth_slot("chat", ["read"])])
        instance = store.instance(solution, owner, auth={"chat": store.authentication(owner, ["read"])})
        store.republish(solution, auth=[auth_slot("chat", ["read", "write"])])
        assert store.get(instance).flags == "NU"
        more = store.update(instance, auth={"chat": store.authentication(owner, ["read", "write"])})
        assert (more.flags, more.release, more.pending) == ("N", 1, [])

    @pytest.mark.ledger("DEC-77")
    def test_an_authentication_that_fits_both_releases_is_good_for_both(self, store: Store) -> None:
        owner = store.user()
        solution = store.published(auth=[auth_slot("chat", ["read", "write"])])
        instance = store.instance(solution, owner)
        store.republish(solution, auth=[auth_slot("chat", ["read"])])
        given = store.update(instance, auth={"chat": store.authentication(owner, ["read", "write"])})
        assert (given.flags, given.release, given.pending) == ("N", 1, [])

    @pytest.mark.ledger("DEC-78")
    def test_what_was_chosen_from_a_list_is_none_of_the_next_list(self, store: Store) -> None:
        """Only who chooses from the list can tell whether it has the value: it is asked for in any case."""
        solution = store.published(config=[config_slot("a", ddl(), type="ddl")])
        instance = store.instance(solution, config={"a": '"x"'})
        store.republish(solution, config=[config_slot("a", ddl(operation="list_users"), type="ddl")])
        updated = store.update(instance, config={"a": '"y"'})
        assert (updated.flags, updated.pending) == ("NU", [])
        assert store.upgrade(instance).pending == ["a"]

    @pytest.mark.ledger("DEC-77")
    def test_a_value_that_the_latest_release_does_not_take_settles_nothing(self, store: Store) -> None:
        solution = store.published(config=[config_slot("a")])
        instance = store.instance(solution, config={"a": '"x"'})
        store.republish(solution, config=[config_slot("a", type="integer")])
        assert store.update(instance, config={"a": '"y"'}).flags == "NU"
        given = {"solutionInstanceId": instance}
        reply = store.reply_to("UpdateSolutionInstance", *values({"a": "1"}), **given)
        assert "release 2 accepts it: use UpgradeSolutionInstance" in (reply.text("errorMessage") or "")


class TestUpgrade:
    @pytest.mark.ledger("UVU-27", "UVU-29", "UVU-34")
    def test_the_example_of_the_document(self, store: Store) -> None:
        """A hidden piece of config that was not in the previous version: a value for it, and it is done."""
        solution = store.published(config=[config_slot("channel")])
        instance = store.instance(solution, config={"channel": '"#help"'})
        store.republish(solution, config=[config_slot("channel"), config_slot(EMAIL, hidden=True)])
        assert store.get(instance).flags == "NS"
        upgraded = store.upgrade(instance, config={EMAIL: SUPPORT})
        assert (upgraded.release, upgraded.flags, upgraded.pending) == (2, "", [])
        assert upgraded.config == {"channel": '"#help"', EMAIL: SUPPORT}
        assert store.get(instance) == upgraded

    @pytest.mark.ledger("UVU-24", "UVU-25")
    def test_with_the_id_only_what_is_asked_for_is_pending_for_the_wizard(self, store: Store) -> None:
        solution = store.published(config=[config_slot("a")])
        instance = store.instance(solution, config={"a": '"1"'})
        store.republish(
            solution,
            auth=[auth_slot("slack")],
            config=[config_slot("a"), config_slot("b"), config_slot("c", hidden=True)],
        )
        upgraded = store.upgrade(instance)
        assert (upgraded.release, upgraded.flags) == (2, "")
        assert upgraded.pending == ["slack", "b", "c"]
        assert upgraded.config == {"a": '"1"'}
        wizard = store.update(instance, config={"b": '"2"'})
        assert wizard.pending == ["slack", "c"]

    @pytest.mark.ledger("DEC-87")
    def test_given_values_go_over_those_held_and_the_others_stay(self, store: Store) -> None:
        solution = store.published(config=[config_slot("a"), config_slot("b")])
        instance = store.instance(solution, config={"a": '"1"', "b": '"1"'})
        store.republish(solution, config=[config_slot("a"), config_slot("b"), config_slot("c")])
        assert store.upgrade(instance, config={"b": '"2"', "c": '"2"'}).config == {"a": '"1"', "b": '"2"', "c": '"2"'}

    def test_to_the_latest_release_over_those_between(self, store: Store) -> None:
        solution = store.published()
        instance = store.instance(solution)
        for slot in ("a", "b", "c"):
            store.republish(solution, config=[config_slot(slot, mandatory=False)])
        assert store.upgrade(instance).release == 4

    @pytest.mark.ledger("DEC-79")
    def test_values_of_slots_that_are_gone_are_dropped(self, store: Store) -> None:
        solution = store.published(config=[config_slot("a"), config_slot("b")])
        instance = store.instance(solution, config={"a": '"1"', "b": '"1"'})
        store.republish(solution, config=[config_slot("b")])
        assert store.upgrade(instance).config == {"b": '"1"'}
        store.republish(solution, config=[config_slot("a"), config_slot("b")])
        assert store.upgrade(instance).pending == ["a"]

    def test_a_value_that_does_not_fit_any_longer_is_pending(self, store: Store) -> None:
        solution = store.published(config=[config_slot("a")])
        instance = store.instance(solution, config={"a": '"1"'})
        store.republish(solution, config=[config_slot("a", type="integer")])
        assert store.upgrade(instance).pending == ["a"]
        assert store.upgrade(instance, config={"a": "1"}).pending == []

    @pytest.mark.ledger("DEC-89")
    def test_an_instance_on_the_latest_release_may_be_upgraded_again(self, store: Store) -> None:
        instance = store.instance(store.published(config=[config_slot("a")]))
        assert store.upgrade(instance, config={"a": '"1"'}).config == {"a": '"1"'}
        assert store.upgrade(instance).release == 1

    @pytest.mark.ledger("DEC-88")
    def test_it_neither_enables_nor_disables(self, store: Store) -> None:
        solution = store.published()
        on, off = store.instance(solution), store.instance(solution)
        store.update(on, enabled=True)
        store.republish(solution, config=[config_slot("a")])
        assert (store.upgrade(on).enabled, store.upgrade(off).enabled) == (True, False)

    @pytest.mark.ledger("DEC-90")
    def test_faults_name_their_fields_and_nothing_moves(self, store: Store) -> None:
        solution = store.published()
        instance = store.instance(solution)
        store.republish(
            solution, config=[config_slot("a"), config_slot("b", type="integer")], auth=[auth_slot("slack")]
        )
        given = values({"a": '"1"', "b": '"1"', "x": "1"}, {"slack": NOBODY, "a": NOBODY})
        assert store.faults("UpgradeSolutionInstance", *given, solutionInstanceId=instance) == [
            "ConfigValueList/ConfigValue[2]/value",
            "ConfigValueList/ConfigValue[3]/externalId",
            "AuthValueList/AuthValue[1]/authId",
            "AuthValueList/AuthValue[2]/externalId",
        ]
        assert (store.get(instance).release, store.get(instance).config) == (1, {})

    @pytest.mark.ledger("DEC-80")
    @pytest.mark.parametrize("value", ["support@example.com", "", "{", "NaN", '"a" "b"', "'a'"])
    def test_a_value_is_json_in_a_text(self, store: Store, value: str) -> None:
        instance = store.instance(store.published(config=[config_slot("a")]))
        faults = store.faults("UpgradeSolutionInstance", *values({"a": value}), solutionInstanceId=instance)
        assert faults == ["ConfigValueList/ConfigValue[1]/value"]

    def test_what_is_missing_or_given_twice_is_a_fault(self, store: Store) -> None:
        instance = store.instance(store.published(config=[config_slot("a")]))
        config = "<ConfigValueList>{}</ConfigValueList>".format(
            "<ConfigValue><externalId>a</externalId><value>1</value></ConfigValue>"
            "<ConfigValue><value>1</value></ConfigValue>"
            "<ConfigValue><externalId>a</externalId></ConfigValue>"
        )
        assert store.faults("UpgradeSolutionInstance", config, solutionInstanceId=instance) == [
            "ConfigValueList/ConfigValue[2]/externalId",
            "ConfigValueList/ConfigValue[3]/externalId",
            "ConfigValueList/ConfigValue[3]/value",
        ]


class TestUpdate:
    def test_name_enabled_and_held_and_what_is_absent_stays(self, store: Store) -> None:
        instance = store.instance(store.published(config=[config_slot("a")]), name="Old", config={"a": '"1"'})
        changed = store.update(instance, instanceName="New", enabled=True, held=True)
        assert (changed.name, changed.enabled, changed.held) == ("New", True, True)
        assert store.update(instance) == changed
        assert store.update(instance, enabled=False, held=False).enabled is False

    @pytest.mark.ledger("DEC-87")
    def test_values_of_existing_slots(self, store: Store) -> None:
        instance = store.instance(store.published(config=[config_slot("a"), config_slot("b")]), config={"a": '"1"'})
        assert store.update(instance, config={"b": '"2"'}).config == {"a": '"1"', "b": '"2"'}
        assert store.update(instance, config={"a": '"3"'}).config == {"a": '"3"', "b": '"2"'}

    @pytest.mark.ledger("UVU-28")
    def test_it_cannot_be_used_to_upgrade(self, store: Store) -> None:
        """ "You cannot use the updateSolutionInstance mutation for this purpose." """
        solution = store.published()
        instance = store.instance(solution)
        store.republish(solution, config=[config_slot(EMAIL, hidden=True)], auth=[auth_slot("slack")])
        given = values({EMAIL: SUPPORT}, {"slack": NOBODY})
        reply = store.reply_to("UpdateSolutionInstance", *given, solutionInstanceId=instance)
        assert reply.number == 105
        assert (reply.text("errorMessage") or "").count("UpgradeSolutionInstance") == 2
        assert (
            reply.text("errorFields")
            == "ConfigValueList/ConfigValue[1]/externalId\nAuthValueList/AuthValue[1]/externalId"
        )
        assert (store.get(instance).release, store.get(instance).config) == (1, {})

    def test_a_slot_of_no_release_is_unknown(self, store: Store) -> None:
        instance = store.instance(store.published())
        reply = store.reply_to("UpdateSolutionInstance", *values({"a": "1"}), solutionInstanceId=instance)
        assert reply.number == 105
        assert "UpgradeSolutionInstance" not in (reply.text("errorMessage") or "")

    @pytest.mark.ledger("UVU-28")
    def test_the_release_stays_where_it_is(self, store: Store) -> None:
        solution = store.published(config=[config_slot("a")])
        instance = store.instance(solution)
        store.republish(solution, config=[config_slot("a", title="A")])
        assert store.update(instance, enabled=True, config={"a": '"1"'}).release == 1

    @pytest.mark.ledger("DEC-91")
    def test_enabling_with_missing_values_is_an_error_only_where_that_is_wanted(self, store: Store) -> None:
        solution = store.published(config=[config_slot("a"), config_slot("b", hidden=True)])
        instance = store.instance(solution)
        enabling: dict[str, str | bool] = {
            "solutionInstanceId": instance,
            "enabled": True,
            "errorOnEnablingWithMissingValues": True,
        }
        reply = store.reply_to("UpdateSolutionInstance", instanceName="New", **enabling)
        assert (reply.number, reply.text("errorFields")) == (105, "enabled")
        assert '"a", "b"' in (reply.text("errorMessage") or "")
        assert (store.get(instance).enabled, store.get(instance).name) == (False, "Mine")
        complete = store.done("UpdateSolutionInstance", *values({"a": '"1"', "b": '"1"'}), **enabling)
        assert shown(complete)[0].enabled
        other = store.instance(solution)
        assert store.update(other, enabled=True).enabled
        assert store.update(other, enabled=False, errorOnEnablingWithMissingValues=True).enabled is False


class TestAuthentications:
    @pytest.mark.ledger("DEC-83")
    def test_those_of_the_owner_and_that_of_the_slot_itself_fit(self, store: Store) -> None:
        own = store.authentication(None)
        slot = auth_slot("slack", authenticationId=own, mandatory=False)
        solution = store.published(auth=[slot, auth_slot("other", mandatory=False)])
        ann, bob = store.user("Ann"), store.user("Bob")
        instance = store.instance(solution, ann)
        anns, bobs = store.authentication(ann), store.authentication(bob)
        assert store.update(instance, auth={"slack": anns}).auth == {"slack": anns}
        assert store.update(instance, auth={"slack": own.upper()}).auth == {"slack": own}
        for given in ({"slack": bobs}, {"other": own}, {"other": NOBODY}, {"other": "none"}):
            faults = store.faults("UpdateSolutionInstance", *values(None, given), solutionInstanceId=instance)
            assert faults == ["AuthValueList/AuthValue[1]/authId"]

    @pytest.mark.ledger("DEC-84")
    def test_it_must_be_for_the_service_version_and_environment_with_all_scopes(self, store: Store) -> None:
        ann = store.user()
        instance = store.instance(store.published(auth=[auth_slot("slack", ["read", "write"])]), ann)
        for wrong in ({"service": "teams"}, {"serviceVersion": "1.0"}, {"serviceEnvironment": "test"}):
            auth = {"slack": store.authentication(ann, ["read", "write"], **wrong)}
            store.faults("UpdateSolutionInstance", *values(None, auth), solutionInstanceId=instance)
        reply = store.reply_to(
            "UpdateSolutionInstance",
            *values(None, {"slack": store.authentication(ann, ["read"])}),
            solutionInstanceId=instance,
        )
        assert '"write"' in (reply.text("errorMessage") or "")
        right = store.authentication(ann, ["write", "read", "more"])
        assert store.update(instance, auth={"slack": right}).pending == []

    @pytest.mark.ledger("DEC-61")
    def test_a_slot_without_a_version_or_an_environment_takes_any(self, store: Store) -> None:
        ann = store.user()
        slot = auth_slot("slack", serviceVersion=None, serviceEnvironment=None)
        instance = store.instance(store.published(auth=[slot]), ann)
        authentication = store.authentication(ann, serviceVersion="3.0", serviceEnvironment="test")
        found = store.update(instance, auth={"slack": authentication})
        assert (found.auth, found.pending) == ({"slack": authentication}, [])

    @pytest.mark.ledger("DEC-85")
    def test_an_authentication_that_is_changed_or_removed_leaves_the_slot_pending(self, store: Store) -> None:
        ann = store.user()
        slack = store.authentication(ann, ["read"])
        instance = store.instance(store.published(auth=[auth_slot("slack", ["read"])]), ann, auth={"slack": slack})
        assert store.get(instance).pending == []
        store.done("SetAuthentication", authenticationId=slack, serviceVersion="3.0")
        assert store.get(instance).pending == ["slack"]
        store.done("SetAuthentication", authenticationId=slack, serviceVersion="2.0")
        store.done("RemoveAuthentication", authenticationId=slack)
        assert (store.get(instance).auth, store.get(instance).pending) == ({}, ["slack"])


class TestCreateAndRemove:
    def test_an_instance_is_made_of_the_latest_release_and_not_enabled(self, store: Store) -> None:
        solution = store.published()
        store.republish(solution, config=[config_slot("a"), config_slot("b")])
        made = store.get(store.instance(solution, name="Slack > Trello", config={"a": '"1"'}))
        assert (made.release, made.enabled, made.held, made.flags) == (2, False, False, "")
        assert (made.name, made.config, made.pending) == ("Slack > Trello", {"a": '"1"'}, ["b"])

    def test_faults(self, store: Store) -> None:
        solution, owner = store.published(config=[config_slot("a")]), store.user()
        create = "CreateSolutionInstance"
        assert store.faults(create) == ["solutionId"]
        assert store.faults(create, solutionId=NOBODY, owner=owner, instanceName="x") == ["solutionId"]
        assert store.faults(create, solutionId=solution, owner=owner) == ["instanceName"]
        assert store.faults(create, solutionId=solution, instanceName="x") == ["owner"]
        assert store.faults(create, solutionId=solution, owner=NOBODY, instanceName="x") == ["owner"]
        assert store.faults(create, solutionId=store.set(), owner=owner, instanceName="x") == ["solutionId"]
        wrong = values({"a": "1"})
        faults = store.faults(create, *wrong, solutionId=solution, owner=owner, instanceName="x")
        assert faults == ["ConfigValueList/ConfigValue[1]/value"]
        assert store.find() == []

    def test_a_removed_instance_is_gone(self, store: Store) -> None:
        instance = store.instance(store.published(config=[config_slot("a")]), config={"a": '"1"'})
        store.done("RemoveSolutionInstance", solutionInstanceId=instance)
        assert store.find() == []
        for name in ("RemoveSolutionInstance", "UpdateSolutionInstance", "UpgradeSolutionInstance"):
            assert store.faults(name, solutionInstanceId=instance) == ["solutionInstanceId"]
            assert store.faults(name, solutionInstanceId="no id") == ["solutionInstanceId"]
            assert store.faults(name) == ["solutionInstanceId"]

    @pytest.mark.ledger("DEC-92")
    def test_removing_a_user_removes_all_that_users_instances(self, store: Store) -> None:
        solution, ann, bob = store.published(), store.user("Ann"), store.user("Bob")
        for owner, name in ((ann, "a"), (bob, "b"), (ann, "c")):
            store.instance(solution, owner, name)
        anns = store.authentication(ann)
        store.done("RemoveExternalUser", userId=ann)
        assert store.find() == ["b"]
        assert store.faults("RemoveAuthentication", authenticationId=anns) == ["authenticationId"]
        assert store.faults("RemoveExternalUser", userId=ann) == ["userId"]


class TestGetSolutionInstances:
    @pytest.mark.ledger("UVU-22", "UVU-35")
    def test_by_id_owner_and_solution_alone_and_together(self, store: Store) -> None:
        one, two, ann, bob = store.published(), store.published(), store.user("Ann"), store.user("Bob")
        first = store.instance(one, ann, "1a")
        for solution, owner, name in ((one, bob, "1b"), (two, ann, "2a")):
            store.instance(solution, owner, name)
        assert store.find() == ["1a", "1b", "2a"]
        assert store.find(owner=ann) == ["1a", "2a"]
        assert store.find(solutionId=one) == ["1a", "1b"]
        assert store.find(owner=ann, solutionId=two) == ["2a"]
        assert store.find(solutionInstanceId=first) == store.find(solutionInstanceId=first, owner=ann) == ["1a"]
        assert store.find(solutionInstanceId=first, owner=bob) == []
        assert store.find(owner=NOBODY) == store.find(solutionId="none") == store.find(solutionInstanceId="x") == []

    @pytest.mark.ledger("UVU-3", "UVU-21")
    def test_by_flags(self, store: Store) -> None:
        solution = store.published()
        for name in ("waits", "user", "system"):
            store.instance(solution, name=name)
        by_name = {instance.name: instance.id for instance in shown(store.done("GetSolutionInstances"))}
        store.republish(solution, config=[config_slot("a"), config_slot("b", hidden=True)])
        store.upgrade(by_name["user"], config={"b": '"1"'})
        store.upgrade(by_name["system"], config={"a": '"1"'})
        store.instance(solution, name="new")
        store.republish(
            solution, config=[config_slot("a", type="integer"), config_slot("b", hidden=True, type="integer")]
        )
        store.update(by_name["system"], config={"b": '"2"'})
        assert store.find(hasNewerVersion=True) == ["waits", "user", "system", "new"]
        for name in ("user", "system"):
            store.upgrade(by_name[name], config={"a" if name == "system" else "b": "1"})
        assert store.find(hasNewerVersion=True) == ["waits", "new"]
        assert store.find(hasNewerVersion=False) == ["user", "system"]
        assert store.find(requiresUserInputToUpdateVersion=True) == ["waits", "new"]
        store.republish(
            solution,
            config=[config_slot("a", type="integer", title="A"), config_slot("b", hidden=True, type="number")],
        )
        assert store.find(requiresUserInputToUpdateVersion=False) == ["user", "system"]
        both = {"requiresUserInputToUpdateVersion": False, "requiresSystemInputToUpdateVersion": True}
        assert store.find(**both) == ["user", "system"]
        assert store.find(**both, owner=NOBODY) == []

    @pytest.mark.ledger("UVU-22")
    def test_page_by_page(self, store: Store) -> None:
        solution, owner = store.published(), store.user()
        for number in range(5):
            store.instance(solution, owner, str(number))
        store.republish(solution, config=[config_slot("a")])
        for flags in ({}, {"requiresUserInputToUpdateVersion": True}, {"hasNewerVersion": True}):
            pages = [store.find(page=page, pageSize=2, **flags) for page in (1, 2, 3, 4)]
            assert pages == [["0", "1"], ["2", "3"], ["4"], []]
            reply = store.done("GetSolutionInstances", page=2, pageSize=2, **flags)
            assert reply.text("totalCount") == "5"

    @pytest.mark.ledger("DEC-126")
    def test_a_page_is_of_the_schema_s_making(self, store: Store) -> None:
        for wrong in ({"page": 0}, {"pageSize": 0}, {"pageSize": 1001}):
            reply = store.reply_to("GetSolutionInstances", **wrong)
            assert (reply.status, reply.text("errorFields")) == (400, next(iter(wrong)))


class TestWorkflows:
    @pytest.mark.ledger("UVU-2", "DEC-59")
    def test_the_wizard_is_not_needed_for_workflows_alone(self, store: Store) -> None:
        solution = store.published(workflows=[workflow("w1", trigger="webhook"), workflow("w2")])
        instance = store.instance(solution)
        published = store.republish(solution, workflows=[workflow("w1", trigger="webhook"), workflow("w3")])
        assert published.text("notice") == "automatic"
        assert store.get(instance).flags == "N"
        assert store.upgrade(instance).release == 2
