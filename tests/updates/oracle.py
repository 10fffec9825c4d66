"""The oracle for UpdateNodeVersions: a simple and slow implementation, which scans until nothing changes.

Every function mirrors one sentence of the specification, so that it can be checked by reading.
"""

import copy
import re
from dataclasses import replace

from tests.updates.oracle_links import (
    Guess,
    Plan,
    after,
    by_sequence,
    draft_after,
    examined,
    examined_link,
    has_need,
    in_scope,
    is_draft,
    is_listed,
    is_stale,
    latest_after,
    list_after,
    list_before,
    list_changes_in_place,
    may,
    moved,
    place,
    stored,
    targets,
    updated_version,
)
from tests.updates.oracle_model import (
    MAXIMUM_CARDINALITY,
    MINIMUM_CARDINALITY,
    TARGET_TYPE_LIST,
    USE_SCALE,
    USE_TARGET,
    USE_VALUE,
    VALUE_PATTERN,
    Link,
    Member,
    MemberRow,
    Request,
    Result,
    Row,
    Store,
    UpdateType,
    Version,
)

PREDICTED_ERRORS = frozenset({"rules", "draft-type"})


# What stands in the way


def removed_members(guess: Guess, reference: str) -> list[Member]:
    """Data that a new version does not have, because the new type lacks its member type."""
    link = examined_link(guess.store, reference)
    return [] if is_draft(guess.store, link) else unlisted_members(guess, reference)


def unlisted_members(guess: Guess, reference: str) -> list[Member]:
    old = stored(guess.store, examined_link(guess.store, reference))
    if not is_stale(guess, old.type):
        return []
    listing = list_after(guess, moved(guess, old.type))
    return [member for member in old.members if not is_listed(member, listing)]


def changed_members(guess: Guess, reference: str) -> list[Member]:
    old = stored(guess.store, examined_link(guess.store, reference))
    gone = removed_members(guess, reference)
    return [member for member in old.members if member not in gone and is_stale(guess, member.target)]


def blocked_reasons(guess: Guess, reference: str) -> frozenset[str]:
    store = guess.store
    link = examined_link(store, reference)
    old = stored(store, link)
    reasons = set()
    if not may(store, reference, "administer"):
        reasons.add("administer")
    if is_stale(guess, old.type) and not may(store, old.type[0], "use-type"):
        reasons.add("use-type")
    for member in changed_members(guess, reference):
        if member.target is not None and not may(store, member.target[0], "link"):
            reasons.add("link")
    if is_draft(store, link) and unlisted_members(guess, reference):
        reasons.add("type")
    return frozenset(reasons)


def rule(rules: Version, name: str) -> str | None:
    for member in by_sequence(rules, name):
        return member.value
    return None


def keeps_cardinality(rules: Version, count: int) -> bool:
    minimum = int(rule(rules, MINIMUM_CARDINALITY) or 0)
    maximum = int(rule(rules, MAXIMUM_CARDINALITY) or 0)
    return count >= minimum and (maximum == 0 or count <= maximum)


def keeps_use(rules: Version, member: Member) -> bool:
    if rule(rules, USE_VALUE) == "false" and member.value is not None:
        return False
    if rule(rules, USE_SCALE) == "false" and member.scale is not None:
        return False
    return not (rule(rules, USE_TARGET) == "false" and member.target is not None)


def keeps_pattern(rules: Version, member: Member) -> bool:
    pattern = rule(rules, VALUE_PATTERN)
    return pattern is None or member.value is None or re.fullmatch(pattern, member.value) is not None


def keeps_target_types(guess: Guess, rules: Version, member: Member) -> bool:
    allowed = [reference for reference, _ in targets(rules, TARGET_TYPE_LIST)]
    return not allowed or member.target is None or after(guess, member.target).type[0] in allowed


def keeps_rules(guess: Guess, member_type: Link, members: list[Member]) -> bool:
    rules = after(guess, member_type)
    mine = [member for member in members if member.member_type == member_type]
    return keeps_cardinality(rules, len(mine)) and all(
        keeps_use(rules, member) and keeps_pattern(rules, member) and keeps_target_types(guess, rules, member)
        for member in mine
    )


def keeps_new_rules(guess: Guess, members: list[Member], before: list[Link], now: list[Link]) -> bool:
    """Only the rules of member type versions that are new in the list are checked."""
    return all(keeps_rules(guess, link, members) for link in now if link not in before)


def breaks_rules(guess: Guess, reference: str) -> bool:
    old = stored(guess.store, examined_link(guess.store, reference))
    if not is_stale(guess, old.type):
        return False
    new = updated_version(guess, reference)
    return not keeps_new_rules(guess, new.members, list_before(guess, old.type), list_after(guess, new.type))


def draft_users(store: Store, type_link: Link) -> list[Link]:
    return [
        (node.reference, number)
        for node in store.nodes.values()
        for number, version in node.versions.items()
        if number > node.frozen and version.type == type_link
    ]


def fails_draft_user(guess: Guess, user: Link, before: list[Link], now: list[Link]) -> bool:
    members = stored(guess.store, user).members
    loses = any(is_listed(member, before) and not is_listed(member, now) for member in members)
    moves = any(place(member, now) != member.member_type for member in members)
    ours = in_scope(guess.request, user[0]) and may(guess.store, user[0], "administer")
    keeps = keeps_new_rules(guess, draft_after(guess, user).members, before, now)
    return loses or (moves and not ours) or not keeps


