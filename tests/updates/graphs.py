"""Random small stores and requests for hypothesis, and their NodeImport documents.

What is drawn first is the simple case (one frozen version, all rights), so that failures shrink well.
"""

from collections.abc import Iterator

from hypothesis import strategies as st

from tests.updates.oracle_model import (
    MANIFEST_ITEMS,
    MAXIMUM_CARDINALITY,
    MEMBER_TYPE_LIST,
    MINIMUM_CARDINALITY,
    TARGET_TYPE_LIST,
    USE_SCALE,
    USE_TARGET,
    USE_VALUE,
    VALUE_PATTERN,
    Link,
    Member,
    Node,
    Request,
    Scope,
    Store,
    Version,
)
from tests.updates.system_store import (
    MANIFEST_TYPE,
    MEMBER_TYPE_CLASS,
    PACKAGE_LISTING,
    RULES,
    SYSTEM_NODES,
    TYPE_TYPE,
    system_rights,
    system_store,
)

# The references try the code-point order, and P.sx is not content of P.s.
MANIFEST = "X.M"
PACKAGES = ("P", "P.s", "X")
TYPES = ("P.t", "X.t")
MEMBER_TYPES = ("P.m", "P.s.n", "X.m")
PLAIN = ("P.a", "P.B", "P.s.c", "P.sx", "X.y")
ALWAYS_THERE = ("P", "P.s", "P.t", "P.m", "P.a", "X", MANIFEST)

SHAPES = ((1, False), (2, False), (1, True), (2, True), (3, False), (0, True))
TYPE_SHAPES = ((1, False), (1, True), (2, True), (2, False), (0, True))
PACKAGE_SHAPES = ((1, False), (2, False), (1, True), (0, True))
REDUCED_RIGHTS: tuple[tuple[str, ...], ...] = (
    ("read", "link", "use-type", "use-draft"),
    ("read", "link", "use-draft"),
    ("read", "link", "use-type"),
    ("read", "use-type", "use-draft"),
    ("read", "use-draft"),
    ("link",),
    ("use-type",),
    ("read",),
    (),
)
NO_TYPE_RIGHTS = (("read", "use-draft"), ("read",))
RULE_VALUES: dict[str, tuple[str, ...]] = {
    MINIMUM_CARDINALITY: ("0", "1", "2"),
    MAXIMUM_CARDINALITY: ("0", "1", "2"),
    USE_VALUE: ("true", "false"),
    USE_SCALE: ("true", "false"),
    USE_TARGET: ("true", "false"),
    VALUE_PATTERN: ("[a-z]+", "[a-z]*[0-9]?", ".*"),
}
VALUES = (None, "a", "b7", "<&>")
SCALES = (None, 1.0, 2.5)
COMMENTS = (None, "kept > lost")

Shape = tuple[int, bool]


def mostly(draw: st.DrawFn) -> bool:
    return draw(st.integers(0, 7)) < 7


def seldom(draw: st.DrawFn) -> bool:
    return not mostly(draw)


class Skeleton:
    """The nodes and the numbers of their versions, which are known before any link is drawn."""

    def __init__(self, shapes: dict[str, Shape]) -> None:
        self.shapes = shapes

    def is_draft(self, link: Link) -> bool:
        return link[0] in self.shapes and link[1] > self.shapes[link[0]][0]

    def numbers(self, reference: str) -> range:
        frozen, draft = self.shapes[reference]
        return range(1, frozen + 1 + draft)

    def links(self, holder: Link, references: tuple[str, ...]) -> list[Link]:
        """The versions of these nodes that the holder may link to: a frozen one never to a draft."""
        there = [name for name in references if name in self.shapes]
        every = [(name, number) for name in there for number in self.numbers(name)]
        return [link for link in every if self.is_draft(holder) or not self.is_draft(link)]


def shapes_of(reference: str) -> tuple[Shape, ...]:
    if reference in PACKAGES:
        return PACKAGE_SHAPES
    return TYPE_SHAPES if reference in TYPES else SHAPES


@st.composite
def skeletons(draw: st.DrawFn) -> Skeleton:
    shapes: dict[str, Shape] = {}
    for reference in (*PACKAGES, *TYPES, *MEMBER_TYPES, *PLAIN, MANIFEST):
        if reference in ALWAYS_THERE or draw(st.integers(0, 3)) > 0:
            shapes[reference] = draw(st.sampled_from(shapes_of(reference)))
    return Skeleton(shapes)


