"""In which order a plan is done: targets before the nodes that link to them, one commit per step.

Inside a cycle some node has to be written before a version that it links to exists. It is written with its old
link, and changed once more in a *closing* step as soon as the version is there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from app.references import VersionKey
from app.system_nodes import MEMBER_TYPE_LIST
from app.updates.plan import Plan
from app.updates.rows import NodeUpdate, UpdateType
from app.updates.written import Writer, Written


class User(NamedTuple):
    """A draft that moves with its draft type: its edition and number, and the new numbers of its member types."""

    node: int
    edition: int
    number: int
    member_type_numbers: list[int]


@dataclass(frozen=True, slots=True)
class Step:
    """One commit. `number` is the version that is read, which a `version` step copies to the next one.

    `edition` is the node's when the step begins, `written` what the step writes. Where the member type list of a draft
    moves, `users` are the other drafts that have this draft as their type: their members move with it. `draft_type` is
    the node and the edition of a new type that is a draft.
    """

    ordinal: int
    node: int
    edition: int
    kind: UpdateType
    number: int
    written: Written
    users: tuple[User, ...] | None
    draft_type: tuple[int, int] | None


@dataclass(frozen=True)
class Schedule:
    """The steps in order.

    `closing` gives, per node that is written before all its new targets, the ordinal of its closing step and
    those targets.
    """

    steps: list[Step]
    closing: dict[int, tuple[int, frozenset[int]]]


def schedule(plan: Plan) -> Schedule:
    """Put a plan's updates in order."""
    return _Scheduler(plan).run()


