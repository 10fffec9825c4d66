"""Puts the steps of a plan in order: targets before the nodes that link to them, one commit for each step.

Inside a cycle, some node must be written before a version that it links to exists. It is written with its old link, and
changed again in a *closing* step as soon as that version exists.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import NamedTuple

from app.references import VersionKey
from app.system_nodes import MEMBER_TYPE_LIST
from app.updates.plan import Plan
from app.updates.rows import NodeUpdate, UpdateType
from app.updates.written import Writer, WrittenVersion


class User(NamedTuple):
    """A draft that moves with its draft type: its edition and number, and the new numbers of its member types."""

    node: int
    edition: int
    number: int
    member_type_numbers: Sequence[int]


class Step(NamedTuple):
    """One commit. `number` is the version that is read, which a `version` step copies to the next one.

    `edition` is the edition of the node when the step begins, `written` are the numbers that the step writes. If the
    member type list of a draft moves, `users` are the other drafts of this type, whose members move too. `draft_type`
    is the node and the edition of a new type that is a draft.
    """

    ordinal: int
    node: int
    edition: int
    kind: UpdateType
    number: int
    written: WrittenVersion
    users: tuple[User, ...] | None
    draft_type: tuple[int, int] | None


@dataclass
class Schedule:
    """Puts the updates of a plan in order.

    The steps are generated one after the other, since all steps of a large plan together take much memory. After the
    last step, `nodes` gives the node of each step, and `closing` gives, for each node that is written before some of
    its new targets, the ordinal of its closing step and these targets.
    """

    plan: Plan
    nodes: list[int] = field(default_factory=list)
    closing: dict[int, tuple[int, frozenset[int]]] = field(default_factory=dict)
    _made: list[Step] = field(default_factory=list)
    _written_at: dict[int, int] = field(default_factory=dict)
    _editions: dict[int, int] = field(default_factory=dict)
    _instances: dict[VersionKey, list[int]] = field(default_factory=lambda: defaultdict(list))
    _numbers: dict[int, int] = field(default_factory=dict)
    _writer: Writer = field(init=False)

    def __post_init__(self) -> None:
        self._writer = Writer(self.plan, self._written_at)

    def steps(self) -> Iterator[Step]:
        """Generate the steps. This can be done only once."""
        plan = self.plan
        for users in plan.details.users.values():
            self._editions.update((user.version[0], user.edition) for user in users)
            self._numbers.update(user.version for user in users)
        updates = {update.node: update for update in plan.updates}
        order, unwritten = _targets_first(plan, updates)
        awaited = {target for targets in unwritten.values() for target in targets}
        place = {node: position for position, node in enumerate(order) if node in awaited}
        waiting: dict[int, list[tuple[int, frozenset[int]]]] = defaultdict(list)
        none: frozenset[int] = frozenset()
        for node in order:
            late = [other for other in unwritten.get(node, ()) if self._renewed(other)]
            if node in late and not self._types_itself(node):
                late.remove(node)
            self._write(updates[node], frozenset(late) if late else none)
            if late:
                waiting[max(late, key=place.__getitem__)].append((node, frozenset(late)))
            for open_node, targets in waiting.pop(node, ()):
                self._close(updates[open_node])
                self.closing[open_node] = (len(self.nodes), targets)
            yield from self._made
            self._made.clear()

    def _renewed(self, node: int) -> bool:
        """Return whether links move to a version of this node that this run writes."""
        graph = self.plan.graph
        return node in graph.moving and node not in graph.drafts

    def _types_itself(self, node: int) -> bool:
        new_type = self.plan.new_types.get(node)
        return new_type is not None and new_type[0] == node

    def _write(self, update: NodeUpdate, late: frozenset[int]) -> None:
        node = update.node
        self._written_at[node] = len(self.nodes) + 1
        new_type = update.type if update.type is None or update.type[0] not in late else None
        if (
            update.update_type is UpdateType.VERSION
            or new_type is not None
            or any(link[4] not in late for link in self.plan.moved.of(node))
        ):
            self._add(update, update.update_type, update.number, new_type, late)

    def _close(self, update: NodeUpdate) -> None:
        number = update.number + (update.update_type is UpdateType.VERSION)
        already = self._instances[update.type] if update.type is not None else ()
        new_type = None if update.node in already else update.type
        self._add(update, UpdateType.CHANGE, number, new_type, frozenset())

    def _add(
        self, update: NodeUpdate, kind: UpdateType, number: int, new_type: VersionKey | None, late: Set[int]
    ) -> None:
        node, plan = update.node, self.plan
        number_after = self._numbers[node] = number + (kind is UpdateType.VERSION)
        ordinal = len(self.nodes) + 1
        written = self._writer.write((node, number_after), new_type, ordinal, late)
        users: tuple[User, ...] | None = None
        if kind is UpdateType.CHANGE and self._lists_move(node):
            version = (node, number_after)
            if new_type is None and (plan.graph.types[node][0], written.type_number) == version:
                # The members of a draft that is its own type move with its list.
                written = written._replace(member_type_numbers=self._writer.move_to_list(node, update.number, version))
            users = tuple([self._user(user, version) for user in self._users(version)])
        draft_type = None if new_type is None else self._draft_type(new_type)
        if draft_type is not None and draft_type[0] in (node, *(user.node for user in users or ())):
            draft_type = None  # its edition is checked anyway
        edition = self._edition(node)
        self.nodes.append(node)
        self._made.append(Step(ordinal, node, edition, kind, number, written, users, draft_type))
        self._editions[node] = edition + 1
        for user in users or ():
            self._editions[user.node] = self._edition(user.node) + 1
        if new_type is not None:
            self._instances[new_type].append(node)
        elif update.update_type is UpdateType.VERSION:
            self._instances[plan.graph.types[node]].append(node)

    def _lists_move(self, node: int) -> bool:
        return any(link[1] == MEMBER_TYPE_LIST for link in self.plan.moved.of(node))

    def _users(self, version: VersionKey) -> list[int]:
        """Return the drafts of this draft type: those in the store, and those that this run wrote."""
        stored = []
        if version == (version[0], self.plan.graph.examined[version[0]]):
            stored = [user.version[0] for user in self.plan.details.users.get(version[0], ())]
        return sorted({*stored, *self._instances.get(version, ())} - {version[0]})

    def _user(self, node: int, version: VersionKey) -> User:
        stored = self.plan.graph.examined.get(node, self._numbers[node])
        numbers = self._writer.move_to_list(node, stored, version)
        return User(node, self._edition(node), self._numbers[node], numbers)

    def _draft_type(self, new_type: VersionKey) -> tuple[int, int] | None:
        """Return the node and edition of a draft type, whose list must not have changed since the plan; else None."""
        node = new_type[0]
        outside = self.plan.graph.outside_drafts.get(node)
        if outside is not None:
            return node, outside
        if node in self.plan.graph.drafts or (node in self._written_at and self._renewed(node)):
            return node, self._edition(node)
        return None

    def _edition(self, node: int) -> int:
        known = self._editions.get(node)
        return self.plan.graph.editions[node] if known is None else known


def _targets_first(plan: Plan, updates: Mapping[int, NodeUpdate]) -> tuple[list[int], dict[int, list[int]]]:
    """Return the nodes in depth-first order: a node comes after all that it needs, except where a cycle closes.

    The second result gives the updated nodes that a node needs and that are not written before it.
    """
    order: list[int] = []
    unwritten: dict[int, list[int]] = {}
    seen: set[int] = set()
    for root in sorted(updates):
        if root in seen:
            continue
        seen.add(root)
        stack = {root: _needed(plan, updates[root])}
        while stack:
            node = next(reversed(stack))
            for target in stack[node]:
                if target in stack:
                    unwritten.setdefault(node, []).append(target)
                elif target in updates and target not in seen:
                    seen.add(target)
                    stack[target] = _needed(plan, updates[target])
                    break
            else:
                stack.popitem()
                order.append(node)
    return order, unwritten


def _needed(plan: Plan, update: NodeUpdate) -> Iterator[int]:
    """Return the nodes that an updated node will link to, its type first."""
    targets = dict.fromkeys([link[4] for link in plan.moved.of(update.node)])
    return iter(targets if update.type is None else {update.type[0]: None, **targets})
