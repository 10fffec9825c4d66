"""Messages that are written to the outbox, and the settings of the webhook."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, text

from app.settings import Settings, SettingsError
from app.solutions.messages import Webhook, announce
from tests.solutions.test_messages import outbox
from tests.support.moves import multiply
from tests.support.receiver import SECRET
from tests.support.solution_store import Store, config_slot


class TestWritten:
    @pytest.mark.ledger("UVU-26")
    def test_a_release_writes_a_message_for_every_instance_that_needs_its_end_user(
        self, store: Store, engine: Engine
    ) -> None:
        solution = store.published(config=[config_slot("a", mandatory=False)])
        owner = store.user()
        instances = sorted(store.instance(solution, owner) for _ in range(3))
        other = store.published()
        store.instance(other)
        store.republish(solution, config=[config_slot("a"), config_slot("b")])
        found = outbox(engine)
        assert {row.event for row in found} == {"instance.needs_user_input"}
        expected = {"solutionId": solution, "releaseNumber": 2, "owner": owner}
        bodies = sorted((row.body for row in found), key=lambda body: str(body["solutionInstanceId"]))
        assert bodies == [{**expected, "solutionInstanceId": instance} for instance in instances]

    @pytest.mark.ledger("UVU-26")
    def test_no_message_for_an_instance_that_needs_nothing_or_only_the_system(
        self, store: Store, engine: Engine
    ) -> None:
        solution = store.published()
        store.instance(solution)
        store.republish(solution, config=[config_slot("a", mandatory=False)])
        store.republish(solution, config=[config_slot("b", hidden=True)])
        store.done("PreviewSolutionRelease", solutionId=solution)
        assert outbox(engine) == []

    @pytest.mark.ledger("UVU-26", "UVU-27", "DEC-114")
    def test_an_upgrade_with_the_id_only_writes_a_message(self, store: Store, engine: Engine) -> None:
        solution = store.published()
        instances = [store.instance(solution) for _ in range(2)]
        store.republish(solution, config=[config_slot("a")])
        with engine.begin() as connection:
            connection.execute(text("DELETE FROM outbox"))
        store.upgrade(instances[0], config={"a": '"x"'})
        assert outbox(engine) == []
        assert store.upgrade(instances[1]).pending == ["a"]
        assert [row.body["solutionInstanceId"] for row in outbox(engine)] == [instances[1]]
        store.upgrade(instances[1])
        assert len(outbox(engine)) == 1, "it was on the latest release"

    @pytest.mark.ledger("UVU-26")
    def test_a_roll_out_that_upgrades_an_instance_writes_a_message(self, store: Store, engine: Engine) -> None:
        solution = store.published()
        store.instance(solution)
        store.republish(solution, config=[config_slot("a")])
        store.done("UpdateSolutionInstances", solutionId=solution, action="force")
        assert [row.body["releaseNumber"] for row in outbox(engine)] == [2, 2]

    @pytest.mark.ledger("DEC-110")
    def test_a_message_is_written_in_the_transaction_of_its_event(self, announced: str, engine: Engine) -> None:
        (shown,) = outbox(engine)
        with engine.connect() as connection:
            announce(connection, shown.body["solutionId"], 3, [announced])
            connection.rollback()
        assert len(outbox(engine)) == 1

    def test_messages_for_many_instances_are_written(self, store: Store, engine: Engine) -> None:
        solution = store.published()
        multiply(engine, store.instance(solution), 500)
        store.republish(solution, config=[config_slot("a")])
        assert len({row.body["solutionInstanceId"] for row in outbox(engine)}) == 500


class TestSettings:
    def test_without_a_url_nothing_is_sent(self) -> None:
        assert Webhook.of(Settings()) is None
        assert Webhook.of(Settings.from_environment({"RELINK_WEBHOOK_SECRET": SECRET})) is None

    def test_a_url_needs_a_secret(self) -> None:
        with pytest.raises(SettingsError, match="RELINK_WEBHOOK_SECRET"):
            Settings.from_environment({"RELINK_WEBHOOK_URL": "https://example.com/"})
        environment = {"RELINK_WEBHOOK_URL": "https://example.com/", "RELINK_WEBHOOK_SECRET": SECRET}
        settings = Settings.from_environment(environment)
        assert Webhook.of(settings) == Webhook("https://example.com/", SECRET)
        assert SECRET not in repr(settings) + repr(Webhook.of(settings))

    @pytest.mark.parametrize(
        "url", ["ftp://example.com/", "example.com", "http://", "http://a:b@example.com/", "http://example.com:x/"]
    )
    def test_a_url_is_that_of_an_http_service(self, url: str) -> None:
        with pytest.raises(SettingsError, match="RELINK_WEBHOOK_URL"):
            Settings.from_environment({"RELINK_WEBHOOK_URL": url, "RELINK_WEBHOOK_SECRET": SECRET})
