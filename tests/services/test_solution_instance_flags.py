"""The flags of instances."""

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
    values,
)


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
    def test_empty_fields_of_a_slot_are_taken_from_the_linked_authentication_on_publishing(self, store: Store) -> None:
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
        """A change does not count again if the instance has a value for it."""
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
    def test_an_authentication_that_fits_both_releases_is_valid_for_both(self, store: Store) -> None:
        owner = store.user()
        solution = store.published(auth=[auth_slot("chat", ["read", "write"])])
        instance = store.instance(solution, owner)
        store.republish(solution, auth=[auth_slot("chat", ["read"])])
        given = store.update(instance, auth={"chat": store.authentication(owner, ["read", "write"])})
        assert (given.flags, given.release, given.pending) == ("N", 1, [])

    @pytest.mark.ledger("DEC-78")
    def test_a_value_chosen_from_a_list_is_pending_for_another_list(self, store: Store) -> None:
        """Only the person who chooses knows whether the new list has the value, so it is required again."""
        solution = store.published(config=[config_slot("a", ddl(), type="ddl")])
        instance = store.instance(solution, config={"a": '"x"'})
        store.republish(solution, config=[config_slot("a", ddl(operation="list_users"), type="ddl")])
        updated = store.update(instance, config={"a": '"y"'})
        assert (updated.flags, updated.pending) == ("NU", [])
        assert store.upgrade(instance).pending == ["a"]

    @pytest.mark.ledger("DEC-77")
    def test_a_value_that_the_latest_release_does_not_accept_changes_no_flag(self, store: Store) -> None:
        solution = store.published(config=[config_slot("a")])
        instance = store.instance(solution, config={"a": '"x"'})
        store.republish(solution, config=[config_slot("a", type="integer")])
        assert store.update(instance, config={"a": '"y"'}).flags == "NU"
        given = {"solutionInstanceId": instance}
        reply = store.reply_to("UpdateSolutionInstance", *values({"a": "1"}), **given)
        assert "release 2 accepts it: use UpgradeSolutionInstance" in (reply.text("errorMessage") or "")
