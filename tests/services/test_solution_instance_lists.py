"""Instances are created, removed and listed."""

from __future__ import annotations

import pytest

from tests.services.test_solution_instances import NOBODY
from tests.support.solution_store import (
    Store,
    auth_slot,
    config_slot,
    shown,
    values,
)


class TestAuthentications:
    @pytest.mark.ledger("DEC-83")
    def test_authentications_of_the_owner_and_of_the_slot_itself_fit(self, store: Store) -> None:
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
    def test_an_authentication_must_have_the_service_version_environment_and_all_scopes_of_its_slot(
        self, store: Store
    ) -> None:
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
    def test_an_invalid_page_is_refused_by_the_schema(self, store: Store) -> None:
        for wrong in ({"page": 0}, {"pageSize": 0}, {"pageSize": 1001}):
            reply = store.reply_to("GetSolutionInstances", **wrong)
            assert (reply.status, reply.text("errorFields")) == (400, next(iter(wrong)))
