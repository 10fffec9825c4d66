"""Calls of every service, and what the oracle allows them to return."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from app.services.registry import SERVICES
from tests.access import account_oracle, oracle
from tests.access.oracle import Grant, World
from tests.support import edits
from tests.support.builders import LIST, LIST_TYPE, Graph, V, links
from tests.support.edits import given as given_member
from tests.support.edits import members
from tests.support.http import PASSWORD, Client, Reply, message
from tests.support.solution_store import element


@dataclass(frozen=True)
class Call:
    """The random parameters of a call. Each service uses those that it needs."""

    service: str
    user: str | None
    node: str
    other: str
    group: str
    right: str
    flag: bool


@dataclass
class Session:
    """A world in a database, as it is after the calls so far."""

    client: Client
    world: World
    grants: dict[Grant, int]
    over: bool = field(default=False)
    """Whether a call has changed links. The oracle does not follow such changes."""

    def post(self, call: Call, service: str, **elements: str) -> Reply:
        return self.client.as_user(call.user).post(message(service, elements))


Responded = tuple[Reply, set[int]]
Asked = Callable[[Session, Call], Responded]


def get_node(session: Session, call: Call) -> Responded:
    reply = session.post(call, "GetNode", nodeVersionReference=call.node)
    number = oracle.get_node(session.world, call.user, call.node)
    if number == 0:
        shown = [each.findtext("nodeVersionReferenceTarget") for each in reply.tree.iterfind("MemberList/Member")]
        assert shown == oracle.shown_targets(session.world, call.user, call.node)
        has_type = reply.text("nodeVersionReferenceType") is not None
        assert has_type == oracle.may_read_type(session.world, call.user, call.node)
    return reply, {number}


def list_nodes(session: Session, call: Call) -> Responded:
    depth = 0 if call.flag else 1
    reply = session.post(call, "ListNodes", nodeReference=call.node, depth=str(depth))
    number = oracle.context(session.world, call.user, call.node)
    if number == 0:
        listed = [each.findtext("nodeReference") for each in reply.tree.iterfind("NodeList/Node")]
        assert listed == oracle.content(session.world, call.user, call.node, depth)
    return reply, {number}


def list_versions(session: Session, call: Call) -> Responded:
    """A draft is listed for everybody who may read the node, and named only to those who may use it."""
    reply = session.post(call, "ListNodeVersions", nodeReference=call.node)
    number = oracle.context(session.world, call.user, call.node)
    if number == 0:
        listed = {
            int(each.findtext("nodeVersionNumber") or 0): each.find("nodeName") is not None
            for each in reply.tree.iterfind("VersionList/Version")
        }
        visible = oracle.versions(session.world, call.user, call.node)
        latest = session.world.nodes[call.node].latest
        assert listed == {each: each in visible for each in range(1, latest + 1)}
        may = {right: session.world.may(call.user, right, call.node) for right in ("administer", "use-draft")}
        reported = [reply.text(name) for name in ("mayAdminister", "mayUseDraft")]
        assert reported == [str(allowed).lower() for allowed in may.values()]
    return reply, {number}


def where_used(session: Session, call: Call) -> Responded:
    depth = 5 if call.flag else 1
    reply = session.post(call, "WhereUsed", nodeVersionReference=f"{call.node}.1", depth=str(depth))
    number = oracle.get_node(session.world, call.user, call.node)
    if number == 0:
        listed = [
            (
                each.findtext("nodeReference") or "",
                int(each.findtext("nodeVersionNumber") or 0),
                int(each.findtext("distance") or 0),
            )
            for each in reply.tree.iterfind("UseList/Use")
        ]
        assert len(listed) == len(set(listed))
        assert set(listed) == oracle.uses(session.world, call.user, call.node, depth)
    return reply, {number}


def compare(session: Session, call: Call) -> Responded:
    elements = {"nodeVersionReferenceFrom": call.node, "nodeVersionReferenceTo": call.other}
    reply = session.post(call, "CompareNodeVersions", **elements)
    numbers = [oracle.get_node(session.world, call.user, each) for each in (call.node, call.other)]
    return reply, {numbers[0] or numbers[1]}


def search(session: Session, call: Call) -> Responded:
    """A search for a word of a name: a part of a reference, or the number of a version."""
    word = call.other.rpartition(".")[2] if call.flag else str(len(call.right) % 3 + 1)
    reply = session.post(call, "Search", query=word, searchField="name", package=call.node, pageSize="2")
    number = oracle.inside(session.world, call.user, call.node)
    if number == 0:
        listed = [
            (each.findtext("nodeVersionReference") or "").rpartition(".")[0]
            for each in reply.tree.iterfind("NodeList/Node")
        ]
        expected = oracle.found(session.world, call.user, word, call.node)
        assert listed == expected[:2]
        assert reply.text("numberOfResults") == str(len(expected))
    return reply, {number}


def update(session: Session, call: Call) -> Responded:
    scope = {"sourceScope": "latest"} if call.flag else {}
    action = "force" if call.right == "administer" else "impact"
    content = str(call.group == "public").lower()
    reply = session.post(
        call, "UpdateNodeVersions", nodeReference=call.node, action=action, updateContentIndicator=content, **scope
    )
    number = oracle.context(session.world, call.user, call.node)
    session.over = action == "force" and number == 0
    # Without credentials nothing is done, also where `public` has the rights for it.
    allowed = {0, 108, 101} if action == "force" and call.user is None else {0, 108}
    return reply, {number} if number else allowed


def freeze(session: Session, call: Call) -> Responded:
    force = call.right == "administer"
    elements = {"action": "force" if force else "impact", "freezeContentIndicator": str(call.flag).lower()}
    reply = session.post(call, "FreezeNode", nodeReference=call.node, **elements)
    number, session.world = oracle.freeze(session.world, call.user, call.node, call.flag, force)
    return reply, {number}


def copy(session: Session, call: Call) -> Responded:
    reply = session.post(call, "CopyNode", nodeVersionReferenceFrom=call.node, nodeReferenceTo=call.other)
    number = oracle.copy(session.world, call.user, call.node, call.other)
    session.over = number == 0
    return reply, {number}


def change_type(session: Session, call: Call) -> Responded:
    force = call.right == "administer"
    elements = {"action": "force" if force else "impact", "nodeVersionReferenceNewType": call.other}
    reply = session.post(call, "ChangeNodeType", nodeVersionReference=call.node, **elements)
    number = oracle.change_type(session.world, call.user, call.node, call.other)
    session.over = force and number == 0
    return reply, {number} if number or force else {0, 108}


def set_node(session: Session, call: Call) -> Responded:
    """A form, a new node, or a new link."""
    if call.flag:
        where = element("NodeReferenceSection", nodeReference=call.node)
        return _set(session, call, "create", where, nodeVersionReferenceType=call.other), {
            oracle.create(session.world, call.user, call.node, call.other)
        }
    if call.right == "read":
        reply = _set(session, call, "edit", nodeVersionReference=call.node)
        return reply, {oracle.edit(session.world, call.user, call.node)}
    action = "force" if call.right == "administer" else "impact"
    node = session.world.nodes.get(call.node)
    member_type = oracle.MEMBER_TYPE if node is not None and node.typed else LIST.rpartition(".")[0]
    added = members({member_type: [given_member(target=call.other)]})
    reply = _set(session, call, action, added, nodeVersionReference=call.node)
    return reply, {oracle.add_link(session.world, call.user, call.node, call.other)}


def _set(session: Session, call: Call, action: str, *content: str, **fields: str) -> Reply:
    reply = edits.set_node(session.client.as_user(call.user), action, *content, **fields)
    session.over = action in ("create", "force") and reply.number == 0
    return reply


def bring_in(session: Session, call: Call) -> Responded:
    node = session.world.nodes.get(call.node)
    first = 1 if node is None else node.frozen + 1
    version = V(links(f"{call.other}.1"), LIST_TYPE, draft=True, name="brought")
    document = Graph().node(call.node, version, first=first).xml("impact")
    reply = session.client.as_user(call.user).post(document)
    return reply, {oracle.bring_in(session.world, call.user, call.node, call.other)}


def give(session: Session, call: Call) -> Responded:
    kind = f"{'package' if call.flag or call.right == 'use' else 'node'}-{call.right}"
    elements = {"permissionTypeReference": kind, "userGroupReference": call.group, "objectReference": call.node}
    reply = session.post(call, "CreatePermission", **elements)
    number = oracle.give(session.world, call.user, kind, call.group, call.node)
    if number == 0:
        grant = Grant(kind, call.group, call.node)
        session.world = replace(session.world, grants=session.world.grants | {grant})
        session.grants[grant] = int(reply.text("permissionIdentifier") or 0)
    return reply, {number}


def take_back(session: Session, call: Call) -> Responded:
    grants = sorted(session.grants, key=repr)
    grant = grants[len(call.node + call.other) % len(grants)] if grants and not call.flag else None
    number = session.grants[grant] if grant else 999_999
    reply = session.post(call, "DeletePermission", permissionIdentifier=str(number))
    expected = oracle.take_back(session.world, call.user, grant)
    if expected == 0 and grant is not None and session.world.may(call.user, "read", grant.on):
        del session.grants[grant]
        left = session.world.grants - {grant}
        without = replace(session.world, grants=left)
        if call.user is not None and not without.may(call.user, "administer", grant.on):
            # "re-created for that user alone"
            own = Grant(grant.kind, call.user, grant.on)
            without = replace(without, grants=left | {own})
            session.grants.setdefault(own, _identifier(session, own))
        session.world = without
    return reply, {expected}


def _identifier(session: Session, grant: Grant) -> int:
    found = session.client.post(message("GetPermissionList", {"objectReference": grant.on})).tree
    for each in found.iter("Permission"):
        held = (each.findtext("permissionTypeReference"), each.findtext("userGroupReference"))
        if held == (grant.kind, grant.group):
            return int(each.findtext("permissionIdentifier") or 0)
    raise AssertionError(f"{grant} was not given back")


def list_permissions(session: Session, call: Call) -> Responded:
    if call.flag:
        return session.post(call, "GetPermissionList"), {oracle.administration(session.world, call.user)}
    reply = session.post(call, "GetPermissionList", objectReference=call.node)
    number = oracle.context(session.world, call.user, call.node)
    if number == 0 and not session.world.may(call.user, "administer", call.node):
        number = 101
    if number == 0:
        listed = {
            Grant(each.findtext("permissionTypeReference") or "", each.findtext("userGroupReference") or "", call.node)
            for each in reply.tree.iter("Permission")
        }
        assert listed == {grant for grant in session.world.grants if grant.on == call.node}
    return reply, {number}


def effective_permissions(session: Session, call: Call) -> Responded:
    """Requests about the user who sends them, and about another user or group."""
    about = call.user if call.flag else call.group
    given = {} if call.flag else {"userLogonReferenceDetails": call.group}
    reply = session.post(call, "GetEffectivePermissions", nodeReference=call.node, **given)
    number = account_oracle.about_rights(session.world, call.user, about, call.node)
    if number == 0:
        assert account_oracle.listed(reply.tree) == account_oracle.effective(session.world, about, call.node)
    return reply, {number}


def audit(session: Session, call: Call) -> Responded:
    given = {"userLogonReferenceDetails": call.group} if call.flag else {}
    reply = session.post(call, "GetAuditList", pageSize="1000", **given)
    return reply, {account_oracle.about_audit(session.world, call.user, call.group if call.flag else None)}


def for_administrators(service: str, number: int = 0, **elements: str) -> Asked:
    def ask(session: Session, call: Call) -> Responded:
        allowed = oracle.administration(session.world, call.user) == 0
        return session.post(call, service, **elements), {number} if allowed else {101}

    return ask


def create_user(session: Session, call: Call) -> Responded:
    allowed = oracle.administration(session.world, call.user) == 0
    elements = {"userLogonReferenceCreate": "ann", "passwordCreate": PASSWORD}
    return session.post(call, "CreateUser", **elements), {105} if allowed else {101}


def update_password(session: Session, call: Call) -> Responded:
    """Changes of the password of another user, and of one's own without the old one."""
    logon = call.user if call.flag and call.user else "solver"
    number = 0 if call.user in session.world.administrators else 105 if call.user == logon else 101
    elements = {"userLogonReferenceUpdate": logon, "newPassword": PASSWORD}
    return session.post(call, "UpdatePassword", **elements), {number}


