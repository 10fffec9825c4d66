"""Plans an update without access to the store. An impact shows the plan; a force carries it out."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Mapping
from dataclasses import dataclass

from app.identity.right import ADMINISTER, LINK, READ, USE_TYPE
from app.nodes.patterns import PatternCheck
from app.references import VersionKey
from app.system_nodes import MEMBER_TYPE_LIST
from app.updates.data import DataValues, Judge, Judgement
from app.updates.fixpoint import Closure, Needs
from app.updates.graph import Details, Graph
from app.updates.links import MovedLinks
from app.updates.member_rows import LinkChanges, MemberPlaces
from app.updates.rows import MemberUpdate, NodeUpdate, Reason, ReasonCode, Refusal, UpdateType

_NONE = (0, 0)
_NUMBERS_AT_ONCE = 10_000


@dataclass
class Plan:
    """The updates, and the refused nodes that have a need.

    `moved` gives the links that move, `new_types` the type changes, `removed` the number of members that each
    type change removes, and `sources` the versions to which links move when the run is done.
    """

    graph: Graph
    details: Details
    updates: list[NodeUpdate]
    refusals: dict[int, Refusal]
    moved: MovedLinks
    new_types: Mapping[int, VersionKey]
    removed: dict[int, int]
    sources: Mapping[int, int]

    def fingerprint(self) -> str:
        """Return the ETag of the impact: plans that look equal to their reader have equal ETags.

        Refused nodes that the caller may not read have no row. Only their number counts, since an ETag that depends on
        their versions would reveal when they change.
        """
        digest = hashlib.blake2b(digest_size=16)
        numbers: list[int] = []
        for update in sorted(self.updates, key=_node_of):
            numbers += (update.node, update.number, *(update.type or _NONE), len(update.members))
            for member_type, target in update.members:
                numbers += member_type
                numbers += target or _NONE
            if len(numbers) >= _NUMBERS_AT_ONCE:
                digest.update(array("q", numbers))
                numbers.clear()
        digest.update(array("q", numbers))
        rights = self.graph.rights
        shown = {node: refusal for node, refusal in self.refusals.items() if rights.get(node, 0) & READ}
        for node, refusal in sorted(shown.items()):
            reasons = [
                (reason.code.value, reason.text, reason.about if reason.about and rights.get(reason.about[0]) else None)
                for reason in refusal.reasons
            ]
            digest.update(repr((node, refusal.number, refusal.predicted, reasons)).encode())
        digest.update(repr(len(self.refusals) - len(shown)).encode())
        return digest.hexdigest()


@dataclass(frozen=True)
class Concern:
    """The scope of the `Details` of a plan: nodes whose type changes, draft types whose list moves, the types in use,
    and the member types of the members that move."""

    type_changes: Mapping[int, VersionKey]
    draft_types: set[int]
    types: set[VersionKey]
    member_types: set[VersionKey]


def concern(graph: Graph, needs: Needs) -> Concern:
    """Return the concern of the plan with no node blocked, which includes that of every other plan."""
    closure = needs.closure(())
    moved = MovedLinks(graph.links, closure.updated, closure.sources)
    return Concern(
        type_changes=closure.type_changes,
        draft_types={
            node
            for node in closure.updated & graph.drafts
            if any(link[1] == MEMBER_TYPE_LIST for link in moved.of(node))
        },
        types={graph.types[node] for node in closure.updated},
        member_types=moved.member_types(),
    )


def plan(
    graph: Graph,
    needs: Needs,
    details: Details,
    failed: Mapping[int, str] | None = None,
    patterns: PatternCheck | None = None,
) -> Plan:
    """Plan an update. `failed` gives the nodes that an earlier round could not update, with the reasons.

    `patterns` is the check that all rounds of a run share.
    """
    patterns = patterns or PatternCheck()
    refused = {
        node: Refusal(graph.examined[node], (Reason(ReasonCode.FAILED, text=text),), predicted=True)
        for node, text in (failed or {}).items()
        if node in graph.examined
    }
    # Blocked first, since this depends on nothing else: a node must not be blocked because the caller lacks a right on
    # a target that never gets its new version.
    not_mine = (Reason(ReasonCode.ADMINISTER),)
    refused.update(
        {
            node: Refusal(number, not_mine, predicted=False)
            for node, number in graph.examined.items()
            if not graph.rights[node] & ADMINISTER
        }
    )
    values = DataValues(details, _data_in_order(graph, needs, details))
    while True:
        closure = needs.closure(refused)
        attempt = _Attempt(graph, values, closure, patterns)
        newly_refused = attempt.refusals()
        if not newly_refused:
            break
        refused.update(newly_refused)
    return Plan(
        graph=graph,
        details=details,
        updates=[attempt.node_update(node) for node in closure.updated],
        refusals={node: refused[node] for node in closure.refused},
        moved=attempt.moved,
        new_types=attempt.new_types,
        removed={node: change.removed for node, change in attempt.data_changes.items()},
        sources=attempt.sources,
    )


class _Attempt:
    """Works out the changes of the nodes in one closure, and which of these nodes cannot be updated."""

    def __init__(self, graph: Graph, values: DataValues, closure: Closure, patterns: PatternCheck) -> None:
        self.graph = graph
        self.details = values.details
        self.updated = closure.updated
        self.sources = closure.sources
        self.moved = MovedLinks(graph.links, closure.updated, closure.sources)
        self.new_types = closure.type_changes
        self._judge = Judge(graph, values, self.updated, self.sources, patterns)
        # Sorted, so that impact and force spend the budget for patterns on the same nodes.
        self.data_changes = {
            node: self._data_change(node, new_type) for node, new_type in sorted(self.new_types.items())
        }
        self._changes = LinkChanges(self.sources)
        self._places_by_type: dict[VersionKey, MemberPlaces] = {}

    def refusals(self) -> dict[int, Refusal]:
        """Return the nodes of the closure that cannot be updated."""
        refusals = {}
        rights = self.graph.rights
        unlinkable = {node for node, held in rights.items() if not held & LINK}
        for node in sorted(self.updated):
            reasons = []
            new_type = self.new_types.get(node)
            if new_type is not None:
                if not rights[new_type[0]] & USE_TYPE:
                    reasons.append(Reason(ReasonCode.USE_TYPE, new_type))
                if self.data_changes[node].removed_types and node in self.graph.drafts:
                    reasons.append(Reason(ReasonCode.TYPE, new_type))
            if unlinkable:
                closed = dict.fromkeys(link[4] for link in self.moved.of(node) if link[4] in unlinkable)
                reasons.extend(Reason(ReasonCode.LINK, (target, self.sources[target])) for target in closed)
            if reasons:
                refusals[node] = Refusal(self.graph.examined[node], tuple(reasons), predicted=False)
            elif predicted := self._predicted_failures(node):
                refusals[node] = Refusal(self.graph.examined[node], predicted, predicted=True)
        return refusals

    def node_update(self, node: int) -> NodeUpdate:
        """Return the row of one updated node."""
        graph = self.graph
        place, changes = self._places(graph.types[node]), self._changes
        rows = [(place[link[1], link[2]], link[3], changes[link[1], link[2]][link[4]]) for link in self.moved.of(node)]
        if node in self.data_changes:
            first = self.data_changes[node].removed_types
            rows += [(place[of], first_place, MemberUpdate(of, None)) for of, first_place in first.items()]
        rows.sort()
        return NodeUpdate(
            node=node,
            number=graph.examined[node],
            update_type=UpdateType.CHANGE if node in graph.drafts else UpdateType.VERSION,
            type=self.new_types.get(node),
            members=tuple([row[2] for row in rows]),
        )

    def _places(self, of: VersionKey) -> MemberPlaces:
        """Return the sort keys of the members of a type: listed member types first, in the order of the list."""
        places = self._places_by_type.get(of)
        if places is None:
            listed = {member_type: position for position, member_type in enumerate(self.details.lists[of])}
            places = self._places_by_type[of] = MemberPlaces(listed, self.details.references)
        return places

    def _predicted_failures(self, node: int) -> tuple[Reason, ...]:
        """Return the failures of an authorised update: broken rules, and harm caused by a draft type."""
        reasons = []
        if node in self.data_changes:
            reasons += [Reason(ReasonCode.RULES, *fault) for fault in self.data_changes[node].broken]
        if node in self.graph.drafts and node in self.details.users:
            reasons += self._harm_by_draft_type(node)
        return tuple(reasons)

    def _harm_by_draft_type(self, type_node: int) -> list[Reason]:
        """Return the harm that changing the list of a draft type in place would do to the drafts of this type."""
        version = (type_node, self.graph.examined[type_node])
        old_list, new_list = self._judge.list_before(version), self._judge.list_after(version)
        if old_list == new_list:
            return []
        reasons: dict[Reason, None] = {}
        listed_before = {node for node, _ in old_list}
        for user in self.details.users[type_node]:
            judgement = self._judge.judge(user.version, old_list, new_list)
            if any(node in listed_before for node, _ in judgement.removed_types):
                reasons[Reason(ReasonCode.DRAFT_TYPE, text="data of a node of this type would be lost")] = None
            if judgement.moved and not user.mine:
                text = "data of a node outside the update, or that you may not administer, would be changed"
                reasons[Reason(ReasonCode.DRAFT_TYPE, text=text)] = None
            for about, fault in judgement.broken:
                reasons[Reason(ReasonCode.DRAFT_TYPE, about, fault)] = None
        return list(reasons)

    def _data_change(self, node: int, new_type: VersionKey) -> Judgement:
        """Judge the data of a node under its new type. Links of members that are removed do not move."""
        judge = self._judge
        old_list, new_list = judge.list_before(self.graph.types[node]), judge.list_after(new_type)
        judgement = judge.judge((node, self.graph.examined[node]), old_list, new_list)
        if judgement.removed:
            self.moved.remove(node, judgement.removed_types)
        return judgement


def _node_of(update: NodeUpdate) -> int:
    return update.node


def _data_in_order(graph: Graph, needs: Needs, details: Details) -> list[VersionKey]:
    """Return the versions whose data may be judged, in the order in which an attempt judges them."""
    data = [(node, graph.examined[node]) for node in sorted(needs.closure(()).type_changes)]
    data += [user.version for _, users in sorted(details.users.items()) for user in users]
    return data
