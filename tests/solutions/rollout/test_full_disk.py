"""Instances move while the disk of the database is full: none is moved in part, and the rest moves later."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from app.settings import Settings
from app.solutions.rollout.lazy_updates import move_due_instances
from tests.support.http import ADMIN, PASSWORD, Client
from tests.support.moves import on_releases
from tests.support.solution_store import Store, config_slot
from tests.updates.test_force import interfere, stop_interfering

FULL = "RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full';"
MOVED = "UPDATE OF release_number ON solution_instance"


@pytest.fixture
def behind(store: Store) -> str:
    """A solution whose three instances may move to its second release."""
    solution = store.published(config=[config_slot("a")])
    for _ in range(3):
        store.instance(solution, config={"a": '"x"'})
    store.republish(solution, config=[config_slot("a", title="A")])
    return solution


def test_a_roll_out_ends_with_an_error_and_moves_the_rest_when_it_is_made_again(
    behind: str, client: Client, engine: Engine
) -> None:
    force = (
        f"<UpdateSolutionInstances><solutionId>{behind}</solutionId><action>force</action></UpdateSolutionInstances>"
    )
    interfere(engine, f"IF nextval('step') >= 2 THEN {FULL} END IF;", event=MOVED)
    refused = client.post(force)
    assert (refused.status, refused.number) == (503, 100)
    run = client.app.test_client().get("/runs/1", auth=(ADMIN, PASSWORD)).get_json()
    assert (run["state"], run["done"]) == ("interrupted", 1)
    assert on_releases(engine) == {1: 2, 2: 1}
    stop_interfering(engine)
    assert client.post(force).number == 0
    assert on_releases(engine) == {2: 3}


@pytest.mark.usefixtures("behind")
def test_a_lazy_update_that_meets_a_full_disk_is_not_delayed(engine: Engine) -> None:
    settings = Settings(lazy_update_delay=0)
    interfere(engine, f"IF nextval('step') >= 2 THEN {FULL} END IF;", event=MOVED)
    with pytest.raises(OperationalError):
        move_due_instances(engine, settings)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT last_value FROM step")).scalar_one() == 2
    stop_interfering(engine)
    move_due_instances(engine, settings)
    assert on_releases(engine) == {2: 3}