def fails_draft_type(guess: Guess, reference: str) -> bool:
    link = examined_link(guess.store, reference)
    if not list_changes_in_place(guess, link):
        return False
    before, now = list_before(guess, link), list_after(guess, link)
    return any(fails_draft_user(guess, user, before, now) for user in draft_users(guess.store, link))


def obstacles(guess: Guess, reference: str) -> frozenset[str]:
    """Why a node of the guess cannot be updated. Predicted errors count only if there is no other reason."""
    reasons = blocked_reasons(guess, reference)
    if reasons:
        return reasons
    errors = set()
    if breaks_rules(guess, reference):
        errors.add("rules")
    if fails_draft_type(guess, reference):
        errors.add("draft-type")
    return frozenset(errors)


# The fixpoint


def closure(store: Store, request: Request, blocked: dict[str, frozenset[str]]) -> Guess:
    """The least set of updated nodes, with the blocked ones left out."""
    guess = Guess(store, request, frozenset())
    while True:
        more = {
            reference
            for reference in store.nodes
            if in_scope(request, reference)
            and reference not in blocked
            and reference not in guess.updated
            and has_need(guess, reference)
        }
        if not more:
            return guess
        guess = replace(guess, updated=guess.updated | more)


def make_plan(store: Store, request: Request) -> Plan:
    """Block the nodes that cannot be updated, and repeat this until nothing changes. A blocked node stays blocked.

    Nodes that the caller does not administer are blocked from the start: that depends on nothing else.
    """
    blocked = {
        reference: frozenset({"administer"})
        for reference in store.nodes
        if in_scope(request, reference) and not may(store, reference, "administer")
    }
    while True:
        guess = closure(store, request, blocked)
        reasons = {reference: obstacles(guess, reference) for reference in guess.updated}
        impossible = {reference: why for reference, why in reasons.items() if why}
        if not impossible:
            return Plan(guess, blocked)
        blocked = blocked | impossible


# Rows


def member_order(guess: Guess, reference: str, member: Member) -> tuple[int, str, int, int]:
    """The order: the place in the member type list of the old type, with unlisted ones last, and then the sequence."""
    old = stored(guess.store, examined_link(guess.store, reference))
    listing = list_before(guess, old.type)
    if member.member_type in listing:
        return (listing.index(member.member_type), "", 0, member.sequence)
    return (len(listing), *member.member_type, member.sequence)


def member_rows(guess: Guess, reference: str) -> tuple[MemberRow, ...]:
    gone = removed_members(guess, reference)
    changed = changed_members(guess, reference)
    rows: list[MemberRow] = []
    for member in sorted(gone + changed, key=lambda each: member_order(guess, reference, each)):
        if member in gone:
            row = MemberRow(member.member_type, "remove", None)
            if row not in rows:
                rows.append(row)
        elif member.target is not None:
            rows.append(MemberRow(member.member_type, "change", moved(guess, member.target)))
    return tuple(rows)


def update_row(guess: Guess, reference: str, forced: bool) -> Row:
    link = examined_link(guess.store, reference)
    old = stored(guess.store, link)
    new_type = moved(guess, old.type) if is_stale(guess, old.type) else None
    members = member_rows(guess, reference)
    if is_draft(guess.store, link):
        return Row(reference, link[1], "change", new_type, members)
    return Row(reference, link[1] + 1 if forced else link[1], "version", new_type, members)


def refusal_row(plan: Plan, reference: str, forced: bool) -> Row:
    reasons = plan.blocked[reference]
    update_type: UpdateType = "error" if forced and reasons <= PREDICTED_ERRORS else "warning"
    number = examined_link(plan.guess.store, reference)[1]
    return Row(reference, number, update_type, reasons=reasons)


def refused(plan: Plan) -> list[str]:
    """The blocked nodes that still have a need at the end."""
    return [reference for reference in plan.blocked if has_need(plan.guess, reference)]


def result(plan: Plan, forced: bool) -> Result:
    store = plan.guess.store
    visible = [reference for reference in refused(plan) if may(store, reference, "read")]
    rows = [update_row(plan.guess, reference, forced) for reference in plan.guess.updated]
    rows += [refusal_row(plan, reference, forced) for reference in visible]
    rows.sort(key=lambda row: row.reference)
    return Result(tuple(rows), len(refused(plan)) - len(visible))


# The three questions


def impact(store: Store, request: Request) -> Result:
    return result(make_plan(store, request), forced=False)


def force(store: Store, request: Request) -> tuple[Store, Result]:
    """A new store in which every version is what it will be when the run is done, and the list of updates."""
    plan = make_plan(store, request)
    done = copy.deepcopy(store)
    for reference, node in done.nodes.items():
        numbers = set(node.versions)
        if reference in plan.guess.updated:
            number = latest_after(plan.guess, reference)
            assert number is not None
            numbers.add(number)
        node.versions = {number: after(plan.guess, (reference, number)) for number in sorted(numbers)}
    return copy.deepcopy(done), result(plan, forced=True)


def stale_links(store: Store, request: Request) -> list[tuple[Link, Link, Link]]:
    """Links in scope that have a later source before the update: (holder, link, source).

    Links of nodes for which the run can only warn are left out.
    """
    plan = make_plan(store, request)
    now = Guess(store, request, frozenset())
    found = []
    for reference in sorted(store.nodes):
        if not in_scope(request, reference) or examined(store, reference) is None:
            continue
        if reference in refused(plan):
            continue
        holder = examined_link(store, reference)
        version = stored(store, holder)
        for link in [version.type, *(member.target for member in version.members)]:
            if link is not None and is_stale(now, link):
                found.append((holder, link, moved(now, link)))
    return found
