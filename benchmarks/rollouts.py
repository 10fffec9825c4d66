"""How many instances of a solution move in a second, by lazy updates of a worker and in a roll-out."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.server import connect, make_store
from benchmarks.service import Service, running

INSTANCES = 5000
_SECONDS = 300
_OWNERS = 50
_INSTANCES = """
    WITH owner AS (
      INSERT INTO external_user (name, external_user_identifier)
      SELECT 'owner ' || n, 'owner-' || n FROM generate_series(1, %(owners)s) AS n
      RETURNING user_identifier
    ), made AS (
      INSERT INTO solution_instance (solution_identifier, release_number, owner, name, enabled)
      SELECT %(solution)s, 1, user_identifier, 'instance ' || n, true
      FROM owner CROSS JOIN generate_series(1, %(instances)s / %(owners)s) AS n
      RETURNING instance_identifier
    )
    INSERT INTO instance_value (instance_identifier, slot_kind, external_identifier, value, given_for)
    SELECT instance_identifier, 'config', 'a', '"given"', '{1}' FROM made
"""
_MOVED = """
    SELECT count(*), extract(epoch FROM max(moved_at) - min(moved_at))::float FROM solution_instance
    WHERE release_number = %s
"""


def rates(url: str) -> tuple[float, float]:
    """Return the instances per second of lazy updates by one worker, and of a roll-out in one request."""
    database = make_store(url, "bench_rollouts")
    with running("wsgi:app", database) as service:
        solution = _published(service, None, "The first title")
        with connect(database) as connection:
            parameters = {"solution": solution, "owners": _OWNERS, "instances": INSTANCES}
            connection.execute(_INSTANCES, parameters)
            connection.execute("VACUUM ANALYZE")
        _published(service, solution, "The second title")
        with _worker(database):
            lazy = _moved(database, 2)
        _published(service, solution, "The third title")
        taken, _, _ = service.post(
            f"<UpdateSolutionInstances><solutionId>{solution}</solutionId><action>force</action>"
            "</UpdateSolutionInstances>"
        )
    return lazy, INSTANCES / taken


def _published(service: Service, solution: str | None, title: str) -> str:
    """Publish a release without breaking changes, and return the id of the solution."""
    known = f"<solutionId>{solution}</solutionId>" if solution else ""
    slot = f"<ConfigSlot><externalId>a</externalId><title>{title}</title><type>string</type></ConfigSlot>"
    lists = f"<ConfigSlotList>{slot}</ConfigSlotList>"
    _, head, _ = service.post(f"<SetSolution>{known}<title>{title}</title>{lists}</SetSolution>")
    found = re.search(rb"<solutionId>([^<]+)<", head)
    if found is None:
        raise RuntimeError(f"no solution: {head.decode()}")
    made = found[1].decode()
    service.post(f"<PublishSolutionRelease><solutionId>{made}</solutionId></PublishSolutionRelease>")
    return made


@contextmanager
def _worker(database: str) -> Iterator[None]:
    """Run one worker that looks for instances at once."""
    variables = {"RELINK_DATABASE_URL": database, "RELINK_LAZY_UPDATE_DELAY": "0"}
    process = subprocess.Popen(
        [sys.executable, "-m", "app.cli", "worker"], env={**os.environ, **variables}, stderr=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


def _moved(database: str, release: int) -> float:
    """Wait until all instances are on a release, and return how many have moved in a second."""
    deadline = time.monotonic() + _SECONDS
    with connect(database) as connection:
        while time.monotonic() < deadline:
            count, seconds = connection.execute(_MOVED, (release,)).fetchone() or (0, 0.0)
            if count == INSTANCES:
                return float(count / seconds)
            time.sleep(0.2)
    raise RuntimeError("the worker has not moved all instances")
