"""Drafts and releases: SetSolution, GetSolution, PreviewSolutionRelease, PublishSolutionRelease."""

from __future__ import annotations

import re

import pytest
from lxml import etree
from sqlalchemy import Engine

from app.settings import Settings
from app.solutions.rollout.lazy_updates import move_due_instances
from tests.support.http import Reply
from tests.support.solution_store import (
    Store,
    auth_slot,
    changes,
    config_slot,
    ddl,
    element,
    leaf,
    leaves,
    slots,
    workflow,
)

NOBODY = "00000000-0000-4000-8000-000000000000"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def parts(reply: Reply, path: str) -> list[str]:
    """The elements at a path, as they are written."""
    return [etree.tostring(found, encoding="unicode") for found in reply.tree.iterfind(path)]


class TestDraft:
    @pytest.mark.ledger("UVU-5")
    def test_values_that_are_set_are_returned(self, store: Store) -> None:
        own = store.authentication(None)
        auth = auth_slot("slack", ["b", "a"], title="Slack", authenticationId=own, hidden=True, mandatory=False)
        choice = config_slot("channel", ddl(input='{"n": 1}', authSlotExternalId="slack"), title="Channel", type="ddl")
        email = config_slot("email", title="<Mail>", defaultValue='"a@b"', hidden=True, mandatory=False)
        flow = workflow("w1", sourceWorkflowName="Nightly", trigger="scheduled", schedule="0 2 * * 1-5")
        fields = element("CustomFieldList", element("CustomField", key="colour", value="red"))
        solution = store.set(
            *slots(auth=[auth], config=[choice, email], workflows=[flow]),
            leaves("TagList", "tag", ["crm", "crm", "mail"]),
            fields,
            title="Support & more",
            description="Helps.",
            held=True,
        )
        reply = store.done("GetSolution", solutionId=solution)
        assert reply.text("solutionId") == solution
        assert (reply.text("title"), reply.text("description")) == ("Support & more", "Helps.")
        assert (reply.text("latestReleaseNumber"), reply.text("held")) == ("0", "true")
        assert parts(reply, "TagList/tag") == ["<tag>crm</tag>", "<tag>mail</tag>"]
        assert parts(reply, "CustomFieldList") == [fields]
        assert parts(reply, "AuthSlotList/AuthSlot") == [
            "<AuthSlot><externalId>slack</externalId><title>Slack</title><service>slack</service>"
            "<serviceVersion>2.0</serviceVersion><serviceEnvironment>production</serviceEnvironment>"
            f"<ScopeList><scope>a</scope><scope>b</scope></ScopeList><authenticationId>{own}</authenticationId>"
            "<hidden>true</hidden><mandatory>false</mandatory></AuthSlot>"
        ]
        assert parts(reply, "ConfigSlotList/ConfigSlot") == [
            "<ConfigSlot><externalId>channel</externalId><title>Channel</title><type>ddl</type><hidden>false</hidden>"
            "<mandatory>true</mandatory><Ddl><connector>slack</connector><connectorVersion>2.0</connectorVersion>"
            '<operation>list_channels</operation><input>{"n": 1}</input>'
            "<authSlotExternalId>slack</authSlotExternalId></Ddl></ConfigSlot>",
            "<ConfigSlot><externalId>email</externalId><title>&lt;Mail&gt;</title><type>string</type>"
            '<defaultValue>"a@b"</defaultValue><hidden>true</hidden><mandatory>false</mandatory></ConfigSlot>',
        ]
        assert parts(reply, "WorkflowList/Workflow") == [
            "<Workflow><sourceWorkflowId>w1</sourceWorkflowId><sourceWorkflowName>Nightly</sourceWorkflowName>"
            "<trigger>scheduled</trigger><schedule>0 2 * * 1-5</schedule></Workflow>"
        ]
        assert parts(reply, "ReleaseList/Release") == []

    @pytest.mark.ledger("UVU-1", "DEC-72")
    def test_absent_fields_keep_their_value_and_given_ones_replace_it(self, store: Store) -> None:
        solution = store.set(
            *slots(auth=[auth_slot("s")], config=[config_slot("a"), config_slot("b")], workflows=[workflow("w")]),
            leaves("TagList", "tag", ["crm"]),
            element("CustomFieldList", element("CustomField", key="k", value="v")),
            description="Helps.",
            held=True,
        )
        before = store.done("GetSolution", solutionId=solution).response.text
        for nothing in ("", "<title/><TagList/><AuthSlotList/><ConfigSlotList/><WorkflowList/><held/>"):
            store.done("SetSolution", nothing, solutionId=solution)
            assert store.done("GetSolution", solutionId=solution).response.text == before
        store.set(element("ConfigSlotList", config_slot("c")), solution=solution, title="New", held=False)
        reply = store.done("GetSolution", solutionId=solution)
        assert (reply.text("title"), reply.text("description"), reply.text("held")) == ("New", "Helps.", "false")
        assert parts(reply, "ConfigSlotList/ConfigSlot/externalId") == [leaf("externalId", "c")]
        assert parts(reply, "AuthSlotList/AuthSlot/externalId") == [leaf("externalId", "s")]
        assert parts(reply, "TagList/tag") == [leaf("tag", "crm")]

    @pytest.mark.ledger("DEC-72")
    def test_a_list_of_one_empty_entry_empties(self, store: Store) -> None:
        solution = store.set(
            *slots(auth=[auth_slot("s")], config=[config_slot("a")], workflows=[workflow("w")]),
            leaves("TagList", "tag", ["crm"]),
            element("CustomFieldList", element("CustomField", key="k", value="v")),
        )
        empty = "<TagList><tag/></TagList><CustomFieldList><CustomField><key/></CustomField></CustomFieldList>"
        store.set(*slots(), empty, solution=solution)
        reply = store.done("GetSolution", solutionId=solution)
        lists = ("TagList", "CustomFieldList", "AuthSlotList", "ConfigSlotList", "WorkflowList")
        assert [len(reply.tree.findall(f"{name}/*")) for name in lists] == [0] * 5

    def test_faults_name_their_fields_and_nothing_is_changed(self, store: Store) -> None:
        assert store.faults("SetSolution") == ["title"]
        assert store.faults("SetSolution", title="   ") == ["title"]
        assert store.faults("SetSolution", solutionId=NOBODY, title="x") == ["solutionId"]
        assert store.faults("SetSolution", solutionId="x", title="x") == ["solutionId"]
        solution = store.set(title="Old")
        wrong = slots(
            auth=[auth_slot("s"), auth_slot("s"), auth_slot("t", authenticationId=NOBODY)],
            config=[
                element("ConfigSlot", title="none"),
                config_slot("a", type="integer", defaultValue='"x"'),
                config_slot("b", type="ddl"),
                config_slot("c", ddl(authSlotExternalId="x"), type="ddl"),
            ],
            workflows=[workflow("w", trigger="scheduled", schedule="often"), workflow("x", schedule="0 2 * * *")],
        )
        fields = element("CustomFieldList", element("CustomField", value="x"), element("CustomField", key="k"))
        assert store.faults("SetSolution", *wrong, fields, solutionId=solution, title="New") == [
            "CustomFieldList/CustomField[1]/key",
            "AuthSlotList/AuthSlot[2]/externalId",
            "ConfigSlotList/ConfigSlot[1]/externalId",
            "ConfigSlotList/ConfigSlot[2]/defaultValue",
            "ConfigSlotList/ConfigSlot[3]/Ddl",
            "ConfigSlotList/ConfigSlot[4]/Ddl/authSlotExternalId",
            "WorkflowList/Workflow[1]/schedule",
            "WorkflowList/Workflow[2]/schedule",
            "AuthSlotList/AuthSlot[3]/authenticationId",
        ]
        assert store.done("GetSolution", solutionId=solution).text("title") == "Old"

    def test_a_slot_s_own_authentication_is_the_builder_s(self, store: Store) -> None:
        of_ann = store.authentication(store.user("Ann"))
        wrong = element("AuthSlotList", auth_slot("s", authenticationId=of_ann))
        assert store.faults("SetSolution", wrong, title="x") == ["AuthSlotList/AuthSlot[1]/authenticationId"]

    @pytest.mark.ledger("DEC-73")
    @pytest.mark.parametrize("schedule", ["*/5 8-18 * * MON-fri", " 0  0,12 29 2 * "])
    def test_a_cron_expression_is_a_schedule(self, store: Store, schedule: str) -> None:
        store.set(element("WorkflowList", workflow("w", trigger="scheduled", schedule=schedule)))

    @pytest.mark.ledger("DEC-73")
    @pytest.mark.parametrize(
        "schedule",
        [
            "* * * *",
            "0 0 31 2 *",
            "@daily",
            "61 * * * *",
            "0 0 0 * * *",
            "R * * * *",
            ",".join(["*/1"] * 45) + ",61 * * * *",
        ],
    )
    def test_a_schedule_has_five_fields_and_a_next_time(self, store: Store, schedule: str) -> None:
        wrong = element("WorkflowList", workflow("w", trigger="scheduled", schedule=schedule))
        assert store.faults("SetSolution", wrong, title="x") == ["WorkflowList/Workflow[1]/schedule"]


