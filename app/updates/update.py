"""Impact and force: the same plan, listed or done."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field

from sqlalchemy import Connection

from app.database.engine import driver_connection, snapshot
from app.errors import NotAuthorisedError, UserError
from app.identity.present_rights import read_again
from app.identity.rights import Caller
from app.nodes.deletion import links_kept
from app.nodes.patterns import PatternCheck
from app.nodes.versions import Node, find_node
from app.runs.held import HeldRun, check_match
from app.updates.apply import Stop, apply, prepared, stage
from app.updates.details import read_details
from app.updates.fixpoint import Needs
from app.updates.graph import Details
from app.updates.plan import Plan, plan
from app.updates.read import Options, read_graph
from app.updates.rows import MemberUpdate, NodeUpdate, Refusal
from app.updates.steps import Schedule, schedule

ROUNDS = 3
"""How often a node that others change meanwhile is planned again before it is given up."""


@dataclass
class UpdateResult:
    """What would be, or was, done. `updates` and `refusals` are by node.

    `done` says whether it was done, `cancelled` whether it was stopped on the way, `fingerprint` is the plan's.
    `caller` has the rights with which it was planned last.
    """

    caller: Caller
    context: Node
    updates: dict[int, NodeUpdate]
    refusals: dict[int, Refusal]
    done: bool
    fingerprint: str
    cancelled: bool = False

    @property
    def error_number(self) -> int:
        """0, or 108 where some updates would be, or were, bypassed."""
        return 108 if self.refusals or self.cancelled else 0


def impact(connection: Connection, caller: Caller, context: Node, options: Options) -> UpdateResult:
    """List what an update would do. Raises 101 and 105 as `read_graph` does."""
    planned = make_plan(connection, caller, context, options, {})
    updates = {update.node: update for update in planned.updates}
    return UpdateResult(caller, context, updates, planned.refusals, done=False, fingerprint=planned.fingerprint())


def make_plan(
    connection: Connection,
    caller: Caller,
    context: Node,
    options: Options,
    failed: dict[int, str],
    patterns: PatternCheck | None = None,
) -> Plan:
    """Read the store and plan on it."""
    state = read_graph(connection, caller, context, options)
    needs = Needs(state)
    details = read_details(connection, caller, state, needs) if needs.first else Details()
    return plan(state, needs, details, failed, patterns)


def force(run: HeldRun, context: Node, options: Options, if_match: str | None) -> UpdateResult:
    """Do an update as a run, one commit per node.

    The context node and the rights of the caller are read again for each round of planning. If the account was disabled
    meanwhile, or may no longer read the context, the run ends as cancelled.

    Raises PreconditionError if `if_match` is not the fingerprint of the plan, and 101 and 105 as `impact` does: then
    nothing is done.
    """
    return _Force(run, run.caller, context.identifier, options).outcome(if_match)


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

    def outcome(self, if_match: str | None) -> UpdateResult:
        with prepared(self.run.connection), links_kept(driver_connection(self.run.connection)):
            node, planned = self._plan()
            fingerprint = planned.fingerprint()
            check_match(fingerprint, if_match)
            stop = self._do(planned)
            while stop is not None and not stop.cancelled:
                try:
                    node, planned = self._plan()
                except (NotAuthorisedError, UserError):
                    # The rights of the caller, or the nodes that the request names, are gone: nothing more is done.
                    break
                stop = self._do(planned)
        if self.updates:
            with suppress(NotAuthorisedError, UserError), snapshot(self.run.engine) as connection:
                node = find_node(connection, self.caller, self.context, None, "node")
        return UpdateResult(
            self.caller,
            node,
            self.updates,
            planned.refusals,
            done=True,
            fingerprint=fingerprint,
            cancelled=stop is not None,
        )

    def _plan(self) -> tuple[Node, Plan]:
        """Plan with the present rights of the caller."""
        with snapshot(self.run.engine) as connection:
            self.caller = read_again(connection, self.caller)
            node = find_node(connection, self.caller, self.context, None, "node")
            return node, make_plan(connection, self.caller, node, self.options, self.failed, self.patterns)

    def _do(self, planned: Plan) -> Stop | None:
        """One round: do the plan as far as it goes."""
        order = schedule(planned)
        self.run.count_steps(self.steps_before + len(order.steps))
        stage(self.run, order, self.steps_before)
        stop = apply(self.run, order, self.steps_before)
        done = len(order.steps) if stop is None else stop.ordinal - 1
        self._record(planned, order, done)
        self.steps_before += done
        if stop is not None and not stop.cancelled:
            node = order.steps[stop.ordinal - 1].node
            self.changed_under_us[node] += 1
            if self.changed_under_us[node] >= ROUNDS:
                self.failed[node] = stop.why
        return stop

    def _record(self, planned: Plan, order: Schedule, done: int) -> None:
        """Add what the first `done` steps did to the updates; a node may have been updated in an earlier round."""
        by_node = {update.node: update for update in planned.updates}
        for step in order.steps[:done]:
            update = by_node.pop(step.node, None)
            if update is None:
                continue
            closing, late = order.closing.get(step.node, (0, frozenset()))
            if closing > done:
                update = _without(update, late)
            before = self.updates.get(step.node)
            self.updates[step.node] = update if before is None else _merged(before, update)


def _without(update: NodeUpdate, late: frozenset[int]) -> NodeUpdate:
    """The part of an update that does not wait for the closing step."""
    return NodeUpdate(
        node=update.node,
        number=update.number,
        update_type=update.update_type,
        type=None if update.type is not None and update.type[0] in late else update.type,
        members=tuple(member for member in update.members if member.target is None or member.target[0] not in late),
    )


def _merged(before: NodeUpdate, after: NodeUpdate) -> NodeUpdate:
    """One row for a node that was updated in two rounds: from where it began to where it ended."""
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
