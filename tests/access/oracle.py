"""The oracle for rights: who may do what. For each question it looks at every grant, which is slow.

Written from the documented rules alone, so that it can be checked by reading. It shares no code with the program.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

ALL = frozenset({"read", "link", "use-type", "use-draft", "update", "execute", "administer", "use"})
GIVES = {
    "read": {"read"},
    "link": {"link", "use-type", "read"},
    "use-type": {"use-type", "read"},
    "use-draft": {"use-draft", "read"},
    "update": {"update", "use-draft", "read"},
    "execute": {"execute", "read"},
    "use": {"use", "read"},
    "administer": ALL,
}


@dataclass(frozen=True)
class Grant:
    """`node-read` or `package-read` on a node for a group."""

    kind: str
    group: str
    on: str


TYPE = "Y"
MEMBER_TYPE = "Y.m"


@dataclass(frozen=True)
class Node:
    """A node with `frozen` frozen versions and perhaps a draft after them. All link to version 1 of each target.

    The type is Y and the member type of its members Y.m if `typed` says so, and otherwise they are of the system
    package, which everybody may read.
    """

    owner: str
    frozen: int
    draft: bool
    targets: tuple[str, ...] = ()
    typed: bool = False

    @property
    def latest(self) -> int:
        return self.frozen + self.draft


@dataclass(frozen=True)
class World:
    """Nodes by reference, the groups of each user besides the user's own and public, and who may do everything."""

    nodes: dict[str, Node]
    grants: frozenset[Grant]
    groups: dict[str, frozenset[str]] = field(default_factory=dict)
    administrators: frozenset[str] = frozenset()
    solution_administrators: frozenset[str] = frozenset()

    def with_node(self, reference: str, node: Node) -> World:
        return replace(self, nodes={**self.nodes, reference: node})

    def held_by(self, user: str | None) -> set[str]:
        """The groups of a user. The user None is a caller without credentials."""
        return {"public"} if user is None else {"public", user, *self.groups.get(user, ())}

    def rights(self, user: str | None, reference: str) -> set[str]:
        """All that a user may do with a node."""
        node = self.nodes.get(reference)
        if node is None:
            return set()
        if user in self.administrators or (user is not None and node.owner == user):
            return set(ALL)
        found: set[str] = set()
        for grant in self.grants:
            family, _, right = grant.kind.partition("-")
            reaches = reference == grant.on or (family == "package" and reference.startswith(f"{grant.on}."))
            if grant.group in self.held_by(user) and reaches:
                found |= GIVES[right]
        return found

    def may(self, user: str | None, right: str, reference: str) -> bool:
        return right in self.rights(user, reference)


def context(world: World, user: str | None, reference: str) -> int:
    """The error number for a node that a request names: 0 if the user may read it."""
    if world.may(user, "read", reference):
        return 0
    return 101 if user is None or reference in world.nodes else 105


def get_node(world: World, user: str | None, reference: str) -> int:
    number = context(world, user, reference)
    if number:
        return number
    node = world.nodes[reference]
    return 0 if node.frozen or (node.draft and world.may(user, "use-draft", reference)) else 105


def shown_targets(world: World, user: str | None, reference: str) -> list[str | None]:
    """The targets of the members that GetNode shows, None for one that may not be read."""
    node = world.nodes[reference]
    if node.typed and not world.may(user, "read", MEMBER_TYPE):
        return []
    return [f"{target}.1" if world.may(user, "read", target) else None for target in node.targets]


def may_read_type(world: World, user: str | None, reference: str) -> bool:
    return not world.nodes[reference].typed or world.may(user, "read", TYPE)


def content(world: World, user: str | None, reference: str, depth: int) -> list[str]:
    """What a list of the content of a package has; a depth of 0 is any depth."""
    level = reference.count(".")
    return sorted(
        other
        for other in world.nodes
        if other.startswith(f"{reference}.")
        and (depth == 0 or other.count(".") - level <= depth)
        and world.may(user, "read", other)
    )


def versions(world: World, user: str | None, reference: str) -> list[int]:
    """The versions of a node that a user may see, in their order."""
    node = world.nodes[reference]
    if not world.may(user, "read", reference):
        return []
    drafts = [node.latest] if node.draft and world.may(user, "use-draft", reference) else []
    return [*range(1, node.frozen + 1), *drafts]


def uses(world: World, user: str | None, reference: str, depth: int) -> set[tuple[str, int, int]]:
    """The versions that link to version 1 of a node, and to version 1 of these, each with its shortest distance."""
    found: dict[tuple[str, int], int] = {(reference, 1): 0}
    for distance in range(1, depth + 1):
        used = {node for (node, number), at in found.items() if number == 1 and at == distance - 1}
        for other, node in world.nodes.items():
            if used.intersection(linked_from(world, user, node)):
                for number in versions(world, user, other):
                    found.setdefault((other, number), distance)
    return {(node, number, distance) for (node, number), distance in found.items() if distance}


def linked_from(world: World, user: str | None, node: Node) -> set[str]:
    """What a version uses, without the targets of members that its reader does not see."""
    if not node.typed:
        return set(node.targets)
    own = {TYPE, MEMBER_TYPE} if node.targets else {TYPE}
    return own | set(node.targets) if world.may(user, "read", MEMBER_TYPE) else own


def found(world: World, user: str | None, word: str, inside: str) -> list[str]:
    """The nodes in a package, itself included, that have a word in the name of the version that a user is shown. The
    names of a version have its reference and number in them. Upper and lower case make no difference."""
    hits = []
    for reference in sorted(world.nodes):
        shown = versions(world, user, reference)
        name = f"name {reference.replace('.', ' ')} {shown[-1]}".lower().split() if shown else []
        if f"{reference}.".startswith(f"{inside}.") and word.lower() in name:
            hits.append(reference)
    return hits


