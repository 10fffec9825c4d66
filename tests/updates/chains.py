"""The chains that a request with `why` gets, compared with the links of the store before the update."""

from __future__ import annotations

from itertools import chain

from lxml import etree

from tests.support.http import Reply
from tests.updates.oracle_model import Request, Store


def check_chains(reply: Reply, store: Store, request: Request) -> None:
    """Each row has a chain of links in the store, each to a later version, and the first to one that exists already.

    If all frozen nodes get new versions, a chain may begin with one of these, or be empty.
    """
    for update in reply.tree.iterfind("UpdateList/Update"):
        node = update.findtext("nodeReference") or ""
        links = update.findall("WhyList/Why")
        if not links:
            assert request.always, node
            continue
        users = [*(link.findtext("nodeReference") or "" for link in links[1:]), node]
        for link, user in zip(links, users, strict=True):
            assert is_link(store, link, user), (etree.tostring(link), user)
        if not request.always:
            assert int(links[0].findtext("nodeVersionNumber") or 0) in store.nodes[_node(links[0])].versions


def is_link(store: Store, link: etree._Element, user: str) -> bool:
    """Whether a version of the user has this link to an earlier version than that of the link."""
    node, later = _node(link), int(link.findtext("nodeVersionNumber") or 0)
    member_type = link.findtext("nodeReferenceMemberType")
    versions = store.nodes[user].versions.values()
    if link.findtext("linkType") == "type":
        found = [version.type for version in versions]
    else:
        members = chain.from_iterable(version.members for version in versions)
        found = [each.target for each in members if each.target and member_type in (None, "", each.member_type[0])]
    return any(target[0] == node and target[1] < later for target in found)


def _node(link: etree._Element) -> str:
    return link.findtext("nodeReference") or ""
