"""The oracle: where the links of a version have to lead, given the nodes that get new versions."""

from dataclasses import dataclass, replace

from tests.updates.oracle_model import MANIFEST_ITEMS, MEMBER_TYPE_LIST, Link, Member, Request, Store, Version


@dataclass(frozen=True)
class Guess:
    """The world, given that exactly these nodes get updated."""

    store: Store
    request: Request
    updated: frozenset[str]


@dataclass(frozen=True)
class Plan:
    guess: Guess
    blocked: dict[str, frozenset[str]]


# What the caller sees


def may(store: Store, reference: str, right: str) -> bool:
    held = store.rights.get(reference, set())
    if "administer" in held:
        return True
    if right == "read":
        return len(held) > 0
    if right == "use-type":
        return "use-type" in held or "link" in held
    return right in held


def within(reference: str, package: str) -> bool:
    return reference == package or reference.startswith(package + ".")


def in_scope(request: Request, reference: str) -> bool:
    return within(reference, request.context) if request.content else reference == request.context


def examined(store: Store, reference: str) -> int | None:
    """The draft if there is one and the user may use it, else the highest frozen version, else none."""
    node = store.nodes[reference]
    for number in node.versions:
        if number > node.frozen and may(store, reference, "use-draft"):
            return number
    return node.frozen if node.frozen > 0 else None


def examined_link(store: Store, reference: str) -> Link:
    number = examined(store, reference)
    assert number is not None, "a node without an examined version is passed over"
    return (reference, number)


def is_draft(store: Store, link: Link) -> bool:
    return link[1] > store.nodes[link[0]].frozen


def stored(store: Store, link: Link) -> Version:
    return store.nodes[link[0]].versions[link[1]]


# Sources and needs


def latest_after(guess: Guess, reference: str) -> int | None:
    """The latest version that a node will have when the run is done."""
    number = examined(guess.store, reference)
    if number is None:
        return None
    if reference in guess.updated and not is_draft(guess.store, (reference, number)):
        return number + 1
    return number


def listed_in_manifest(guess: Guess, reference: str) -> int | None:
    assert guess.request.manifest is not None
    numbers = []
    for member in stored(guess.store, guess.request.manifest).members:
        if member.member_type[0] != MANIFEST_ITEMS or member.target is None or member.target[0] != reference:
            continue
        if is_draft(guess.store, member.target) and not may(guess.store, reference, "use-draft"):
            continue
        numbers.append(member.target[1])
    return max(numbers) if numbers else None


def source(guess: Guess, reference: str) -> int | None:
    """The version to which links to this node should move."""
    request = guess.request
    if not may(guess.store, reference, "read"):
        return None
    if request.scope == "manifest":
        return listed_in_manifest(guess, reference)
    if request.scope == "node":
        return latest_after(guess, reference) if in_scope(request, reference) else None
    if request.source is not None and not within(reference, request.source):
        return None
    if request.scope == "latest":
        return latest_after(guess, reference)
    frozen = guess.store.nodes[reference].frozen
    return frozen if frozen > 0 else None


def moved(guess: Guess, link: Link) -> Link:
    """The version to which a link leads if its holder is updated. Links only move to later versions."""
    number = source(guess, link[0])
    return (link[0], number) if number is not None and number > link[1] else link


def is_stale(guess: Guess, link: Link | None) -> bool:
    return link is not None and moved(guess, link) != link


def has_need(guess: Guess, reference: str) -> bool:
    number = examined(guess.store, reference)
    if number is None:
        return False
    if guess.request.always and not is_draft(guess.store, (reference, number)):
        return True
    version = stored(guess.store, (reference, number))
    return is_stale(guess, version.type) or any(is_stale(guess, member.target) for member in version.members)


# What versions will hold


def by_sequence(version: Version, member_type: str) -> list[Member]:
    found = [member for member in version.members if member.member_type[0] == member_type]
    return sorted(found, key=lambda member: member.sequence)


def targets(version: Version, member_type: str) -> list[Link]:
    return [member.target for member in by_sequence(version, member_type) if member.target is not None]


def list_before(guess: Guess, type_link: Link) -> list[Link]:
    return targets(stored(guess.store, type_link), MEMBER_TYPE_LIST)


def list_after(guess: Guess, type_link: Link) -> list[Link]:
    return targets(after(guess, type_link), MEMBER_TYPE_LIST)


def is_listed(member: Member, listing: list[Link]) -> bool:
    return any(reference == member.member_type[0] for reference, _ in listing)


def place(member: Member, listing: list[Link]) -> Link:
    """The member type version of a member under a list: its own if the list has it, else the highest one."""
    if member.member_type in listing or not is_listed(member, listing):
        return member.member_type
    return max(link for link in listing if link[0] == member.member_type[0])


def placed(members: list[Member], listing: list[Link]) -> list[Member]:
    """Members under the member types of a list; renumbered in their old order where two would clash."""
    result = []
    for member in members:
        to = place(member, listing)
        fellows = sorted((fellow.member_type, fellow.sequence) for fellow in members if place(fellow, listing) == to)
        clash = len({sequence for _, sequence in fellows}) < len(fellows)
        number = fellows.index((member.member_type, member.sequence)) + 1 if clash else member.sequence
        result.append(replace(member, member_type=to, sequence=number))
    return result


def list_changes_in_place(guess: Guess, type_link: Link) -> bool:
    """Whether this is the draft of a type that the run changes in place to another member type list."""
    reference, number = type_link
    return (
        reference in guess.updated
        and examined(guess.store, reference) == number
        and is_draft(guess.store, type_link)
        and list_before(guess, type_link) != list_after(guess, type_link)
    )


def moved_with_draft_type(guess: Guess, type_link: Link, members: list[Member]) -> list[Member]:
    if list_changes_in_place(guess, type_link):
        return placed(members, list_after(guess, type_link))
    return members


def relinked(guess: Guess, member: Member, keep_comment: bool) -> Member:
    target = moved(guess, member.target) if member.target is not None else None
    return replace(member, target=target, comment=member.comment if keep_comment else None)


def updated_version(guess: Guess, reference: str) -> Version:
    """What the update makes of the examined version, in a new version or in place."""
    link = examined_link(guess.store, reference)
    old = stored(guess.store, link)
    new_type = moved(guess, old.type)
    members = [relinked(guess, member, is_draft(guess.store, link)) for member in old.members]
    if new_type == old.type:
        return Version(new_type, moved_with_draft_type(guess, old.type, members), old.name)
    listing = list_after(guess, new_type)
    kept = [member for member in members if is_listed(member, listing)]
    return Version(new_type, placed(kept, listing), old.name)


def after(guess: Guess, link: Link) -> Version:
    """What a version will hold when the run is done."""
    if link[0] in guess.updated and link[1] == latest_after(guess, link[0]):
        return updated_version(guess, link[0])
    return untouched(guess, link)


def untouched(guess: Guess, link: Link) -> Version:
    """What a version that is not updated itself will hold: its members may move with their draft type."""
    old = stored(guess.store, link)
    return Version(old.type, moved_with_draft_type(guess, old.type, old.members), old.name)


def draft_after(guess: Guess, link: Link) -> Version:
    """What a draft will hold, also one that the user may not use and that therefore is not examined."""
    if link[0] in guess.updated and examined(guess.store, link[0]) == link[1]:
        return updated_version(guess, link[0])
    return untouched(guess, link)
