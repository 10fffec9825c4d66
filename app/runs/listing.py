"""Pages of runs, newest first, and pages of the outcomes of a run, in the order of its commits.

A page begins after the last entry of the previous page, so entries that come or go meanwhile are neither repeated nor
left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, text

from app.database.sql_files import sql_file
from app.identity import right
from app.identity.rights import Caller, rights_on
from app.runs import record
from app.runs.record import READ_RUNS, Run, RunState
from app.system_nodes import LAST_SYSTEM_IDENTIFIER

PAGE: Final = 100
"""The number of entries of a page unless the request says otherwise."""
MOST_ON_PAGE: Final = 1000

# A caller without administer-all sees the runs that they started, those whose context node they may administer, and
# with administer-solutions those of solutions.
_VISIBLE = sql_file("app.runs", "visible_contexts")
_IS_VISIBLE = """(
    r.user_identifier = :caller OR (:solutions AND r.solution_identifier IS NOT NULL)
    OR r.context_node_identifier IN (SELECT node_identifier FROM administered)
)"""
# As `Run.has_failed`.
_HAS_FAILED = "(r.state IN ('cancelled', 'interrupted') OR r.state = 'done' AND coalesce(r.error_number, 0) <> 0)"
_CONDITIONS = {
    "state": "r.state = :state",
    "failed": f"{_HAS_FAILED} = :failed",
    "context": "r.context_reference = :context AND r.context_node_identifier IS NOT NULL",
    "solution": "r.solution_identifier = CAST(:solution AS uuid)",
    "user": "a.user_logon_reference = :user",
    "key": "r.idempotency_key = :key AND r.user_identifier = :caller",
    "after": "r.run_identifier < :after",
}
_OUTCOMES = text("""
    SELECT o.ordinal, o.node_identifier, n.node_reference, n.owner_identifier, o.version_number,
           o.instance_identifier::text AS instance_identifier, o.outcome AS update_type
    FROM run_outcome o LEFT JOIN node n USING (node_identifier)
    WHERE o.run_identifier = :run AND o.ordinal > :after
    ORDER BY o.ordinal LIMIT :limit
""")
_COUNTS = text("""
    SELECT outcome, count(*) FROM run_outcome
    WHERE run_identifier = :run AND ordinal > :after AND ordinal <= :upto GROUP BY outcome
""")


@dataclass(frozen=True)
class RunFilter:
    """Which runs to list: conditions that are None select all.

    `context` is the reference of a node. `failed` selects the runs that have ended without doing all that was asked,
    and `key` the run that the caller has started with this `Idempotency-Key`.
    """

    state: RunState | None = None
    context: str | None = None
    solution: str | None = None
    user: str | None = None
    key: str | None = None
    failed: bool | None = None


@dataclass(frozen=True)
class Outcome:
    """What became of one node or instance of a run: its update type, such as `version` or `error`.

    The reference is absent if the node was deleted, or if the reader may not read it. The number is that of the version
    or, for an instance, of the release.
    """

    ordinal: int
    node_reference: str | None
    instance_identifier: str | None
    number: int | None
    update_type: str


def visible_runs(
    connection: Connection, caller: Caller, wanted: RunFilter, *, after: int | None = None, limit: int = PAGE
) -> tuple[list[Run], int | None]:
    """Return the newest runs that a caller may see, older than the run `after`, at most `limit` of them.

    The second value is the `after` of the next page, or None if this is the last page. Dead runs are recorded as
    interrupted first.
    """
    record.close_dead(connection)
    values: dict[str, object] = {
        "state": wanted.state and wanted.state.value,
        "failed": wanted.failed,
        "context": wanted.context,
        "solution": wanted.solution,
        "user": wanted.user,
        "key": wanted.key,
        "caller": caller.user_identifier,
        "after": after,
    }
    conditions = [condition for name, condition in _CONDITIONS.items() if values[name] is not None]
    visible = ""
    if not caller.administers_all:
        visible = _VISIBLE
        conditions.append(_IS_VISIBLE)
        values |= {
            "groups": list(caller.groups),
            "solutions": caller.administers_solutions,
            "last_system": LAST_SYSTEM_IDENTIFIER,
        }
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    values["most"] = limit + 1  # one more, to know whether another page follows
    query = f"{visible} {READ_RUNS} {where} ORDER BY r.run_identifier DESC LIMIT :most"
    found = [Run.of(row) for row in connection.execute(text(query), values)]
    return found[:limit], found[limit - 1].identifier if len(found) > limit else None


def outcomes(
    connection: Connection, caller: Caller, run: int, *, after: int = 0, limit: int = PAGE
) -> tuple[list[Outcome], int | None]:
    """Return the outcomes of a run after the one numbered `after`, at most `limit` of them.

    The second value is the `after` of the next page, or None if this is the last page.
    """
    rows = connection.execute(_OUTCOMES, {"run": run, "after": after, "limit": limit + 1}).all()
    rights = rights_on(connection, caller, [row.node_reference for row in rows if row.node_reference is not None])
    found = []
    for row in rows[:limit]:
        reference = row.node_reference
        if reference and not rights.on(row.node_identifier, reference, row.owner_identifier) & right.READ:
            reference = None
        found.append(Outcome(row.ordinal, reference, row.instance_identifier, row.version_number, row.update_type))
    return found, found[-1].ordinal if len(rows) > limit else None


def count_outcomes(connection: Connection, run: Run, *, after: int = 0) -> dict[str, int]:
    """Return how many outcomes of each update type a run had when its record was read.

    With `after` those up to this number do not count.
    """
    given = {"run": run.identifier, "after": after, "upto": run.done}
    return {row[0]: row[1] for row in connection.execute(_COUNTS, given)}