def some(draw: st.DrawFn, links: list[Link], most: int) -> list[Link]:
    return draw(st.lists(st.sampled_from(links), max_size=most)) if links else []


def numbered(members: list[Member]) -> list[Member]:
    """Sequences from 1 under each member type version, in the order given."""
    result: list[Member] = []
    for member in members:
        before = [one for one in result if one.member_type == member.member_type]
        result.append(
            Member(
                member.member_type,
                len(before) + 1,
                member.value,
                member.scale,
                member.target,
                member.comment,
            )
        )
    return result


def rule_members(draw: st.DrawFn, bones: Skeleton, holder: Link) -> list[Member]:
    members = []
    for rule in draw(st.lists(st.sampled_from(RULES), max_size=2, unique=True)):
        if rule == TARGET_TYPE_LIST:
            found = some(draw, bones.links(holder, TYPES), 2)
            members += [Member((rule, 1), 0, target=link) for link in found]
        else:
            members.append(Member((rule, 1), 0, value=draw(st.sampled_from(RULE_VALUES[rule]))))
    return members


def one_each(links: list[Link]) -> list[Link]:
    """The first link to each node."""
    return [link for index, link in enumerate(links) if link[0] not in {name for name, _ in links[:index]}]


def listing(draw: st.DrawFn, bones: Skeleton, holder: Link, previous: list[Link]) -> list[Link]:
    """Member types of a type version: often those of the version before it, moved or with one dropped."""
    links = bones.links(holder, MEMBER_TYPES)
    step = draw(st.sampled_from(("same", "moved", "dropped", "fresh"))) if previous else "fresh"
    if step == "same":
        return previous
    if step == "moved":
        return [draw(st.sampled_from([link for link in links if link[0] == old[0]])) for old in previous]
    if step == "dropped":
        return previous[:-1]
    if not links:
        return []
    fresh = draw(st.lists(st.sampled_from(links), min_size=1, max_size=3, unique=True))
    return fresh if seldom(draw) else one_each(fresh)


def choose_type(draw: st.DrawFn, bones: Skeleton, holder: Link, previous: Link | None) -> Link:
    links = bones.links(holder, TYPES)
    if previous is not None and mostly(draw):
        links = [link for link in links if link[0] == previous[0]] or links
    drafts = [link for link in links if bones.is_draft(link)]
    if draw(st.booleans()) and drafts:
        links = drafts
    return draw(st.sampled_from(links)) if links else (PACKAGE_LISTING, 1)


def choose_target(draw: st.DrawFn, bones: Skeleton, holder: Link) -> Link | None:
    if seldom(draw):
        return None
    links = bones.links(holder, PLAIN)
    if not links or seldom(draw):
        links = bones.links(holder, tuple(bones.shapes))
    return draw(st.sampled_from(links)) if links else None


def plain_members(draw: st.DrawFn, bones: Skeleton, holder: Link, listed: list[Link]) -> list[Member]:
    members = []
    anything = bones.links(holder, MEMBER_TYPES)
    for _ in range(draw(st.sampled_from((1, 2, 0, 3)))):
        member_types = listed if listed and mostly(draw) else anything
        if not member_types:
            break
        members.append(
            Member(
                draw(st.sampled_from(member_types)),
                0,
                draw(st.sampled_from(VALUES)),
                draw(st.sampled_from(SCALES)),
                choose_target(draw, bones, holder),
                draw(st.sampled_from(COMMENTS)),
            )
        )
    return members


