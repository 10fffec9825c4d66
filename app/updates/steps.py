"""In which order a plan is done: targets before the nodes that link to them, one commit per step.

Inside a cycle some node has to be written before a version that it links to exists. It is written with its old
link, and changed once more in a *closing* step as soon as the version is there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from app.references import VersionKey
from app.system_nodes import MEMBER_TYPE_LIST
from app.updates.plan import Plan
from app.updates.rows import NodeUpdate, UpdateType


@dataclass(frozen=True, slots=True)
class Step:
    """One commit. `number` is the version that is read, which a `version` step copies to the next one.

    `edition` is the node's when the step begins. Where the member type list of a draft moves, `users` are the
    other drafts that have this draft as their type, whose members move with it, with their editions.
    """

    ordinal: int
    node: int
    edition: int
    kind: UpdateType
    number: int
    new_type: VersionKey | None
    removed: int
    users: tuple[tuple[int, int], ...] | None


@dataclass(frozen=True)
class Schedule:
    """The steps in order, and for each node that links move to: the version and the first step that has it.

    `closing` gives, per node that is written before all its new targets, the ordinal of its closing step and
    those targets.
    """

    steps: list[Step]
    sources: list[tuple[int, int, int]]
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

    def run(self) -> Schedule:
        plan = self.plan
        for users in plan.details.users.values():
            self.editions.update((user.version[0], user.edition) for user in users)
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
        sources = [
            (node, number, self.written_at[node] if node in updates and self._renewed(node) else 0)
            for node, number in _sources_in_use(plan)
        ]
        return Schedule(self.steps, sources, closing)

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
        written = number + (kind is UpdateType.VERSION)
        users = self._users((node, written)) if kind is UpdateType.CHANGE and self._lists_move(node) else None
        self.steps.append(
            Step(
                ordinal=len(self.steps) + 1,
                node=node,
                edition=self._edition(node),
                kind=kind,
                number=number,
                new_type=new_type,
                removed=plan.removed.get(node, 0) if new_type is not None else 0,
                users=None if users is None else tuple((user, self._edition(user)) for user in users),
            )
        )
        for changed in (node, *(users or ())):
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


def _sources_in_use(plan: Plan) -> list[tuple[int, int]]:
    """The nodes to which some updated node's link moves, with the version it moves to."""
    targets = {link[4] for links in plan.moved.values() for link in links}
    return [(node, plan.sources[node]) for node in targets]
