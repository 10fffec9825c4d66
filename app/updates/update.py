"""Impact and force: list a plan, or do it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

import psycopg
from psycopg.rows import TupleRow as Row
from sqlalchemy import Connection

from app.database.engine import driver_connection, snapshot
from app.errors import NotAuthorisedError, UserError
from app.garbage import collections_paused
from app.identity.present_rights import read_again
from app.identity.rights import Caller
from app.nodes.deletion import links_kept
from app.nodes.patterns import PatternCheck
from app.nodes.versions import Node, find_node
from app.runs.held import HeldRun, RunCancelledError, check_match
from app.updates.apply import Stop, apply, many_small_commits
from app.updates.details import read_details, read_order
from app.updates.fixpoint import Needs
from app.updates.graph import Details
from app.updates.options import Options, SourceScope
from app.updates.plan import Plan, concern, plan
from app.updates.read import read_graph
from app.updates.rows import MemberUpdate, NodeUpdate, Refusal
from app.updates.scope import add_scope_as_source, graph_without_sources
from app.updates.small_scope import SmallScope
from app.updates.staging import Staging
from app.updates.steps import Schedule
from app.updates.why import Why, reasons

ROUNDS = 3
"""A node fails when other requests have changed it in this many rounds of planning."""


@dataclass
class UpdateResult:
    """The result of an impact or a force. `updates` and `refusals` are by node.

    `done` is true for a force, `cancelled` if it was stopped before its end. `caller` has the rights with which the
    last plan was made. An impact has the `fingerprint` of its plan. `why` gives the chains from what changed first, if
    the request asks for them.
    """

    caller: Caller
    context: Node
    updates: dict[int, NodeUpdate]
    refusals: dict[int, Refusal]
    done: bool
    fingerprint: str = ""
    cancelled: bool = False
    why: dict[int, Why] | None = None

    @property
    def error_number(self) -> int:
        """0, or 108 if some updates would be, or were, bypassed."""
        return 108 if self.refusals or self.cancelled else 0


def impact(
    connection: Connection,
    caller: Caller,
    context: Node,
    options: Options,
    scope: SmallScope | None = None,
    *,
    why: bool = False,
    check: Callable[[], None] = lambda: None,
) -> UpdateResult:
    """List what an update would do. Raises UserError (105) as `read_graph` does.

    `check` is called between the parts of the planning, and may raise an exception to end it.
    """
    planned = make_plan(connection, caller, context, options, {}, scope=scope, check=check)
    return _not_done(caller, context, planned, why=why)


def small_impact(
    driver: psycopg.Connection[Row], scope: SmallScope, options: Options, *, why: bool = False
) -> UpdateResult | None:
    """List what an update would do, without a common snapshot of all that is read.

    Returns None if this is not possible: the plan depends on more than the scope, or a node was deleted meanwhile.
    """
    if options.source_scope is not SourceScope.NODE:
        return None
    graph = graph_without_sources(
        scope, scope.rights, scope.references, always_create=options.always_create_new_version
    )
    add_scope_as_source(graph)
    needs = Needs(graph)
    details = read_order(driver, concern(graph, needs)) if needs.first else Details()
    return None if details is None else _not_done(scope.caller, scope.node, plan(graph, needs, details), why=why)


def _not_done(caller: Caller, context: Node, planned: Plan, *, why: bool) -> UpdateResult:
    return UpdateResult(
        caller,
        context,
        {update.node: update for update in planned.updates},
        planned.refusals,
        done=False,
        fingerprint=planned.fingerprint(),
        why=reasons(planned) if why else None,
    )


def make_plan(
    connection: Connection,
    caller: Caller,
    context: Node,
    options: Options,
    failed: dict[int, str],
    patterns: PatternCheck | None = None,
    scope: SmallScope | None = None,
    check: Callable[[], None] = lambda: None,
) -> Plan:
    """Read the store, of which a small scope may have been read, and make a plan."""
    with collections_paused():
        check()
        state = read_graph(connection, caller, context, options, scope)
        check()
        needs = Needs(state)
        details = Details()
        if needs.first:
            details = read_details(connection, caller, state, needs, small=scope is not None)
        check()
        return plan(state, needs, details, failed, patterns)


def force(
    run: HeldRun,
    context: Node,
    options: Options,
    if_match: str | None,
    expect: Callable[[UpdateResult], None] = lambda _: None,
    *,
    why: bool = False,
) -> UpdateResult:
    """Do an update as a run, one commit per node.

    Before the first step, `expect` is called with the result that the update will have if nothing intervenes. Its
    context node is the one from before the update.

    The context node and the rights of the caller are read again for each round of planning. If the account was disabled
    meanwhile, or may no longer read the context, the run ends as cancelled.

    Raises RunCancelledError if the run is cancelled before its first step, PreconditionError if `if_match` is not the
    fingerprint of the plan, and NotAuthorisedError (101) and UserError (105) as `find_node` and `impact` do. Nothing is
    done in these cases.
    """
    found: dict[int, Why] | None = {} if why else None
    update = _Force(run, run.caller, context.identifier, options, steps_before=run.done_before, why=found)
    return update.result(if_match, expect)


@dataclass(frozen=True)
class _Round:
    """The part of a plan that is kept after its steps are staged, since the graph may be large and is no longer needed.

    When all steps are staged, `nodes` are the nodes of the steps in order, and `closing` is that of the schedule.
    """

    context: Node
    updates: dict[int, NodeUpdate]
    refusals: dict[int, Refusal]
    nodes: list[int]
    closing: dict[int, tuple[int, frozenset[int]]]
    staging: Staging


@dataclass
class _Force:
    run: HeldRun
    caller: Caller
    context: int
    options: Options
    updates: dict[int, NodeUpdate] = field(default_factory=dict)
    failed: dict[int, str] = field(default_factory=dict)
    patterns: PatternCheck = field(default_factory=PatternCheck)
    changed_under_us: Counter[int] = field(default_factory=Counter)
    steps_before: int = 0
    why: dict[int, Why] | None = None

    def result(self, if_match: str | None, expect: Callable[[UpdateResult], None]) -> UpdateResult:
        with many_small_commits(self.run.connection), links_kept(driver_connection(self.run.connection)):
            planned = self._stage(if_match, expect)
            stop = self._do(planned)
            while stop is not None and not stop.cancelled:
                try:
                    planned = self._stage(None, lambda _: None)
                except (NotAuthorisedError, UserError, RunCancelledError):
                    # The caller has lost a right, or a node that the request names was deleted, or the run was
                    # cancelled: nothing more is done.
                    break
                stop = self._do(planned)
        node = planned.context
        if self.updates:
            with suppress(NotAuthorisedError, UserError), snapshot(self.run.engine) as connection:
                node = find_node(connection, self.caller, self.context, None, "node")
        return UpdateResult(
            self.caller,
            node,
            self.updates,
            planned.refusals,
            done=True,
            cancelled=stop is not None,
            why=self.why,
        )

    def _stage(self, if_match: str | None, expect: Callable[[UpdateResult], None]) -> _Round:
        """Plan with the current rights of the caller, and stage the first steps."""
        with snapshot(self.run.engine) as connection:
            self.caller = read_again(connection, self.caller)
            node = find_node(connection, self.caller, self.context, None, "node")
            check = self.run.check_not_cancelled
            planned = make_plan(connection, self.caller, node, self.options, self.failed, self.patterns, check=check)
        if if_match is not None:
            check_match(planned.fingerprint(), if_match)
        if self.why is not None:
            # What an earlier round found stays: its chains lead through nodes that are updated by now.
            self.why = {**reasons(planned), **self.why}
        updates = {update.node: update for update in planned.updates}
        expected = UpdateResult(self.caller, node, updates, planned.refusals, done=True, why=self.why)
        order = Schedule(planned)
        self.run.check_not_cancelled()
        staging = Staging(self.run, order.steps(), self.steps_before, partial(expect, expected))
        staging.begin()
        self.run.count_steps(self.steps_before + max(len(order.nodes), 0 if staging.is_complete else len(updates)))
        return _Round(node, updates, planned.refusals, order.nodes, order.closing, staging)

    def _do(self, planned: _Round) -> Stop | None:
        """Do the staged steps, until one of them stops the run."""
        was_complete = planned.staging.is_complete
        stop = apply(self.run, planned.staging)
        if not was_complete and planned.staging.is_complete:
            # The closing steps of cycles are known only now.
            self.run.count_steps(self.steps_before + len(planned.nodes))
        done = len(planned.nodes) if stop is None else stop.ordinal - 1
        self._record(planned, done)
        self.steps_before += done
        if stop is not None and not stop.cancelled:
            node = planned.nodes[stop.ordinal - 1]
            self.changed_under_us[node] += 1
            if self.changed_under_us[node] >= ROUNDS:
                self.failed[node] = stop.why
        return stop

    def _record(self, planned: _Round, done: int) -> None:
        """Add the changes of the first `done` steps to the updates; an earlier round may have updated the same node."""
        for node in dict.fromkeys(planned.nodes[:done]):
            update = planned.updates[node]
            closing, late = planned.closing.get(node, (0, frozenset()))
            if closing > done:
                update = _without(update, late)
            before = self.updates.get(node)
            self.updates[node] = update if before is None else _merged(before, update)


def _without(update: NodeUpdate, late: frozenset[int]) -> NodeUpdate:
    """Return the part of an update that does not wait for the closing step."""
    return NodeUpdate(
        node=update.node,
        number=update.number,
        update_type=update.update_type,
        type=None if update.type is not None and update.type[0] in late else update.type,
        members=tuple(member for member in update.members if member.target is None or member.target[0] not in late),
    )


def _merged(before: NodeUpdate, after: NodeUpdate) -> NodeUpdate:
    """Return one row for a node that was updated in two rounds, from its first version to its last."""
    members: dict[tuple[int, int], MemberUpdate] = {}
    for member in (*before.members, *after.members):
        key = (member.member_type[0], member.target[0] if member.target is not None else 0)
        first = members.get(key, member)
        members[key] = MemberUpdate(first.member_type, member.target)
    return NodeUpdate(
        node=before.node,
        number=before.number,
        update_type=before.update_type,
        type=after.type or before.type,
        members=tuple(members.values()),
    )
