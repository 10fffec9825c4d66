"""Messages about instances that need their end users, and how they are sent."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.pool import QueuePool

from app.solutions.messages import LEASE, TIMEOUT, Webhook, pause_after, send_due, tidy
from tests.support.moves import multiply
from tests.support.receiver import SECRET, Receiver, receiver
from tests.support.served import eventually
from tests.support.solution_store import Store, config_slot

MOST = 100


@pytest.fixture
def receiving() -> Iterator[Receiver]:
    with receiver() as received:
        yield received


def webhook(receiving: Receiver, secret: str = SECRET) -> Webhook:
    return Webhook(receiving.url, secret)


def outbox(engine: Engine) -> list[Any]:
    """The messages, with the seconds until each is due."""
    query = """
        SELECT event, body, attempts, sent_at IS NOT NULL AS sent, given_up_at IS NOT NULL AS given_up,
               extract(epoch FROM due_at - clock_timestamp())::float AS due_in
        FROM outbox ORDER BY body::text
    """
    with engine.connect() as connection:
        return list(connection.execute(text(query)).all())


def make_due(engine: Engine, attempts: int | None = None) -> None:
    """Let the pause be over, or the time for which a worker has claimed a message, after this many attempts."""
    query = "UPDATE outbox SET due_at = now(), attempts = coalesce(:attempts, attempts)"
    with engine.begin() as connection:
        connection.execute(text(query), {"attempts": attempts})


def make_older(engine: Engine, by: timedelta) -> None:
    """Move all times of the messages back by this much."""
    query = "UPDATE outbox SET created_at = created_at - :by, sent_at = sent_at - :by, given_up_at = given_up_at - :by"
    with engine.begin() as connection:
        connection.execute(text(query), {"by": by})


class TestSent:
    @pytest.mark.ledger("UVU-26", "DEC-110")
    def test_a_message_is_sent_signed_and_once(self, announced: str, engine: Engine, receiving: Receiver) -> None:
        assert send_due(engine, webhook(receiving), most=MOST) == 1
        (message,) = receiving.messages
        assert receiving.paths == ["/relink?for=us"]
        assert message["event"] == "instance.needs_user_input"
        assert message["solutionInstanceId"] == announced
        expected = {"id", "event", "created", "solutionId", "releaseNumber", "solutionInstanceId", "owner"}
        assert set(message) == expected
        assert send_due(engine, webhook(receiving), most=MOST) == 0
        assert [(row.sent, row.attempts) for row in outbox(engine)] == [(True, 1)]

    @pytest.mark.ledger("DEC-111")
    @pytest.mark.usefixtures("announced")
    def test_a_message_carries_the_time_of_its_event(self, engine: Engine, receiving: Receiver) -> None:
        """The time is in UTC, to the millisecond, and the same however often the message is sent."""
        receiving.statuses = [500]
        for _ in range(2):
            send_due(engine, webhook(receiving), most=MOST)
            make_due(engine)
        with engine.connect() as connection:
            query = "SELECT to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"') FROM outbox"
            created = connection.execute(text(query)).scalar_one()
        assert [message["created"] for message in receiving.messages] == [created, created]

    @pytest.mark.usefixtures("announced")
    def test_a_message_with_the_wrong_secret_is_not_accepted(self, engine: Engine, receiving: Receiver) -> None:
        assert send_due(engine, webhook(receiving, "another"), most=MOST) == 0
        assert receiving.messages == []
        assert [row.sent for row in outbox(engine)] == [False]

    @pytest.mark.ledger("DEC-111")
    @pytest.mark.parametrize("status", [500, 404, 302])
    @pytest.mark.usefixtures("announced")
    def test_a_message_is_sent_again_after_an_unsuccessful_response(
        self, engine: Engine, receiving: Receiver, status: int
    ) -> None:
        receiving.statuses = [status, status]
        for attempts, pause in ((1, 10), (2, 20)):
            assert send_due(engine, webhook(receiving), most=MOST) == 0
            (row,) = outbox(engine)
            assert (row.attempts, row.sent) == (attempts, False)
            assert pause - 5 < row.due_in <= pause
            make_due(engine)
        assert send_due(engine, webhook(receiving), most=MOST) == 1
        assert len({message["id"] for message in receiving.messages}) == 1
        assert set(receiving.paths) == {"/relink?for=us"}, "redirections are not followed"

    @pytest.mark.usefixtures("announced")
    def test_a_message_is_not_sent_again_before_the_pause_is_over(self, engine: Engine, receiving: Receiver) -> None:
        receiving.statuses = [500]
        for _ in range(3):
            send_due(engine, webhook(receiving), most=MOST)
        assert len(receiving.messages) == 1

    def test_a_message_that_is_not_accepted_does_not_delay_the_others(
        self, store: Store, engine: Engine, receiving: Receiver
    ) -> None:
        solution = store.published()
        multiply(engine, store.instance(solution), 3)
        store.republish(solution, config=[config_slot("a")])
        receiving.statuses = [500]
        assert send_due(engine, webhook(receiving), most=MOST) == 2

    @pytest.mark.ledger("DEC-111")
    @pytest.mark.usefixtures("announced")
    def test_a_message_is_sent_again_with_the_same_id_if_its_worker_died_before_the_commit(
        self, engine: Engine, receiving: Receiver
    ) -> None:
        with engine.begin() as connection:
            connection.execute(text("ALTER TABLE outbox ADD CONSTRAINT none_sent CHECK (sent_at IS NULL)"))
        with pytest.raises(IntegrityError):
            send_due(engine, webhook(receiving), most=MOST)
        with engine.begin() as connection:
            connection.execute(text("ALTER TABLE outbox DROP CONSTRAINT none_sent"))
        assert send_due(engine, webhook(receiving), most=MOST) == 0, "it is that worker's for some time yet"
        (row,) = outbox(engine)
        assert TIMEOUT < row.due_in <= LEASE
        make_due(engine)
        assert send_due(engine, webhook(receiving), most=MOST) == 1
        assert len(receiving.messages) == 2
        assert receiving.messages[0] == receiving.messages[1]

    @pytest.mark.ledger("DEC-111")
    @pytest.mark.usefixtures("announced")
    def test_a_message_is_given_up_after_a_day(self, engine: Engine, receiving: Receiver) -> None:
        pauses = [pause_after(attempts) for attempts in range(1, 30)]
        assert pauses[:4] == [10, 20, 40, 80]
        assert max(pauses) == pauses[-1] == 3600
        receiving.statuses = [500, 500]
        make_older(engine, timedelta(hours=23))
        make_due(engine, attempts=8)
        send_due(engine, webhook(receiving), most=MOST)
        assert [row.given_up for row in outbox(engine)] == [False]
        make_due(engine)
        send_due(engine, webhook(receiving), most=MOST)
        assert [row.given_up for row in outbox(engine)] == [True], "the next time would be after the day"
        make_due(engine)
        assert send_due(engine, webhook(receiving), most=MOST) == 0
        assert len(receiving.messages) == 2

    @pytest.mark.ledger("DEC-111")
    @pytest.mark.usefixtures("announced")
    def test_a_message_that_was_not_tried_for_a_day_is_not_sent(self, engine: Engine, receiving: Receiver) -> None:
        make_older(engine, timedelta(days=1))
        assert send_due(engine, webhook(receiving), most=MOST) == 0
        assert receiving.messages == []

    def test_a_receiver_that_is_away_is_asked_once_at_a_time(self, store: Store, engine: Engine) -> None:
        solution = store.published()
        multiply(engine, store.instance(solution), 3)
        store.republish(solution, config=[config_slot("a")])
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            away = Webhook(f"http://127.0.0.1:{unused.getsockname()[1]}/", SECRET)
            assert send_due(engine, away, most=MOST) == 0
        assert sorted(row.attempts for row in outbox(engine)) == [0, 0, 1]

    def test_messages_are_sent_until_the_time_is_over_but_at_least_one(
        self, store: Store, engine: Engine, receiving: Receiver
    ) -> None:
        solution = store.published()
        multiply(engine, store.instance(solution), 3)
        store.republish(solution, config=[config_slot("a")])
        assert send_due(engine, webhook(receiving), most=MOST, within=0) == 1
        assert send_due(engine, webhook(receiving), most=MOST, within=60) == 2

    @pytest.mark.ledger("DEC-113")
    @pytest.mark.usefixtures("announced")
    def test_nothing_is_locked_while_a_receiver_is_slow(self, engine: Engine, receiving: Receiver) -> None:
        idle = """
            SELECT count(*) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid() AND starts_with(state, 'idle in transaction')
        """
        receiving.responding.clear()
        with ThreadPoolExecutor(1) as thread:
            sending = thread.submit(send_due, engine, webhook(receiving), most=MOST)
            eventually(lambda: receiving.messages)
            with engine.begin() as connection:
                assert connection.execute(text(idle)).scalar_one() == 0
                connection.execute(text("SELECT FROM outbox FOR UPDATE NOWAIT"))
            assert isinstance(engine.pool, QueuePool)
            assert engine.pool.checkedout() == 0
            assert send_due(engine, webhook(receiving), most=MOST) == 0, "it is the other's"
            receiving.responding.set()
            assert sending.result() == 1

    @pytest.mark.usefixtures("announced")
    def test_an_accepted_message_counts_as_sent_even_if_it_was_given_up_meanwhile(
        self, engine: Engine, receiving: Receiver
    ) -> None:
        receiving.responding.clear()
        with ThreadPoolExecutor(1) as thread:
            sending = thread.submit(send_due, engine, webhook(receiving), most=MOST)
            eventually(lambda: receiving.messages)
            make_older(engine, timedelta(days=1))
            tidy(engine)
            assert [row.given_up for row in outbox(engine)] == [True]
            receiving.responding.set()
            assert sending.result() == 1
        assert [(row.sent, row.given_up) for row in outbox(engine)] == [(True, False)]

    @pytest.mark.ledger("DEC-113")
    @pytest.mark.usefixtures("announced")
    def test_a_worker_that_comes_too_late_leaves_it_to_the_one_that_sends_it_now(
        self, engine: Engine, receiving: Receiver
    ) -> None:
        receiving.responding.clear()
        receiving.statuses = [500]
        with ThreadPoolExecutor(2) as threads, receiver() as other:
            other.responding.clear()
            late = threads.submit(send_due, engine, webhook(receiving), most=MOST)
            eventually(lambda: receiving.messages)
            make_due(engine)
            sending = threads.submit(send_due, engine, webhook(other), most=MOST)
            eventually(lambda: other.messages)
            receiving.responding.set()
            assert late.result() == 0
            (row,) = outbox(engine)
            assert row.due_in > pause_after(2)
            other.responding.set()
            assert sending.result() == 1
        assert [(row.sent, row.attempts) for row in outbox(engine)] == [(True, 2)]

    def test_many_workers_at_once_send_each_message_once(
        self, store: Store, engine: Engine, receiving: Receiver
    ) -> None:
        solution = store.published()
        multiply(engine, store.instance(solution), 60)
        store.republish(solution, config=[config_slot("a")])
        with ThreadPoolExecutor(4) as threads:
            sending = [threads.submit(send_due, engine, webhook(receiving), most=MOST) for _ in range(4)]
        assert sum(sent.result() for sent in sending) == 60
        assert len({message["id"] for message in receiving.messages}) == len(receiving.messages) == 60


class TestTidied:
    DAY = timedelta(days=1)

    @pytest.mark.ledger("DEC-111")
    @pytest.mark.usefixtures("announced")
    def test_a_message_that_is_not_sent_is_given_up_after_a_day(self, engine: Engine, receiving: Receiver) -> None:
        """Messages given up before a URL was set are not sent to it."""
        make_older(engine, self.DAY - timedelta(minutes=1))
        tidy(engine)
        assert [row.given_up for row in outbox(engine)] == [False]
        make_older(engine, timedelta(minutes=1))
        tidy(engine)
        assert [row.given_up for row in outbox(engine)] == [True]
        assert send_due(engine, webhook(receiving), most=MOST) == 0

    @pytest.mark.ledger("DEC-112")
    @pytest.mark.usefixtures("announced")
    @pytest.mark.parametrize("sent", [True, False])
    def test_old_messages_are_deleted_after_a_week(self, engine: Engine, receiving: Receiver, sent: bool) -> None:
        if sent:
            send_due(engine, webhook(receiving), most=MOST)
        else:
            make_older(engine, self.DAY)
            tidy(engine)
        make_older(engine, 7 * self.DAY - timedelta(minutes=1))
        tidy(engine)
        assert [row.sent for row in outbox(engine)] == [sent]
        make_older(engine, timedelta(minutes=1))
        tidy(engine)
        assert outbox(engine) == []

    def test_old_messages_are_given_up_and_deleted_in_batches(
        self, store: Store, engine: Engine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("app.solutions.messages._BATCH", 2)
        solution = store.published()
        multiply(engine, store.instance(solution), 5)
        store.republish(solution, config=[config_slot("a")])
        make_older(engine, self.DAY)
        asked = iter([False, True, True])
        tidy(engine, stop=lambda: next(asked))
        assert [row.given_up for row in outbox(engine)].count(True) == 2
        tidy(engine)
        assert [row.given_up for row in outbox(engine)].count(True) == 5
        make_older(engine, 7 * self.DAY)
        tidy(engine)
        assert outbox(engine) == []
