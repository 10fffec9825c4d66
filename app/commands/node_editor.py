"""A draft as a text that an editor opens: the XML of a SetNode request, and what of it was changed."""

from __future__ import annotations

from collections.abc import Iterator

import click
from lxml import etree

from app.commands.service import element

_ABOUT = """
  The draft {reference}. Change its name, its comment and its members. A member that you take out is removed,
  and a member without nodeMemberSequence is added. A member may have nodeMemberValue, nodeMemberScale,
  nodeVersionReferenceTarget and nodeMemberComment. If you save the text as it is, nothing is changed.
"""
_FIELDS = (
    "nodeMemberSequence",
    "nodeMemberValue",
    "nodeMemberScale",
    "nodeVersionReferenceTarget",
    "nodeMemberComment",
)
_MEMBER_TYPE = "nodeVersionReferenceMemberType"


def editable_text(form: etree._Element) -> str:
    """Return the text for the editor, from the response with the form of a draft."""
    listed = form.findall("MemberTypeList/MemberType")
    comment = element("NodeVersionCommentSection", nodeVersionComment=form.findtext("nodeVersionComment") or "")
    member_types = element("MemberTypeList", *map(_member_type, listed))
    root = element("SetNode", comment, member_types, nodeName=form.findtext("nodeName"))
    etree.indent(root, "  ")
    about = _ABOUT.format(reference=form.findtext("nodeVersionReference")).replace("--", "- -")
    return f"<!--{about}-->\n{etree.tostring(root, encoding='unicode')}\n"


def changes(form: etree._Element, text: str) -> list[etree._Element]:
    """Return the elements of the SetNode request for what was changed in the text, none if nothing was.

    Raises ClickException if the text is not the XML of such a request.
    """
    root = _parsed(text)
    found: list[etree._Element] = []
    name, comment = root.findtext("nodeName"), root.findtext("NodeVersionCommentSection/nodeVersionComment")
    if name is not None and name != form.findtext("nodeName"):
        found.append(element("SetNode", nodeName=name)[0])
    if comment is not None and comment != (form.findtext("nodeVersionComment") or ""):
        found.append(element("NodeVersionCommentSection", nodeVersionComment=comment))
    old, new = _by_member_type(form), _by_member_type(root)
    changed = [
        element("MemberType", element("MemberList", *members), **{_MEMBER_TYPE: member_type})
        for member_type in {**old, **new}
        if (members := list(_changed(old.get(member_type, []), new.get(member_type, []))))
    ]
    if changed:
        found.append(element("MemberTypeList", *changed))
    return found


def _parsed(text: str) -> etree._Element:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True)
    try:
        root = etree.fromstring(text.encode(), parser)
    except etree.XMLSyntaxError as error:
        raise click.ClickException(f"the text is not well-formed XML: {error.msg}") from error
    for parent, allowed in (
        (root, {"nodeName", "NodeVersionCommentSection", "MemberTypeList"}),
        *((each, {_MEMBER_TYPE, "MemberList"}) for each in root.iterfind("MemberTypeList/MemberType")),
    ):
        for child in parent:
            if child.tag not in allowed:
                raise click.ClickException(
                    f"line {child.sourceline}: the element {child.tag} is not allowed in {parent.tag}"
                )
    return root


def _member_type(listed: etree._Element) -> etree._Element:
    reference = listed.findtext(_MEMBER_TYPE)
    return element("MemberType", element("MemberList", *map(_member, _members(listed))), **{_MEMBER_TYPE: reference})


def _member(held: etree._Element) -> etree._Element:
    return element("Member", **{name: held.findtext(name) for name in _FIELDS})


def _members(member_type: etree._Element) -> list[etree._Element]:
    return member_type.findall("MemberList/Member")


def _by_member_type(root: etree._Element) -> dict[str, list[etree._Element]]:
    listed = root.iterfind("MemberTypeList/MemberType")
    return {(each.findtext(_MEMBER_TYPE) or "").strip(): _members(each) for each in listed}


def _changed(old: list[etree._Element], new: list[etree._Element]) -> Iterator[etree._Element]:
    """Yield the members that are new or changed, and those that are no longer there, to be deleted."""
    kept = [_content(_member(member)) for member in old]
    for member in new:
        if _content(member) not in kept:
            yield member
    sequences = {member.findtext("nodeMemberSequence") for member in new}
    for member in old:
        sequence = member.findtext("nodeMemberSequence")
        if sequence not in sequences:
            yield element("Member", nodeMemberSequence=sequence, deleteMemberIndicator=True)


def _content(member: etree._Element) -> list[tuple[str, str]]:
    return [(str(child.tag), child.text or "") for child in member]
