"""In random worlds, each user sees the runs that the rules allow, and reads nothing in them that may not be read."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from werkzeug.test import TestResponse

from app.application import create_app
from app.settings import Settings
from tests.access.oracle import World
from tests.access.test_every_service import WORD, WORLDS
from tests.access.worlds import REFERENCES, load, worlds
from tests.conftest import FreshDatabase
from tests.support.databases import engine_on
from tests.support.http import ADMIN, PASSWORD, Client

READERS = ("ann", "bob", None)
"""The users who look; `admin` may see everything."""
FORCES = st.tuples(st.sampled_from(("ann", "bob", "carl", ADMIN)), st.sampled_from(REFERENCES), st.booleans())


@pytest.mark.ledger("PRO-8")
@given(
    world=worlds(),
    forces=st.lists(FORCES, min_size=3, max_size=5),
    lost=st.lists(st.integers(0, 7), max_size=4, unique=True),
)
@settings(max_examples=max(1, WORLDS // 2), deadline=None, suppress_health_check=list(HealthCheck))
def test_runs_are_visible_to_the_users_that_the_oracle_allows(
    fresh_database: FreshDatabase, world: World, forces: list[tuple[str, str, bool]], lost: list[int]
) -> None:
    """Users force updates, some permissions are taken back, and then each user looks at each run."""
    with fresh_database(False, connected=True) as url, engine_on(url) as engine:
        client = Client(create_app(Settings(), engine), ADMIN)
        grants = load(engine, client, world)
        runs: dict[int, tuple[str, str]] = {}
        for user, reference, content in forces:
            reply = client.as_user(user).update(reference, "force", content=content, sourceScope="latest")
            if (run := reply.response.headers.get("Relink-Run")) is not None:
                runs[int(run)] = (user, reference)
        taken = [grant for number, grant in enumerate(sorted(grants, key=repr)) if number in lost]
        with engine.begin() as connection:
            remove = text("DELETE FROM permission WHERE permission_identifier = ANY (:identifiers)")
            connection.execute(remove, {"identifiers": [grants[grant] for grant in taken]})
        world = replace(world, grants=world.grants - frozenset(taken))
        for reader in READERS:
            look(world, client.as_user(reader), runs)


def look(world: World, client: Client, runs: dict[int, tuple[str, str]]) -> None:
    """Ask for the list of runs, and for all of each run."""
    user = client.user
    visible = [run for run, (starter, reference) in runs.items() if may_see(world, user, starter, reference)]
    listed = get(world, client, "/runs?limit=1000")
    assert listed.status_code == (401 if user is None else 200)
    if user is not None:
        assert [run["run"] for run in listed.get_json()["runs"]] == sorted(visible, reverse=True)
        for reference in {reference for _, reference in runs.values()}:
            wanted = [run for run in visible if runs[run][1] == reference and world.may(user, "read", reference)]
            found = get(world, client, f"/runs?context={reference}").get_json()["runs"]
            assert [run["run"] for run in found] == sorted(wanted, reverse=True)
    for run, (starter, reference) in runs.items():
        hidden = 401 if user is None else 404
        assert get(world, client, f"/runs/{run}").status_code == (200 if run in visible else hidden)
        refused = 403 if run in visible else hidden
        allowed = may_read(world, user, starter, reference)
        assert get(world, client, f"/runs/{run}/outcomes").status_code == (200 if allowed else refused)
        # The response holds what the starter could read when the run was done.
        path = f"/runs/{run}/response"
        response = ask(client, path) if allowed else get(world, client, path)
        assert response.status_code == (200 if allowed else refused)


def may_see(world: World, user: str | None, starter: str, reference: str) -> bool:
    """The state and the progress are for the starter, and for those who may administer the context."""
    return user is not None and (user in (starter, ADMIN) or world.may(user, "administer", reference))


def may_read(world: World, user: str | None, starter: str, reference: str) -> bool:
    """The response and the outcomes are for the starter, while the starter may read the context."""
    return user is not None and (user == ADMIN or (user == starter and world.may(user, "read", reference)))


def get(world: World, client: Client, path: str) -> TestResponse:
    """The response to a GET, which names no node that the user may not read, except one in the path."""
    response = ask(client, path)
    shown = set(WORD.findall(response.text))
    for reference in REFERENCES:
        known = world.may(client.user, "read", reference) or f"context={reference}" in path
        assert known or reference not in shown, f"{path} tells {client.user} of {reference}: {response.text}"
    return response


def ask(client: Client, path: str) -> TestResponse:
    return client.app.test_client().get(path, auth=None if client.user is None else (client.user, PASSWORD))