def inside(world: World, user: str | None, reference: str) -> int:
    """The error number for a package to which a search is limited."""
    if world.may(user, "read", reference):
        return 0
    return 101 if user is None else 105


def closure(world: World, start: set[str]) -> set[str]:
    """The nodes whose drafts would be frozen: those asked for, and the drafts that they link to (as version 1)."""
    found = {reference for reference in start if world.nodes[reference].draft}
    while True:
        more = {
            target
            for reference in found
            for target in world.nodes[reference].targets
            if world.nodes[target].draft and not world.nodes[target].frozen and target not in found
        }
        if not more:
            return found
        found |= more


def freeze(world: World, user: str | None, reference: str, content: bool, force: bool) -> tuple[int, World]:
    number = context(world, user, reference)
    if number:
        return number, world
    inside = {other for other in world.nodes if content and other.startswith(f"{reference}.")}
    drafts = closure(world, {reference, *inside})
    if any(not world.may(user, "administer", each) for each in drafts):
        return 109, world
    if not force:
        return (108 if drafts - {reference} else 0), world
    for each in drafts:
        node = world.nodes[each]
        world = world.with_node(each, replace(node, frozen=node.frozen + 1, draft=False))
    return 0, world


def may_link(world: World, user: str | None, reference: str) -> bool:
    """Whether the user may make a copy with the type and the links of this node."""
    node = world.nodes[reference]
    if node.typed and not world.may(user, "use-type", TYPE):
        return False
    return all(world.may(user, "link", target) for target in node.targets)


def copy(world: World, user: str | None, source: str, to: str) -> int:
    number = get_node(world, user, source)
    if number:
        return number
    if user is None and not world.may(user, "read", to):
        return 101
    if to in world.nodes:
        if not world.may(user, "read", to):
            return 105
        if not world.may(user, "administer", to):
            return 101
        if world.nodes[to].draft:
            return 105
        return 0 if source == to or may_link(world, user, source) else 101
    package = to.rpartition(".")[0]
    if not world.may(user, "read", package):
        return 105
    if not world.may(user, "use", package):
        return 101
    return 0 if may_link(world, user, source) else 101


def edit(world: World, user: str | None, reference: str) -> int:
    """The error number for an edit of a draft."""
    if user is None:
        return 101
    number = get_node(world, user, reference)
    if number:
        return number
    if not world.may(user, "administer", reference):
        return 101
    return 0 if world.nodes[reference].draft else 105


def create(world: World, user: str | None, reference: str, new_type: str) -> int:
    """SetNode of a new node whose type is the latest version of another."""
    if user is None:
        return 101
    if get_node(world, user, new_type):
        return 105
    if not world.may(user, "use-type", new_type):
        return 101
    package = reference.rpartition(".")[0]
    if package and not world.may(user, "read", package):
        return 105
    if not (world.may(user, "use", package) if package else user in world.administrators):
        return 101
    return 105 if reference in world.nodes else 0


def add_link(world: World, user: str | None, reference: str, target: str) -> int:
    """SetNode of the latest version of a node, with a new member that links to the latest version of another."""
    number = edit(world, user, reference)
    if number:
        return number
    if world.nodes[reference].typed and not world.may(user, "read", MEMBER_TYPE):
        return 105
    return 0 if get_node(world, user, target) == 0 and world.may(user, "link", target) else 105


def change_type(world: World, user: str | None, reference: str, new_type: str) -> int:
    """ChangeNodeType of the latest version of a node to the latest version of another."""
    number = edit(world, user, reference)
    if number:
        return number
    if get_node(world, user, new_type):
        return 105
    if not world.may(user, "use-type", new_type):
        return 101
    return 105 if new_type == reference else 0


def give(world: World, user: str | None, kind: str, group: str, reference: str) -> int:
    if not world.may(user, "read", reference):
        return 101 if user is None else 105
    if not world.may(user, "administer", reference):
        return 101
    return 101 if group == "public" and user not in world.administrators else 0


def take_back(world: World, user: str | None, grant: Grant | None) -> int:
    if user is None:
        return 101
    if grant is None or not world.may(user, "read", grant.on):
        return 0
    allowed = world.may(user, "administer", grant.on)
    return 0 if allowed and (grant.group != "public" or user in world.administrators) else 101


def bring_in(world: World, user: str | None, reference: str, target: str) -> int:
    """NodeImport of the next version of a node, or of a new one, which links to the first version of another node."""
    if user is None or not may_import_anything(world, user):
        return 101
    if reference in world.nodes:
        if not world.may(user, "administer", reference):
            return 105
    elif not world.may(user, "use", reference.rpartition(".")[0]):
        return 105
    if target == reference:
        return 0
    node = world.nodes.get(target)
    visible = node is not None and world.may(user, "read", target)
    usable = node is not None and (node.frozen >= 1 or world.may(user, "use-draft", target))
    return 0 if visible and usable and world.may(user, "link", target) else 105


def may_import_anything(world: World, user: str) -> bool:
    """Whether a user has any right that an import can need; without one, its body is not even read."""
    if user in world.administrators or any(node.owner == user for node in world.nodes.values()):
        return True
    held = world.held_by(user)
    return any(grant.group in held and grant.kind.rpartition("-")[2] in {"use", "administer"} for grant in world.grants)


def administration(world: World, user: str | None) -> int:
    return 0 if user in world.administrators else 101


def solutions(world: World, user: str | None) -> int:
    return 0 if user in world.administrators | world.solution_administrators else 101
