"""Checks whether the data of a version fits a new type: moves of member types, lost data, broken rules.

Pure functions on members. The rules of a member type are members of its version.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass

from app import system_nodes
from app.nodes.members import CheckedMember, LongValue, ReadLongValues
from app.nodes.patterns import PatternCheck, PatternError
from app.references import VersionKey
from app.text import is_whole_number


@dataclass(frozen=True)
class RuleFault:
    """A rule that is broken, in words that follow the member type: by a member, in its `value`, `scale` or `target`, or
    by how many members there are."""

    member: CheckedMember | None
    text: str
    part: str = ""


@dataclass(frozen=True)
class Rules:
    """The rules of one version of a member type. A missing flag permits the use; a maximum of 0 means no limit."""

    use_value: bool = True
    use_scale: bool = True
    use_target: bool = True
    minimum: int = 0
    maximum: int = 0
    pattern: str | None = None
    target_types: frozenset[int] = frozenset()

    @classmethod
    def of(cls, content: Iterable[CheckedMember], read_long: ReadLongValues | None = None) -> Rules:
        """Read the rules from the members of a member type version. `read_long` reads a long pattern."""
        values: dict[int, str | LongValue] = {}
        target_types = set()
        for member in content:
            rule = member.member_type[0]
            if rule == system_nodes.TARGET_TYPE_LIST:
                if member.target is not None:
                    target_types.add(member.target[0])
            elif member.value is not None:
                values.setdefault(rule, member.value)
        pattern = values.get(system_nodes.VALUE_PATTERN)
        if isinstance(pattern, LongValue):
            pattern = _text(pattern, read_long)
        return cls(
            use_value=values.get(system_nodes.USE_VALUE) != "false",
            use_scale=values.get(system_nodes.USE_SCALE) != "false",
            use_target=values.get(system_nodes.USE_TARGET) != "false",
            minimum=_count(values.get(system_nodes.MINIMUM_CARDINALITY)),
            maximum=_count(values.get(system_nodes.MAXIMUM_CARDINALITY)),
            pattern=pattern,
            target_types=frozenset(target_types),
        )

    def broken_by(
        self, members: list[CheckedMember], type_node: Callable[[VersionKey], int | None], patterns: PatternCheck
    ) -> str | None:
        """Return a description of the first rule that these members of one member type break, or None.

        A pattern that cannot be checked counts as broken.
        """
        first = next(self.faults(members, type_node, patterns), None)
        return None if first is None else first.text

    def faults(
        self, members: list[CheckedMember], type_node: Callable[[VersionKey], int | None], patterns: PatternCheck
    ) -> Iterator[RuleFault]:
        """Yield all rules that these members of one member type break."""
        if len(members) < self.minimum:
            yield RuleFault(None, f"needs at least {self.minimum} and there are {len(members)}")
        if 0 < self.maximum < len(members):
            yield RuleFault(None, f"allows at most {self.maximum} and there are {len(members)}")
        for member in members:
            yield from self._faults_of_one(member, type_node, patterns)

    def _faults_of_one(
        self, member: CheckedMember, type_node: Callable[[VersionKey], int | None], patterns: PatternCheck
    ) -> Iterator[RuleFault]:
        if member.value is not None:
            if not self.use_value:
                yield RuleFault(member, "allows no value", "value")
            elif self.pattern is not None:
                try:
                    if not patterns.matches(self.pattern, member.value):
                        yield RuleFault(member, f"does not allow the value {_short(member.value)}", "value")
                except PatternError as error:
                    yield RuleFault(member, f"has a pattern that {error}", "value")
        if member.scale is not None and not self.use_scale:
            yield RuleFault(member, "allows no scale", "scale")
        if member.target is not None:
            if not self.use_target:
                yield RuleFault(member, "allows no target", "target")
            elif self.target_types and type_node(member.target) not in self.target_types:
                yield RuleFault(member, "does not allow a target of this type", "target")


@dataclass(frozen=True)
class Fit:
    """The members under a new member type list.

    `kept` are the members with their new member types, `removed` those without one. `broken` gives a description for
    each member type version whose rules are broken.
    """

    kept: list[CheckedMember]
    removed: list[CheckedMember]
    moved: bool
    broken: list[tuple[VersionKey, str]]


def fit(
    members: list[CheckedMember],
    old_list: list[VersionKey],
    new_list: list[VersionKey],
    rules_of: Callable[[VersionKey], Rules],
    type_node: Callable[[VersionKey], int | None],
    patterns: PatternCheck,
    read_long: ReadLongValues | None = None,
) -> Fit:
    """Move members to the member types of a new list.

    A member keeps its member type version if that version is listed. Otherwise it moves to the highest listed version
    of the same member type, or is removed if there is none. Only the rules of member type versions that are not in the
    old list are checked, so that data is not refused for a rule that it already broke before.

    `read_long` reads the long values that must match a pattern.
    """
    listed = frozenset(new_list)
    highest = dict(sorted(new_list))
    kept, removed, moved = [], [], False
    for member in members:
        if member.member_type in listed:
            kept.append(member)
        elif member.member_type[0] in highest:
            node = member.member_type[0]
            kept.append(member._replace(member_type=(node, highest[node])))
            moved = True
        else:
            removed.append(member)
    under = defaultdict(list)
    for member in kept:
        under[member.member_type].append(member)
    broken = []
    rules = {of: rules_of(of) for of in dict.fromkeys(new_list) if of not in old_list}
    if read_long is not None:
        _match_long_values({of: (rules[of], under[of]) for of in rules}, patterns, read_long)
    for member_type, rule in rules.items():
        fault = rule.broken_by(under[member_type], type_node, patterns)
        if fault is not None:
            broken.append((member_type, fault))
    return Fit(kept, removed, moved, broken)


def _match_long_values(
    data: Mapping[VersionKey, tuple[Rules, list[CheckedMember]]], patterns: PatternCheck, read_long: ReadLongValues
) -> None:
    """Match the long values of a version that are not known yet, up to the first fault of each member type."""
    patterns.begin_version()
    wanted: dict[int, tuple[str, VersionKey, LongValue]] = {}
    for member_type, (rules, members) in data.items():
        if rules.pattern is None or not rules.use_value:
            continue
        for member in members:
            value = member.value
            if isinstance(value, LongValue):
                found = patterns.long_match(rules.pattern, value)
                if found is None:
                    wanted[value.place] = rules.pattern, member_type, value
                elif not found:
                    break
    if not wanted:
        return
    matching = {member_type for _, member_type, _ in wanted.values()}
    [version] = {value.version for _, _, value in wanted.values()}
    with closing(read_long(version, list(wanted))) as texts:
        for place, text in texts:
            pattern, member_type, value = wanted[place]
            if member_type in matching and not patterns.match_long(pattern, value, text):
                matching.discard(member_type)
                if not matching:
                    break


def _text(value: LongValue, read_long: ReadLongValues | None) -> str:
    if read_long is None:
        raise TypeError("a long pattern cannot be read")
    [(_, text)] = read_long(value.version, [value.place])
    return text


def _count(value: str | LongValue | None) -> int:
    return int(value) if isinstance(value, str) and is_whole_number(value) and len(value) < 10 else 0


def _short(value: str | LongValue) -> str:
    text = value.beginning if isinstance(value, LongValue) else value
    return repr(text if len(text) <= 40 else text[:40] + "...")