@dataclass
class _Scheduler:
    plan: Plan
    steps: list[Step] = field(default_factory=list)
    written_at: dict[int, int] = field(default_factory=dict)
    editions: dict[int, int] = field(default_factory=dict)
    instances: dict[VersionKey, list[int]] = field(default_factory=lambda: defaultdict(list))
    numbers: dict[int, int] = field(default_factory=dict)
    writer: Writer = field(init=False)

    def __post_init__(self) -> None:
        self.writer = Writer(self.plan, self.written_at)

    def run(self) -> Schedule:
        plan = self.plan
        for users in plan.details.users.values():
            self.editions.update((user.version[0], user.edition) for user in users)
            self.numbers.update(user.version for user in users)
        updates = {update.node: update for update in plan.updates}
        needed = _needed_updates(plan, updates)
        order = _targets_first(updates, needed)
        place = {node: position for position, node in enumerate(order)}
        waiting: dict[int, list[tuple[int, frozenset[int]]]] = defaultdict(list)
        closing: dict[int, tuple[int, frozenset[int]]] = {}
        for node in order:
            late = [other for other in needed[node] if place[other] >= place[node] and self._renewed(other)]
            late = [other for other in late if other != node or self._types_itself(node)]
            self._write(updates[node], frozenset(late))
            if late:
                waiting[max(late, key=place.__getitem__)].append((node, frozenset(late)))
            for open_node, targets in waiting.pop(node, ()):
                self._close(updates[open_node])
                closing[open_node] = (len(self.steps), targets)
        return Schedule(self.steps, closing)

    def _renewed(self, node: int) -> bool:
        """Whether links move to a version of this node that this run writes."""
        graph = self.plan.graph
        return node in graph.moving and node not in graph.drafts

    def _types_itself(self, node: int) -> bool:
        new_type = self.plan.new_types.get(node)
        return new_type is not None and new_type[0] == node

    def _write(self, update: NodeUpdate, late: frozenset[int]) -> None:
        node = update.node
        self.written_at[node] = len(self.steps) + 1
        new_type = update.type if update.type is None or update.type[0] not in late else None
        changes = any(link[4] not in late for link in self.plan.moved.get(node, ()))
        if update.update_type is UpdateType.VERSION or new_type is not None or changes:
            self._add(update, update.update_type, update.number, new_type)

    def _close(self, update: NodeUpdate) -> None:
        number = update.number + (update.update_type is UpdateType.VERSION)
        already = self.instances[update.type] if update.type is not None else ()
        self._add(update, UpdateType.CHANGE, number, None if update.node in already else update.type)

    def _add(self, update: NodeUpdate, kind: UpdateType, number: int, new_type: VersionKey | None) -> None:
        node, plan = update.node, self.plan
        number_after = self.numbers[node] = number + (kind is UpdateType.VERSION)
        ordinal = len(self.steps) + 1
        written = self.writer.write((node, number_after), new_type, ordinal)
        users: tuple[User, ...] | None = None
        if kind is UpdateType.CHANGE and self._lists_move(node):
            version = (node, number_after)
            if new_type is None and (plan.graph.types[node][0], written.type_number) == version:
                # A draft that is its own type moves with its list.
                written = replace(written, member_type_numbers=self.writer.move_to_list(node, update.number, version))
            users = tuple([self._user(user, version) for user in self._users(version)])
        draft_type = None if new_type is None else self._draft_type(new_type)
        if draft_type is not None and draft_type[0] in (node, *(user.node for user in users or ())):
            draft_type = None  # its edition is looked at anyway
        self.steps.append(
            Step(
                ordinal=ordinal,
                node=node,
                edition=self._edition(node),
                kind=kind,
                number=number,
                written=written,
                users=users,
                draft_type=draft_type,
            )
        )
        for changed in (node, *(user.node for user in users or ())):
            self.editions[changed] = self._edition(changed) + 1
        if new_type is not None:
            self.instances[new_type].append(node)
        elif update.update_type is UpdateType.VERSION:
            self.instances[plan.graph.types[node]].append(node)

    def _lists_move(self, node: int) -> bool:
        return any(link[1] == MEMBER_TYPE_LIST for link in self.plan.moved.get(node, ()))

    def _users(self, version: VersionKey) -> list[int]:
        """The drafts of which this draft is the type: those of the store, and those that this run wrote."""
        stored = []
        if version == (version[0], self.plan.graph.examined[version[0]]):
            stored = [user.version[0] for user in self.plan.details.users.get(version[0], ())]
        return sorted({*stored, *self.instances.get(version, ())} - {version[0]})

    def _user(self, node: int, version: VersionKey) -> User:
        stored = self.plan.graph.examined.get(node, self.numbers[node])
        numbers = self.writer.move_to_list(node, stored, version)
        return User(node, self._edition(node), self.numbers[node], numbers)

    def _draft_type(self, new_type: VersionKey) -> tuple[int, int] | None:
        """The node and edition of a type that is a draft: its list has to be as the members were moved to it."""
        node = new_type[0]
        outside = self.plan.graph.outside_drafts.get(node)
        if outside is not None:
            return node, outside
        if node in self.plan.graph.drafts or (node in self.written_at and self._renewed(node)):
            return node, self._edition(node)
        return None

    def _edition(self, node: int) -> int:
        known = self.editions.get(node)
        return self.plan.graph.editions[node] if known is None else known


def _needed_updates(plan: Plan, updates: dict[int, NodeUpdate]) -> dict[int, list[int]]:
    """Per updated node, the updated nodes that it will link to, its type first."""
    needed = {}
    for node, update in updates.items():
        targets = [] if update.type is None else [update.type[0]]
        targets += [link[4] for link in plan.moved.get(node, ())]
        needed[node] = [target for target in dict.fromkeys(targets) if target in updates]
    return needed


def _targets_first(updates: dict[int, NodeUpdate], needed: dict[int, list[int]]) -> list[int]:
    """Depth first: a node comes after all that it needs, save where a cycle closes."""
    order: list[int] = []
    seen: set[int] = set()
    for root in sorted(updates):
        if root in seen:
            continue
        seen.add(root)
        stack: list[tuple[int, Iterator[int]]] = [(root, iter(needed[root]))]
        while stack:
            node, rest = stack[-1]
            for target in rest:
                if target not in seen:
                    seen.add(target)
                    stack.append((target, iter(needed[target])))
                    break
            else:
                stack.pop()
                order.append(node)
    return order