class TestPublish:
    @pytest.mark.ledger("UVU-1", "UVU-5")
    def test_releases_are_numbered_without_gaps_and_keep_what_they_hold(self, store: Store) -> None:
        solution = store.set(*slots(config=[config_slot("a")]), title="First")
        assert store.publish(solution, releaseNotes="The first.").text("releaseNumber") == "1"
        store.set(*slots(config=[config_slot("b")]), solution=solution, title="Second")
        assert store.publish(solution).text("releaseNumber") == "2"
        store.set(*slots(config=[config_slot("c")]), solution=solution)
        assert _slot_names(store, solution) == ["c"]
        assert _slot_names(store, solution, 0) == ["c"]
        assert [_slot_names(store, solution, number) for number in (1, 2)] == [["a"], ["b"]]
        assert store.faults("GetSolution", solutionId=solution, releaseNumber=3) == ["releaseNumber"]
        reply = store.done("GetSolution", solutionId=solution)
        assert reply.text("latestReleaseNumber") == "2"
        first, second = reply.tree.findall("ReleaseList/Release")
        assert [first.findtext(name) for name in ("releaseNumber", "releaseNotes", "publishedBy")] == [
            "1",
            "The first.",
            "admin",
        ]
        assert TIME.fullmatch(first.findtext("publishedAt") or "")
        assert (second.findtext("releaseNumber"), second.findtext("releaseNotes")) == ("2", None)

    @pytest.mark.ledger("UVU-8")
    def test_the_preview_says_the_same_and_does_nothing(self, store: Store) -> None:
        solution = store.published(config=[config_slot("a")])
        store.instance(solution)
        store.set(*slots(config=[config_slot("b"), config_slot("c", hidden=True)]), solution=solution)
        previews = [store.done("PreviewSolutionRelease", solutionId=solution, releaseNotes="x") for _ in range(2)]
        assert store.done("GetSolution", solutionId=solution).text("latestReleaseNumber") == "1"
        published = store.publish(solution)
        texts = [re.sub("<solutionEdition>[0-9a-f]{32}<", "<", one.response.text) for one in (*previews, published)]
        assert len({text.replace("PreviewSolution", "PublishSolution") for text in texts}) == 1

    @pytest.mark.ledger("UVU-8")
    def test_the_notice_of_automatic_roll_out(self, store: Store) -> None:
        """ "It will be rolled out automatically to End Users if no extra configuration is required from them." """
        solution = store.published(config=[config_slot("a")])
        for _ in range(3):
            store.instance(solution)
        reply = store.republish(solution, config=[config_slot("a", title="A"), config_slot("b", mandatory=False)])
        assert _judgement(reply) == ("automatic", "false", "false", "false")
        assert _counts(reply) == (3, 0)
        assert changes(reply) == ["config a TitleChanged", "config b CreatedOptionalSlot"]

    @pytest.mark.ledger("UVU-8")
    def test_the_notice_of_an_upgrade_with_the_number_of_instances(self, store: Store) -> None:
        solution = store.published(config=[config_slot("a", type="integer")])
        moving, asked = (store.instance(solution, config={"a": "1"}) for _ in range(2))
        store.set(*slots(config=[config_slot("a", type="number")]), solution=solution)
        reply = store.done("PreviewSolutionRelease", solutionId=solution)
        assert _judgement(reply) == ("upgrade", "true", "true", "false")
        assert _counts(reply) == (0, 2)
        assert changes(reply) == ["config a ConfigTypeChanged!"]
        store.publish(solution)
        store.upgrade(asked, config={"a": "2"})
        store.update(moving, config={"a": "2"})
        assert _counts(store.publish(solution)) == (2, 0), "both have settled it"

    @pytest.mark.ledger("UVU-8", "DEC-70", "DEC-98")
    def test_the_notice_in_sentences(self, store: Store) -> None:
        """The notice says how many instances move by themselves and who upgrades the others."""
        solution = store.published()
        user, both, held = (store.instance(solution) for _ in range(3))
        store.update(held, held=True)
        assert store.republish(solution).text("noticeMessage") == (
            "The release is rolled out automatically. Instances that move by themselves: 2. On hold: 1."
        )
        asked = store.republish(solution, config=[config_slot("a"), config_slot("b", hidden=True)])
        assert asked.text("noticeMessage") == (
            "An upgrade is needed. Instances to upgrade: 3 (3 by the end user in the configuration wizard,"
            " 3 by the system with values for hidden slots). Instances that move by themselves: 0. On hold: 1."
        )
        for instance in (user, both, held):
            store.upgrade(instance)
        store.upgrade(held, config={"a": '"x"', "b": '"x"'})
        store.update(user, config={"b": '"x"'})
        again = store.republish(solution, config=[config_slot("a", type="object"), config_slot("b", title="B")])
        assert again.text("noticeMessage") == (
            "An upgrade is needed. Instances to upgrade: 3 (3 by the end user in the configuration wizard,"
            " 0 by the system with values for hidden slots). Instances that move by themselves: 0. On hold: 1."
        )

    @pytest.mark.ledger("DEC-71")
    def test_a_release_that_undoes_a_breaking_change_needs_no_upgrade(self, store: Store, engine: Engine) -> None:
        solution = store.published(config=[config_slot("a")])
        instance = store.instance(solution, config={"a": '"x"'})
        breaking = store.republish(solution, config=[config_slot("a", type="integer")])
        assert (_judgement(breaking), _counts(breaking)) == (("upgrade", "true", "true", "false"), (0, 1))
        store.set(*slots(config=[config_slot("a")]), solution=solution)
        for reply in (store.done("PreviewSolutionRelease", solutionId=solution), store.publish(solution)):
            assert (_judgement(reply), _counts(reply)) == (("automatic", "true", "true", "false"), (1, 0))
            assert reply.text("noticeMessage") == (
                "The release is rolled out automatically. No instance needs an upgrade for its breaking changes."
                " Instances that move by themselves: 1."
            )
        assert store.get(instance).flags == "N"
        assert move_due_instances(engine, Settings(lazy_update_delay=0)) == 1
        moved = store.get(instance)
        assert (moved.release, moved.flags, moved.config) == (3, "", {"a": '"x"'})

    @pytest.mark.ledger("DEC-71")
    def test_without_instances_no_upgrade_is_announced(self, store: Store) -> None:
        reply = store.republish(store.published(), config=[config_slot("a")])
        assert (_judgement(reply), _counts(reply)) == (("automatic", "true", "true", "false"), (0, 0))

    def test_an_instance_that_followed_the_breaking_change_has_to_follow_it_back(self, store: Store) -> None:
        solution = store.published(config=[config_slot("a")])
        followed, _ = (store.instance(solution, config={"a": '"x"'}) for _ in range(2))
        store.republish(solution, config=[config_slot("a", type="integer")])
        store.upgrade(followed, config={"a": "1"})
        back = store.republish(solution, config=[config_slot("a")])
        assert (_judgement(back), _counts(back)) == (("upgrade", "true", "true", "false"), (1, 1))

    def test_instances_on_hold_need_an_upgrade_like_others_and_do_not_move(self, store: Store) -> None:
        solution = store.published(config=[config_slot("a")])
        store.update(store.instance(solution, config={"a": '"x"'}), held=True)
        broken = store.republish(solution, config=[config_slot("a", type="integer")])
        assert (broken.text("notice"), _counts(broken)) == ("upgrade", (0, 1))
        mended = store.republish(solution, config=[config_slot("a")])
        assert (mended.text("notice"), _counts(mended)) == ("automatic", (0, 0))
        assert mended.text("noticeMessage") == (
            "The release is rolled out automatically. No instance needs an upgrade for its breaking changes."
            " Instances that move by themselves: 0. On hold: 1."
        )

    @pytest.mark.ledger("UVU-21")
    def test_hidden_and_visible_input_are_reported_apart(self, store: Store) -> None:
        solution = store.published()
        store.instance(solution)
        hidden = store.republish(solution, config=[config_slot("a", hidden=True)])
        assert _judgement(hidden) == ("upgrade", "true", "false", "true")
        assert changes(hidden) == ["config a CreatedMandatorySlot! hidden"]
        visible = store.republish(solution, config=[config_slot("a", hidden=True)], auth=[auth_slot("s")])
        assert _judgement(visible) == ("upgrade", "true", "true", "false")
        assert _judgement(store.publish(solution))[1:] == ("false", "false", "false")

    @pytest.mark.ledger("DEC-69")
    def test_instances_on_older_releases_count_by_what_they_need(self, store: Store) -> None:
        solution = store.published()
        store.instance(solution)
        store.republish(solution, config=[config_slot("a")])
        store.instance(solution, config={"a": '"x"'})
        reply = store.publish(solution)
        assert (reply.text("breakingChanges"), reply.text("notice"), _counts(reply)) == ("false", "upgrade", (1, 1))

    @pytest.mark.ledger("DEC-70")
    def test_an_instance_on_hold_does_not_move_by_itself(self, store: Store) -> None:
        solution = store.published()
        held, _ = store.instance(solution), store.instance(solution)
        store.update(held, held=True)
        assert _counts(store.publish(solution)) == (1, 0)
        store.set(solution=solution, held=True)
        assert _counts(store.publish(solution)) == (0, 0)

    @pytest.mark.ledger("DEC-67")
    def test_the_first_release_breaks_nothing(self, store: Store) -> None:
        solution = store.set(*slots(config=[config_slot("a")], workflows=[workflow("w")]))
        reply = store.publish(solution)
        assert _judgement(reply) == ("automatic", "false", "false", "false")
        assert changes(reply) == ["config a CreatedMandatorySlot", "workflow w WorkflowAdded"]

    def test_an_unknown_solution_is_a_fault(self, store: Store) -> None:
        for name in ("GetSolution", "PreviewSolutionRelease", "PublishSolutionRelease"):
            for given in (NOBODY, "x", None):
                assert store.faults(name, solutionId=given) == ["solutionId"]


def _slot_names(store: Store, solution: str, release: int | None = None) -> list[str]:
    reply = store.done("GetSolution", solutionId=solution, releaseNumber=release)
    return [slot.text or "" for slot in reply.tree.iterfind("ConfigSlotList/ConfigSlot/externalId")]


def _judgement(reply: Reply) -> tuple[str | None, ...]:
    names = ("notice", "breakingChanges", "requiresNewUserInput", "requiresNewSystemInput")
    return tuple(reply.text(name) for name in names)


def _counts(reply: Reply) -> tuple[int, ...]:
    return tuple(int(reply.text(name) or "-1") for name in ("instancesAutomatic", "instancesUpgrade"))
