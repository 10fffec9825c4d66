"""The table of the audit: moves of instances, retention, and queries that do not read the whole table."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, event, text

from app.identity.actor import Actor, ActorKind, act_as
from app.identity.audit import Action, AuditRow, Event, delete_old, read_audit, record
from app.settings import Settings
from app.solutions.people.tokens import authorize
from app.solutions.rollout.lazy_updates import move_due_instances
from tests.graphql.client import GraphQL
from tests.support.http import Client, message
from tests.support.solution_store import Store


def rows(engine: Engine, action: Action) -> list[AuditRow]:
    """The rows about an action, the oldest first."""
    with engine.connect() as connection:
        return [row for row in reversed(read_audit(connection)) if row.action == action]


def released(store: Store) -> tuple[str, str]:
    """A solution with two releases, and an instance on the first."""
    solution = store.published()
    instance = store.instance(solution)
    store.publish(solution)
    return solution, instance


@pytest.mark.ledger("PRO-40")
def test_every_way_of_moving_an_instance_leaves_a_row(store: Store, engine: Engine, app: Flask) -> None:
    solution, instance = released(store)
    moves = [("upgrade", 1, 2), ("roll-back", 2, 1), ("bulk", 1, 2), ("lazy", 2, 3), ("upgrade", 3, 4)]
    store.upgrade(instance)
    for target in (1, 2):
        store.done("UpdateSolutionInstances", solutionId=solution, action="force", targetReleaseNumber=target)
    store.publish(solution)
    later = datetime.now(UTC) + timedelta(hours=1)
    act_as(Actor(ActorKind.WORKER))
    assert move_due_instances(engine, Settings(), now=later) == 1
    store.publish(solution)
    owner = store.reply_to("GetSolutionInstances").text("SolutionInstanceList/SolutionInstance/owner")
    with engine.begin() as connection:
        token = authorize(connection, owner or "")
    GraphQL(app, token).mutate("upgradeSolutionInstance", solutionInstanceId=instance)
    found = rows(engine, Action.INSTANCE_MOVED)
    assert {(row.object_kind, row.object_name, row.details["solution"]) for row in found} == {
        ("instance", instance, solution)
    }
    assert [(row.details["how"], row.details["from"], row.details["to"]) for row in found] == moves
    assert [(row.actor_kind, row.actor) for row in found] == [
        *[("user", "admin")] * 3,
        ("worker", None),
        ("token", f"user token of {owner}"),
    ]


def test_an_instance_that_does_not_move_leaves_no_row(store: Store, engine: Engine) -> None:
    _, instance = released(store)
    store.upgrade(instance)
    store.upgrade(instance)
    store.update(instance, instanceName="Other")
    assert len(rows(engine, Action.INSTANCE_MOVED)) == 1


def test_a_row_is_rolled_back_with_its_change(engine: Engine) -> None:
    with engine.connect() as connection:
        record(connection, Event(Action.USER_CREATED, "user", "ann"))
        connection.rollback()
    assert rows(engine, Action.USER_CREATED) == []


def test_rows_are_kept_for_the_retention_time(engine: Engine) -> None:
    ages = (0, 9, 11, 400)
    with engine.begin() as connection:
        for age in ages:
            record(connection, Event(Action.USER_CREATED, "user", f"aged {age}"))
            connection.execute(
                text("UPDATE audit SET at = now() - make_interval(days => :age) WHERE object_name = :name"),
                {"age": age, "name": f"aged {age}"},
            )
    assert delete_old(engine, 10, stop=lambda: True) == 0
    assert delete_old(engine, 10) == 2
    assert [row.object_name for row in rows(engine, Action.USER_CREATED)] == ["aged 9", "aged 0"]


@pytest.mark.ledger("DEC-42")
def test_a_refusal_is_recorded_once_in_an_hour(client: Client, engine: Engine) -> None:
    client.post(message("CreateUser", {"userLogonReferenceCreate": "ann", "passwordCreate": "correct horse"}))
    for _ in range(3):
        client.as_user("ann").post(message("CreateUser", {"userLogonReferenceCreate": "bob"}))
        client.as_user(None).post(message("CreateUser", {"userLogonReferenceCreate": "bob"}))
    (row,) = rows(engine, Action.ACCESS_REFUSED)
    assert (row.actor, row.address, row.object_name) == ("ann", "127.0.0.1", "CreateUser")


@pytest.mark.parametrize("wanted", [{"auditAction": "user-created"}, {"userLogonReferenceDetails": "admin"}, {}])
def test_a_page_does_not_read_the_rows_of_a_large_roll_out(
    client: Client, engine: Engine, wanted: dict[str, str]
) -> None:
    client.post(message("CreateUser", {"userLogonReferenceCreate": "ann", "passwordCreate": "correct horse"}))
    moves = """
        INSERT INTO audit (at, action, actor_kind, user_identifier, object_kind, object_name)
        SELECT now() + make_interval(secs => n), 'instance-moved', 'user', user_identifier, 'instance', n::text
        FROM account, generate_series(1, 20000) n WHERE user_logon_reference = 'admin'
    """
    with engine.begin() as connection:
        connection.execute(text(moves))
        connection.execute(text("ANALYZE audit"))
    asked: list[tuple[str, Any]] = []

    def note(*arguments: object) -> None:
        asked.append((str(arguments[2]), arguments[3]))

    event.listen(engine, "before_cursor_execute", note)
    assert client.post(message("GetAuditList", wanted)).number == 0
    event.remove(engine, "before_cursor_execute", note)
    ((statement, parameters),) = [(sql, given) for sql, given in asked if "FROM audit" in sql]
    with engine.connect() as connection:
        explained = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", parameters).scalar_one()
    assert rows_read(explained[0]["Plan"]) < 500


def rows_read(plan: dict[str, Any]) -> int:
    """How many rows of the audit the statement has read."""
    own = plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0) if plan.get("Relation Name") == "audit" else 0
    return int(own) + sum(map(rows_read, plan.get("Plans", [])))


def test_pages_follow_each_other(engine: Engine) -> None:
    with engine.begin() as connection:
        for number in range(5):
            record(connection, Event(Action.USER_CREATED, "user", str(number)))
    seen: list[AuditRow] = []
    with engine.connect() as connection:
        while page := read_audit(connection, before=seen[-1].identifier if seen else None, limit=2):
            seen += page
    assert [row.object_name for row in seen] == ["4", "3", "2", "1", "0"]
