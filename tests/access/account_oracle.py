"""The oracle for rights and the audit: what users may read of both, and the sources of the rights in a response."""

from __future__ import annotations

from lxml import etree

from tests.access.oracle import GIVES, Grant, World, context


def about_rights(world: World, user: str | None, about: str | None, reference: str) -> int:
    """The error number of GetEffectivePermissions. Users may ask about themselves, administrators about everybody."""
    if user is None or (user != about and user not in world.administrators):
        return 101
    number = context(world, user, reference)
    return number or (0 if about in {user, *world.groups} else 105)


def effective(world: World, user: str | None, reference: str) -> dict[str, set[Grant | str]]:
    """The permissions that a user has on a node, each with the grants, the ownership or the right that gives it."""
    found: dict[str, set[Grant | str]] = {}
    for right in world.rights(user, reference):
        sources: set[Grant | str] = set()
        if world.nodes[reference].owner == user:
            sources.add("ownership")
        if user in world.administrators:
            sources.add("administer-all")
        for grant in world.grants:
            family, _, given = grant.kind.partition("-")
            reaches = reference == grant.on or (family == "package" and reference.startswith(f"{grant.on}."))
            if grant.group in world.held_by(user) and reaches and right in GIVES[given]:
                sources.add(grant)
        found["package-use" if right == "use" else f"node-{right}"] = sources
    return found


def about_audit(world: World, user: str | None, about: str | None) -> int:
    """The error number of GetAuditList. Users may read the rows about themselves, administrators all rows."""
    return 0 if user in world.administrators or (user is not None and about in {None, user}) else 101


def listed(tree: etree._Element) -> dict[str, set[Grant | str]]:
    """The permissions in a response, each with its sources. None is listed twice."""
    found: dict[str, set[Grant | str]] = {}
    for each in tree.iter("EffectivePermission"):
        sources = [_source(source) for source in each.iter("Source")]
        name = each.findtext("permissionTypeReference") or ""
        assert name not in found
        assert len(sources) == len(set(sources))
        found[name] = set(sources)
    return found


def _source(source: etree._Element) -> Grant | str:
    """A grant, or the word for another source."""
    kind = source.findtext("permissionTypeReference") or source.findtext("sourceKind") or ""
    if "-" not in kind or kind == "administer-all":
        return kind
    return Grant(kind, source.findtext("userGroupReference") or "", source.findtext("objectReference") or "")