def about_solutions(service: str) -> Asked:
    def ask(session: Session, call: Call) -> Responded:
        allowed = oracle.solutions(session.world, call.user) == 0
        return session.post(call, service), {0, 105} if allowed else {101}

    return ask


CALLS: dict[str, Asked] = {
    "GetNode": get_node,
    "ListNodes": list_nodes,
    "ListNodeVersions": list_versions,
    "WhereUsed": where_used,
    "CompareNodeVersions": compare,
    "Search": search,
    "UpdateNodeVersions": update,
    "FreezeNode": freeze,
    "CopyNode": copy,
    "ChangeNodeType": change_type,
    "SetNode": set_node,
    "NodeImport": bring_in,
    "CreatePermission": give,
    "DeletePermission": take_back,
    "GetPermissionList": list_permissions,
    "ListUsers": for_administrators("ListUsers"),
    "UpdateUserStatus": for_administrators("UpdateUserStatus", userLogonReferenceUpdate="ann", action="unlock"),
    "GetEffectivePermissions": effective_permissions,
    "GetAuditList": audit,
    "ListTokens": for_administrators("ListTokens", allKindsIndicator="true"),
    "CreateToken": for_administrators("CreateToken", tokenName="Shop"),
    "RemoveToken": for_administrators("RemoveToken", 105, tokenIdentifier="999999"),
    "CreateUser": create_user,
    "UpdatePassword": update_password,
}
ABOUT_SOLUTIONS = [name for name in SERVICES if any(word in name for word in ("Solution", "Auth", "ExternalUser"))]
CALLS |= {name: about_solutions(name) for name in ABOUT_SOLUTIONS}
# Services about nodes are drawn more often.
OFTEN = [name for name in CALLS if name not in ABOUT_SOLUTIONS]