class Builder:
    """Puts versions on a skeleton. Types come first, since data follows their member type lists."""

    def __init__(self, draw: st.DrawFn, bones: Skeleton) -> None:
        self.draw = draw
        self.bones = bones
        self.nodes = system_store()

    def add(self, holder: Link, version_type: Link, members: list[Member]) -> None:
        reference, number = holder
        node = self.nodes.setdefault(reference, Node(reference, self.bones.shapes[reference][0], {}))
        node.versions[number] = Version(version_type, numbered(members), f"<{reference}> & {number}")

    def holders(self, references: tuple[str, ...]) -> Iterator[Link]:
        for reference in references:
            if reference in self.bones.shapes:
                yield from ((reference, number) for number in self.bones.numbers(reference))

    def add_packages(self) -> None:
        for holder in self.holders(PACKAGES):
            self.add(holder, (PACKAGE_LISTING, 1), [])

    def add_member_types(self) -> None:
        for holder in self.holders(MEMBER_TYPES):
            self.add(holder, (MEMBER_TYPE_CLASS, 1), rule_members(self.draw, self.bones, holder))

    def add_types(self) -> None:
        for holder in self.holders(TYPES):
            previous = self.listed((holder[0], holder[1] - 1))
            links = listing(self.draw, self.bones, holder, previous)
            members = [Member((MEMBER_TYPE_LIST, 1), 0, target=link) for link in links]
            self.add(holder, (TYPE_TYPE, 1), members)

    def add_plain(self) -> None:
        for holder in self.holders(PLAIN):
            reference, number = holder
            previous = self.nodes[reference].versions[number - 1].type if number > 1 else None
            version_type = choose_type(self.draw, self.bones, holder, previous)
            members = plain_members(self.draw, self.bones, holder, self.listed(version_type))
            self.add(holder, version_type, members)

    def add_manifest(self) -> None:
        for holder in self.holders((MANIFEST,)):
            links = some(self.draw, self.bones.links(holder, tuple(self.bones.shapes)), 4)
            members = [Member((MANIFEST_ITEMS, 1), 0, target=link) for link in links]
            self.add(holder, (MANIFEST_TYPE, 1), members)

    def listed(self, version_type: Link) -> list[Link]:
        node = self.nodes.get(version_type[0])
        if node is None or version_type[1] not in node.versions:
            return []
        return [
            member.target
            for member in node.versions[version_type[1]].members
            if member.member_type == (MEMBER_TYPE_LIST, 1) and member.target is not None
        ]


@st.composite
def rights_of_caller(draw: st.DrawFn, references: tuple[str, ...]) -> dict[str, set[str]]:
    rights = system_rights()
    restricted = draw(st.booleans())
    for reference in references:
        reduced = restricted and draw(st.integers(0, 3)) == 3
        choice = NO_TYPE_RIGHTS if reference in TYPES and mostly(draw) else REDUCED_RIGHTS
        rights[reference] = set(draw(st.sampled_from(choice))) if reduced else {"administer"}
    return rights


@st.composite
def stores(draw: st.DrawFn) -> Store:
    bones = draw(skeletons())
    builder = Builder(draw, bones)
    builder.add_packages()
    builder.add_member_types()
    builder.add_types()
    builder.add_plain()
    builder.add_manifest()
    return Store(builder.nodes, draw(rights_of_caller(tuple(bones.shapes))))


@st.composite
def requests(draw: st.DrawFn, store: Store) -> Request:
    own = [reference for reference in store.nodes if reference not in SYSTEM_NODES]
    scopes: tuple[Scope, ...] = ("node", "latest", "current", "manifest")
    scope = draw(st.sampled_from(scopes))
    source: str | None = None
    manifest: Link | None = None
    if scope in {"latest", "current"}:
        source = draw(st.sampled_from((None, "P", "X", "P.s", "P.a")))
    if scope == "manifest":
        manifest = (MANIFEST, draw(st.sampled_from(sorted(store.nodes[MANIFEST].versions))))
    return Request(
        context="P" if mostly(draw) else draw(st.sampled_from(own)),
        content=mostly(draw),
        always=seldom(draw),
        scope=scope,
        source=source,
        manifest=manifest,
    )


def admit(store: Store, request: Request) -> None:
    """Give the rights without which the request would be refused as a whole."""
    store.rights[request.context].add("read")
    if request.source is not None:
        store.rights[request.source].add("read")
    if request.manifest is not None:
        reference, number = request.manifest
        store.rights[reference].add("read")
        if number > store.nodes[reference].frozen:
            store.rights[reference].add("use-draft")


@st.composite
def cases(draw: st.DrawFn) -> tuple[Store, Request]:
    """A store and a request that it admits."""
    store = draw(stores())
    request = draw(requests(store))
    admit(store, request)
    return store, request
