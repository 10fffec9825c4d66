"""Lists that pages show only the beginning of: they say how many entries there are, and where the others are."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from tests.support.builders import LIST, Graph, M, frozen, package
from tests.support.http import Client
from tests.support.pages import Pages

MakeUser = Callable[..., None]
PERMISSIONS = "section[aria-labelledby=permissions]"


@pytest.mark.ledger("DEC-408")
def test_a_comparison_says_how_many_members_differ(client: Client, app: Flask) -> None:
    bolts = Graph().node("acme", package())
    old = [M(LIST, f"acme.N{number}.1") for number in range(501)]
    for number in range(501):
        bolts.node(f"acme.N{number}", frozen())
    client.load(bolts.node("acme.Box", frozen(*old), frozen(), frozen(*old[:500])))
    pages = Pages.of(app)
    page = pages.get("/console/compare/acme/Box?from=1&to=2")
    assert len(page.rows("section:nth-of-type(2) table")) == 500
    assert "The first 500 of 501 members that differ." in page.text
    assert "/console/services/CompareNodeVersions" in page.links
    assert "members that differ." not in pages.get("/console/compare/acme/Box?from=2&to=3").text
    assert "The first 500 of 501 members." in pages.get("/console/nodes/acme/Box?version=1").text


@pytest.mark.ledger("DEC-408")
def test_a_node_says_how_many_permissions_it_has(client: Client, app: Flask, make_user: MakeUser) -> None:
    client.load(Graph().node("acme", package()))
    for number in range(50):
        make_user(f"user{number}", "package-read acme", "package-update acme")
    pages = Pages.of(app)
    assert pages.get("/console/nodes/acme").texts(f"{PERMISSIONS} > p") == []
    make_user("last", "package-read acme", "package-update acme")
    page = pages.get("/console/nodes/acme")
    assert len(page.rows(f"{PERMISSIONS} table")) == 100
    assert page.texts(f"{PERMISSIONS} > p") == ["The first 100 of 102 permissions. Show all permissions"]
    assert "/console/permissions?node=acme" in page.links
