"""The moves of instances for tests of roll-outs and lazy updates: every move that was ever committed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, text

from tests.support.solution_store import Store, config_slot, workflow

_RECORD = """
    CREATE TABLE move_made (instance_identifier uuid, from_release integer, to_release integer, transaction xid8);
    CREATE FUNCTION record_move() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      INSERT INTO move_made
      VALUES (NEW.instance_identifier, OLD.release_number, NEW.release_number, pg_current_xact_id());
      RETURN NULL;
    END $$;
    CREATE TRIGGER record_move AFTER UPDATE OF release_number ON solution_instance
      FOR EACH ROW EXECUTE FUNCTION record_move();
"""
# A sequence also counts work that was rolled back.
_REFUSE = """
    CREATE SEQUENCE refusal;
    CREATE FUNCTION refuse_move() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM nextval('refusal');
      RAISE EXCEPTION 'not this one';
    END $$;
    CREATE TRIGGER refuse_move BEFORE UPDATE OF release_number ON solution_instance
      FOR EACH ROW WHEN (NEW.name = 'broken') EXECUTE FUNCTION refuse_move();
"""
# Moves wait while another session holds this lock in exclusive mode.
_GATE = 7_305_182
_STOP = """
    CREATE SEQUENCE move_begun;
    CREATE FUNCTION wait_at_gate() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF nextval('move_begun') > TG_ARGV[0]::bigint THEN
        PERFORM pg_advisory_xact_lock_shared({gate});
      END IF;
      RETURN NEW;
    END $$;
    CREATE TRIGGER wait_at_gate BEFORE UPDATE OF release_number ON solution_instance
      FOR EACH ROW EXECUTE FUNCTION wait_at_gate({after});
"""
_COPIES = """
    WITH copies AS (
      INSERT INTO solution_instance (solution_identifier, release_number, owner, name)
      SELECT solution_identifier, release_number, owner, name
      FROM solution_instance, generate_series(2, :count)
      WHERE instance_identifier = CAST(:instance AS uuid)
      RETURNING instance_identifier
    )
    INSERT INTO instance_value (instance_identifier, slot_kind, external_identifier, value, given_for)
    SELECT c.instance_identifier, v.slot_kind, v.external_identifier, v.value, v.given_for
    FROM copies c, instance_value v WHERE v.instance_identifier = CAST(:instance AS uuid)
"""


def record_moves(engine: Engine) -> None:
    """Record a row for every move from now on."""
    with engine.begin() as connection:
        connection.execute(text(_RECORD))


def moved(engine: Engine) -> int:
    """How many instances are on the second release of their solution."""
    return on_releases(engine).get(2, 0)


def to_be_moved(store: Store, engine: Engine, count: int) -> None:
    """Create instances that all move to a release which drops one of their slots and adds a workflow."""
    slots = [config_slot("a"), config_slot("b")]
    solution = store.published(config=slots, workflows=[workflow("w", trigger="webhook")])
    multiply(engine, store.instance(solution, config={"a": '"x"', "b": '"y"'}), count)
    workflows = [workflow("w", trigger="webhook"), workflow("v", trigger="webhook")]
    store.republish(solution, config=slots[:1], workflows=workflows)


def announced(store: Store) -> None:
    """Create an instance that needs its end user, and a message about it."""
    solution = store.published()
    store.instance(solution)
    store.republish(solution, config=[config_slot("a")])


def moves_made(engine: Engine) -> list[tuple[str, int, int]]:
    """(instance, from, to) of every move, each of which has a transaction of its own."""
    query = "SELECT instance_identifier::text, from_release, to_release, transaction::text FROM move_made"
    with engine.connect() as connection:
        rows = connection.execute(text(query)).all()
    assert len({row[3] for row in rows}) == len(rows), "one commit per instance"
    return [(row[0], row[1], row[2]) for row in rows]


@contextmanager
def moves_stopped(engine: Engine, *, after: int) -> Iterator[None]:
    """Let the database delay all moves after the first ones until this context ends."""
    with engine.connect() as connection:
        connection.execute(text(f"SELECT pg_advisory_lock({_GATE})"))
        connection.execute(text(_STOP.format(gate=_GATE, after=after)))
        connection.commit()
        try:
            yield
        finally:
            connection.rollback()
            connection.execute(text(f"SELECT pg_advisory_unlock({_GATE})"))
            connection.commit()


def refuse_broken(engine: Engine) -> None:
    """Let the database refuse to move instances with the name `broken` from now on."""
    with engine.begin() as connection:
        connection.execute(text(_REFUSE))


def refusals(engine: Engine) -> int:
    """How often the database has refused to move one of these instances."""
    query = "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM refusal"
    with engine.connect() as connection:
        return int(connection.execute(text(query)).scalar_one())


def multiply(engine: Engine, instance: str, count: int) -> None:
    """Create this many copies of an instance, with the same config values."""
    with engine.begin() as connection:
        connection.execute(text(_COPIES), {"instance": instance, "count": count})
        connection.execute(text("ANALYZE solution_instance, instance_value"))


def on_releases(engine: Engine) -> dict[int, int]:
    """How many instances are on which release."""
    query = "SELECT release_number, count(*) FROM solution_instance GROUP BY 1 ORDER BY 1"
    with engine.connect() as connection:
        return {row[0]: row[1] for row in connection.execute(text(query))}
