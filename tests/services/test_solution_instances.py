"""Update and upgrade, sentence by sentence of "Updating vs Upgrading instances", and related rules."""

from __future__ import annotations

import pytest

from tests.support.solution_store import (
    Store,
    auth_slot,
    config_slot,
    shown,
    values,
    workflow,
)

EMAIL = "external_support-email"
SUPPORT = '"support@example.com"'
NOBODY = "00000000-0000-4000-8000-000000000000"


class TestUpgrade:
    @pytest.mark.ledger("UVU-27", "UVU-29", "UVU-34")
    def test_the_example_of_the_document(self, store: Store) -> None:
        """The new release has a hidden config slot: an upgrade with a value for it is all that is needed."""
        solution = store.published(config=[config_slot("channel")])
        instance = store.instance(solution, config={"channel": '"#help"'})
        store.republish(solution, config=[config_slot("channel"), config_slot(EMAIL, hidden=True)])
        assert store.get(instance).flags == "NS"
        upgraded = store.upgrade(instance, config={EMAIL: SUPPORT})
        assert (upgraded.release, upgraded.flags, upgraded.pending) == (2, "", [])
        assert upgraded.config == {"channel": '"#help"', EMAIL: SUPPORT}
        assert store.get(instance) == upgraded

    @pytest.mark.ledger("UVU-24", "UVU-25")
    def test_after_an_upgrade_with_the_id_only_the_needed_slots_are_pending(self, store: Store) -> None:
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

    def test_an_upgrade_skips_the_releases_in_between(self, store: Store) -> None:
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
    def test_an_upgrade_neither_enables_nor_disables(self, store: Store) -> None:
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

    def test_missing_and_repeated_external_ids_are_faults(self, store: Store) -> None:
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
    def test_name_enabled_and_held_are_changed_and_absent_fields_keep_their_value(self, store: Store) -> None:
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
    def test_an_update_cannot_be_used_to_upgrade(self, store: Store) -> None:
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
    def test_an_update_does_not_change_the_release(self, store: Store) -> None:
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


class TestWorkflows:
    @pytest.mark.ledger("UVU-2", "DEC-59")
    def test_the_wizard_is_not_needed_for_workflows_alone(self, store: Store) -> None:
        solution = store.published(workflows=[workflow("w1", trigger="webhook"), workflow("w2")])
        instance = store.instance(solution)
        published = store.republish(solution, workflows=[workflow("w1", trigger="webhook"), workflow("w3")])
        assert published.text("notice") == "automatic"
        assert store.get(instance).flags == "N"
        assert store.upgrade(instance).release == 2
