"""Drafts of a draft type whose list changes are judged by their future data, whether or not their own links move."""

from __future__ import annotations

from collections.abc import Callable

from tests.support.builders import Graph, M, V, frozen, member_type, package, type_with
from tests.support.http import Client

TARGET_TYPES = "system.TARGET_TYPE_LIST.1"


def test_a_draft_whose_links_do_not_move_is_judged_with_its_present_links(
    client: Client, make_user: Callable[..., None]
) -> None:
    """The caller may not link to X.B, so P.N keeps its link to a version of a type that the new rule does not allow."""
    graph = Graph().node("P", package()).node("X", package()).node("X.T1", type_with()).node("X.T2", type_with())
    graph.node("X.B", frozen(type="X.T1.1"), frozen(type="X.T2.1"))
    graph.node("P.m", member_type(), member_type(M(TARGET_TYPES, "X.T2.1"), draft=True))
    graph.node("P.T", type_with("P.m.1", draft=True))
    client.load(graph.node("P.N", V((M("P.m.1", "X.B.1", "red"),), "P.T.1", draft=True)))
    make_user("ann", "package-administer P", "package-read X", "package-use-type X")
    forced = client.as_user("ann").update("P", "force", sourceScope="latest")
    assert (forced.number, [row.partition(":")[0] for row in forced.rows()]) == (108, ["P.N.1 warning", "P.T.1 error"])
    assert client.get("P.N.$draft").members() == ["P.m.1 = red -> X.B.1"]
    assert client.get("P.T.$draft").members() == ["system.MEMBER_TYPE_LIST.1 -> P.m.1"]
