"""Graphs for tests, in a short notation."""

from __future__ import annotations

from dataclasses import dataclass, field
from xml.sax.saxutils import escape

LIST_TYPE = "system.NODE_LIST_TYPE.1"
LIST = "system.NODE_LIST.1"
PACKAGE = "system.PACKAGE_LISTING.1"
TYPE = "system.TYPE_TYPE.1"
MEMBER_TYPE = "system.MEMBER_TYPE_CLASS.1"
MEMBER_TYPE_LIST = "system.MEMBER_TYPE_LIST.1"


@dataclass(frozen=True)
class M:
    """A member: under a member type version, a target, a value, a scale, a comment."""

    member_type: str = LIST
    target: str | None = None
    value: str | None = None
    scale: float | None = None
    comment: str | None = None

    def xml(self) -> str:
        return _element(
            "Member",
            _text("nodeVersionReferenceMemberType", self.member_type),
            _text("nodeMemberValue", self.value),
            _text("nodeMemberScale", None if self.scale is None else repr(self.scale)),
            _text("nodeVersionReferenceTarget", self.target),
            _text("nodeMemberComment", self.comment),
        )


def links(*targets: str, member_type: str = LIST) -> tuple[M, ...]:
    """Members that have only a target."""
    return tuple(M(member_type, target) for target in targets)


def moves(*targets: str, member_type: str = LIST) -> str:
    """The short form of a row whose members move to these targets."""
    return ", ".join(f"change {member_type} -> {target}" for target in targets)


@dataclass(frozen=True)
class V:
    """A version: its members, its type, whether it is the draft."""

    members: tuple[M, ...] = ()
    type: str = LIST_TYPE
    draft: bool = False
    name: str | None = None
    comment: str | None = None

    def xml(self, number: int) -> str:
        return _element(
            "Version",
            _text("nodeVersionNumber", str(number)),
            _text("frozenIndicator", str(not self.draft).lower()),
            _text("nodeName", self.name),
            _text("nodeVersionComment", self.comment),
            _text("nodeVersionReferenceType", self.type),
            _element("MemberList", *(member.xml() for member in self.members)),
        )


@dataclass
class Graph:
    """Nodes by reference, each with its versions from `first` on."""

    nodes: dict[str, list[V]] = field(default_factory=dict)
    first: dict[str, int] = field(default_factory=dict)

    def node(self, reference: str, *versions: V, first: int = 1) -> Graph:
        self.nodes[reference] = list(versions)
        self.first[reference] = first
        return self

    def xml(self, action: str | None = None) -> str:
        """The NodeImport request."""
        return _element("NodeImport", _text("action", action), _element("NodeList", *map(self._node, self.nodes)))

    def _node(self, reference: str) -> str:
        numbered = enumerate(self.nodes[reference], self.first[reference])
        versions = (version.xml(number) for number, version in numbered)
        return _element("Node", _text("nodeReference", reference), _element("VersionList", *versions))


def draft(*members: M, type: str = LIST_TYPE, name: str | None = None) -> V:
    """The draft of a node."""
    return V(members, type, draft=True, name=name)


def frozen(*members: M, type: str = LIST_TYPE, name: str | None = None) -> V:
    """A frozen version."""
    return V(members, type, name=name)


def package(*members: M) -> V:
    """A frozen package."""
    return V(members, PACKAGE)


def member_type(*members: M, draft: bool = False, **rules: str) -> V:
    """A member type with rules such as USE_VALUE="false" or VALUE_PATTERN="[a-z]+"."""
    given = tuple(M(f"system.{rule}.1", value=value) for rule, value in rules.items())
    return V((*members, *given), MEMBER_TYPE, draft=draft)


def type_with(*member_types: str, draft: bool = False, type: str = TYPE) -> V:
    """A type that lists these member type versions."""
    return V(links(*member_types, member_type=MEMBER_TYPE_LIST), type, draft=draft)


def _text(name: str, text: str | None) -> str:
    return "" if text is None else f"<{name}>{escape(text)}</{name}>"


def _element(name: str, *content: str) -> str:
    return f"<{name}>{''.join(content)}</{name}>"


def out_of_date(count: int) -> Graph:
    """Package P with a chain of nodes P.N0, P.N1 ...: the last has a draft, and the `count` others are out of date."""
    graph = Graph().node("P", frozen()).node(f"P.N{count}", frozen(), draft())
    for number in range(count):
        graph.node(f"P.N{number}", frozen(*links(f"P.N{number + 1}.1")))
    return graph


def many_out_of_date(count: int) -> Graph:
    """Package P with P.N0, P.N1 ...: the last has a draft, and all others link to it; the first links to them all."""
    last = f"P.N{count}"
    graph = Graph().node("P", frozen()).node(last, frozen(), draft())
    for number in range(1, count):
        graph.node(f"P.N{number}", frozen(*links(f"{last}.1")))
    return graph.node("P.N0", frozen(*links(*(f"P.N{number}.1" for number in range(1, count + 1)))))
