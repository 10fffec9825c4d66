"""Requests to edit nodes, in a short notation, and their responses in short."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tests.support.http import Client, Reply, message
from tests.support.solution_store import element, leaf

TEXTS = {
    "at": "nodeMemberSequence",
    "to": "nodeMemberSequenceNew",
    "value": "nodeMemberValue",
    "scale": "nodeMemberScale",
    "target": "nodeVersionReferenceTarget",
    "new_target": "nodeVersionReferenceTargetNew",
    "delete": "deleteMemberIndicator",
    "retain": "retainMemberIndicator",
    "comment": "nodeMemberComment",
}


def given(**texts: str | int | bool) -> str:
    """A member of a SetNode request: `given(at=1, value="red")`."""
    return element("Member", *(leaf(TEXTS[name], text) for name, text in texts.items()))


def members(by_type: Mapping[str, Sequence[str]]) -> str:
    """The list of member types of a SetNode request: `members({"X.m": [given(value="red")]})`."""
    listed = (
        element("MemberType", element("MemberList", *those), nodeVersionReferenceMemberType=name)
        for name, those in by_type.items()
    )
    return element("MemberTypeList", *listed)


def set_node(
    client: Client, action: str, *content: str, if_match: str | None = None, **fields: str | int | None
) -> Reply:
    """A SetNode request with these fields, and then parts that are XML already."""
    headers = {} if if_match is None else {"If-Match": if_match}
    return client.post(element("SetNode", *content, action=action, **fields), headers=headers)


def change_type(
    client: Client,
    node: str = "P.N",
    new_type: str = "X.T.2",
    action: str = "impact",
    if_match: str | None = None,
    **others: str,
) -> Reply:
    """A ChangeNodeType request for a draft."""
    texts = {"action": action, "nodeVersionReference": node, "nodeVersionReferenceNewType": new_type, **others}
    headers = {} if if_match is None else {"If-Match": if_match}
    return client.post(message("ChangeNodeType", texts), headers=headers)


def impacts(reply: Reply) -> list[str]:
    """The impacts in short: `remove X.k.1`."""
    names = ("impactType", "nodeVersionReferenceMemberType", "errorMessage")
    return [
        " ".join(text for name in names if (text := each.findtext(name)) is not None)
        for each in reply.tree.iterfind("ImpactList/Impact")
    ]


def faults(reply: Reply) -> list[str]:
    """The faults, one on each line."""
    assert (reply.number, reply.status) == (105, 200), reply.response.text
    return str(reply.text("errorMessage")).splitlines()
