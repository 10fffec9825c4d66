"""The pages of nodes: what they show, and what they do."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from tests.support.builders import LIST, Graph, M, draft, frozen, links, member_type, package, type_with
from tests.support.http import ADMIN, Client
from tests.support.pages import Page, Pages

MakeUser = Callable[..., None]
SCRIPT = "<script>alert('1')</script>"


def catalog() -> Graph:
    """A package with a type that lists two member types, and a product with data."""
    return (
        Graph()
        .node("acme", package())
        .node("acme.types", package())
        .node("acme.types.part", member_type(USE_VALUE="false", USE_SCALE="true"))
        .node("acme.types.note", member_type(USE_TARGET="false", VALUE_PATTERN="[a-z ]+"))
        .node("acme.types.Product", type_with("acme.types.part.1", "acme.types.note.1"))
        .node("acme.types.Bare", type_with("acme.types.note.1"))
        .node("acme.Bolt", frozen(name="Bolt"), draft(name="Bolt"))
        .node("acme.Nut", frozen(name="Nut"))
        .node(
            "acme.Widget",
            frozen(
                M("acme.types.part.1", "acme.Bolt.1", scale=4),
                M("acme.types.note.1", value="made of steel"),
                type="acme.types.Product.1",
                name="Widget",
            ),
        )
    )


@pytest.fixture
def stocked(client: Client, app: Flask) -> Pages:
    client.load(catalog())
    return Pages.of(app)


def drafted(pages: Pages) -> Page:
    """Make a draft of the product, and return its page."""
    return pages.send(pages.get("/console/nodes/acme/Widget"), "/console/draft/acme/Widget")


def test_an_empty_store_says_what_to_do(app: Flask, make_user: MakeUser) -> None:
    make_user("ann")
    page = Pages.of(app, "ann").get("/console/nodes")
    assert page.texts(".empty") == []
    assert [row[0] for row in page.rows()] == ["system"]


def test_nodes_are_listed_level_by_level(stocked: Pages) -> None:
    page = stocked.get("/console/nodes")
    assert [row[0] for row in page.rows()] == ["acme", "system"]
    inside = stocked.get("/console/nodes/acme")
    assert inside.texts(".tree a") == ["acme", "Bolt", "Nut", "Widget", "types"]
    assert inside.texts(".crumbs li") == ["Nodes", "acme"]
    deeper = stocked.get("/console/nodes/acme/types/part")
    assert deeper.texts(".crumbs li") == ["Nodes", "acme", "types", "part"]


def test_a_node_shows_what_it_uses_and_what_uses_it(stocked: Pages) -> None:
    page = stocked.get("/console/nodes/acme/Widget")
    assert page.title == "Widget frozen"
    assert page.rows()[0] == ["acme.types.part.1", "acme.Bolt.1", "", "4.0", ""]
    assert page.rows()[1] == ["acme.types.note.1", "", "made of steel", "", ""]
    assert "/console/nodes/acme/types/Product?version=1" in page.links
    assert "/console/nodes/acme/Bolt?version=1" in page.links
    used = stocked.get("/console/nodes/acme/Bolt?version=1")
    assert "This is not the latest version" in used.text
    assert "acme.Widget.1 Widget" in used.text
    assert stocked.get("/console/uses/acme/Bolt?version=1").rows() == [["acme.Widget.1 Widget", "target"]]
    assert stocked.get("/console/uses/acme/Widget").texts(".empty") == [
        "No version that you may read links to this version. Back to the node"
    ]


def test_nodes_are_found_by_their_words(stocked: Pages) -> None:
    assert [row[0] for row in stocked.get("/console/nodes?q=wid").rows()] == ["acme.Widget"]
    assert stocked.get("/console/nodes?q=steel").rows() == []
    found = stocked.get("/console/nodes?q=steel&values=true")
    assert found.rows() == [["acme.Widget", "Widget", "1", "made of steel"]]
    assert "has no word" in stocked.get("/console/nodes?q=...").text


@pytest.mark.ledger("UNV-69")
def test_a_draft_is_made_edited_and_frozen(stocked: Pages) -> None:
    page = drafted(stocked)
    assert page.title == "Widget draft"
    edit = stocked.get("/console/edit/acme/Widget")
    saved = stocked.send(
        edit,
        "/console/edit/acme/Widget",
        **{"name": "Better widget", "comment": "first\r\nsecond", "m0-0-scale": "6", "m0-1-target": "acme.Nut.1"},
    )
    assert "The draft is saved." in saved.text
    assert saved.title == "Better widget draft"
    assert [row[:4] for row in saved.rows()] == [
        ["acme.types.part.1", "acme.Bolt.1", "", "6.0"],
        ["", "acme.Nut.1", "", ""],
        ["acme.types.note.1", "", "made of steel", ""],
    ]
    compared = stocked.get("/console/compare/acme/Widget?from=1&to=2")
    assert compared.rows()[0] == ["Name", "Widget", "Better widget", "changed"]
    assert [row[0] for row in compared.rows("section:last-of-type table")] == ["changed", "added"]
    freeze = stocked.get("/console/freeze/acme/Widget")
    assert freeze.rows() == [["acme.Widget", "2", "Better widget"]]
    assert stocked.send(freeze, "/console/freeze/acme/Widget").title == "Better widget frozen"
    assert "There is no draft to freeze" in stocked.get("/console/freeze/acme/Widget").text


@pytest.mark.ledger("DEC-350")
def test_a_version_says_who_froze_it_and_when(
    stocked: Pages, client: Client, make_user: MakeUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page also says it of a version that it does not list, but not of a version that was imported frozen."""
    make_user("ann", "package-administer acme")
    client.as_user("ann").freeze("acme.Bolt")
    page = stocked.get("/console/nodes/acme/Bolt")
    (when,) = page.texts("dl.facts time[data-time]")
    assert f"by ann at {when}" in page.texts("dl.facts dd")
    by_version = {row[0]: row[1] for row in page.rows("[aria-label=Versions] table")}
    assert by_version == {"2": f"frozen by ann at {when}", "1": "frozen"}
    assert stocked.get("/console/versions/acme/Bolt").text.count("by ann") == 1
    client.copy("acme.Bolt.2", "acme.Bolt")
    monkeypatch.setattr("app.console.nodes.showing._VERSIONS", 0)
    assert "by ann at" in stocked.get("/console/nodes/acme/Bolt?version=2").text
    for version in (1, 3):
        assert "by ann" not in stocked.get(f"/console/nodes/acme/Bolt?version={version}").text


def test_members_are_moved_and_removed(stocked: Pages) -> None:
    drafted(stocked)
    for values in ({"m0-1-target": "acme.Nut.1"}, {"m0-1-place": "1"}, {"m0-1-remove": "true"}):
        page = stocked.send(stocked.get("/console/edit/acme/Widget"), "/console/edit/acme/Widget", **values)
        assert page.status == 200, page.text
    assert [row[1] for row in page.rows()] == ["acme.Nut.1", ""]


def test_faults_of_an_edit_are_shown_beside_their_fields(stocked: Pages) -> None:
    drafted(stocked)
    values = {"m0-0-target": "acme.Nothing.1", "m1-0-value": "In Capitals"}
    page = stocked.send(stocked.get("/console/edit/acme/Widget"), "/console/edit/acme/Widget", **values)
    assert page.status == 422
    beside = {cell.get("id"): " ".join(cell.text_content().split()) for cell in page.tree.cssselect("td .reason")}
    assert beside["m0-0-target-reason"] == "acme.Nothing.1 is not found"
    fields = page.form("/console/edit/acme/Widget")
    assert (fields["m0-0-target"], fields["m1-0-value"]) == ("acme.Nothing.1", "In Capitals")
    wrong = stocked.send(page, "/console/edit/acme/Widget", **{"m0-0-target": "acme.Bolt.1"})
    assert [cell.get("id") for cell in wrong.tree.cssselect("td .reason")] == ["m1-0-value-reason"]
    number = stocked.send(wrong, "/console/edit/acme/Widget", **{"m0-0-scale": "many"})
    assert "is not a number" in number.text


@pytest.mark.ledger("UNV-71")
def test_the_type_of_a_draft_is_changed_after_a_look_at_the_impacts(stocked: Pages) -> None:
    drafted(stocked)
    asked = stocked.get("/console/type/acme/Widget?type=acme.types.Bare.1")
    assert asked.rows() == [["is removed", "acme.types.part.1", "The new type has no place for this data."]]
    changed = stocked.send(asked, "/console/type/acme/Widget")
    assert "The draft has the new type." in changed.text
    assert [row[0] for row in changed.rows()] == ["acme.types.note.1"]
    missing = stocked.get("/console/type/acme/Widget?type=acme.types.None")
    assert missing.status == 422
    assert missing.texts(".reason") == ["acme.types.None is not found"]


@pytest.mark.ledger("UNV-70")
def test_data_without_a_place_is_removed_only_if_the_editor_agrees(client: Client, app: Flask) -> None:
    graph = catalog().node("acme.Odd", draft(M(LIST, "acme.Nut.1"), type="acme.types.Bare.1", name="Odd"))
    client.load(graph)
    pages = Pages.of(app)
    refused = pages.send(pages.get("/console/edit/acme/Odd"), "/console/edit/acme/Odd")
    assert refused.status == 409
    assert LIST in refused.text
    saved = pages.send(refused, "/console/edit/acme/Odd", lose="true")
    assert "The draft is saved." in saved.text
    assert saved.rows("section[aria-labelledby=members] table") == []


@pytest.mark.parametrize("page", ["nodes", "versions", "uses", "freeze", "type", "edit", "compare"])
@pytest.mark.ledger("DEC-252")
def test_an_unreadable_node_is_like_one_that_does_not_exist(
    stocked: Pages, app: Flask, make_user: MakeUser, page: str
) -> None:
    make_user("ann", "node-read acme.Nut")
    pages = Pages.of(app, "ann")
    shown = []
    for name in ("Widget", "Nothing"):
        found = pages.get(f"/console/{page}/acme/{name}?from=1&to=1", headers={"X-Request-Id": "same"})
        assert found.status == 404
        shown.append(
            found.response.text.replace(name, "NODE").replace(found.tree.cssselect("[name]")[-1].get("value", "?"), "")
        )
    assert shown[0] == shown[1]


def test_a_user_sees_and_does_only_what_the_permissions_allow(stocked: Pages, app: Flask, make_user: MakeUser) -> None:
    make_user("ann", "node-read acme.Widget", "node-read acme.types.part")
    drafted(stocked)
    pages = Pages.of(app, "ann")
    page = pages.get("/console/nodes/acme/Widget")
    assert page.title == "Widget frozen"
    assert page.rows() == [["acme.types.part.1", "", "", "4.0", ""]]
    assert "a node that you may not read" in page.text
    assert "acme.Bolt" not in page.response.text
    assert "Permissions on this node" not in page.text
    assert page.texts(".actions a, .actions button") == ["Plan an update"]
    for action in ("freeze", "type", "edit"):
        assert pages.get(f"/console/{action}/acme/Widget").status == 403
    form = pages.get("/console").form("/console/sign-out")
    for action in ("freeze", "type", "edit", "draft"):
        assert pages.post(f"/console/{action}/acme/Widget", form).status_code in {403, 409}
    assert stocked.get("/console/nodes/acme/Widget").title == "Widget draft"


def test_a_freeze_of_many_drafts_shows_the_first_ones_and_freezes_all(client: Client, app: Flask) -> None:
    graph = Graph().node("big", package())
    for number in range(202):
        graph.node(f"big.N{number}", draft())
    client.load(graph)
    page = (pages := Pages.of(app)).get("/console/freeze/big?content=true")
    assert len(page.rows()) == 200
    assert page.texts(".panel > p.muted") == ["And 2 more: the service FreezeNode lists all."]
    assert page.texts("form.actions button") == ["Freeze 202 drafts"]
    assert "The draft is frozen." in pages.send(page, "/console/freeze/big?content=true").text
    assert pages.get("/console/freeze/big?content=true").texts(".empty p")[0] == "There is no draft to freeze."


def test_a_freeze_that_is_impossible_says_why(stocked: Pages, client: Client, app: Flask, make_user: MakeUser) -> None:
    make_user("ann", "node-administer acme.Widget", "node-read acme.Bolt")
    graph = Graph().node("acme.Widget", draft(*links("acme.Bolt.2"), name="Widget"), first=2)
    client.load(graph)
    page = Pages.of(app, "ann").get("/console/freeze/acme/Widget")
    assert page.rows() == [["acme.Bolt", "2", ""]]
    assert "Nothing can be frozen" in page.text
    assert page.texts("form[method=post] button") == ["Sign out"]


def test_permissions_are_shown_to_administrators(stocked: Pages, make_user: MakeUser) -> None:
    make_user("ann", "node-link acme.Nut")
    assert ["node-link", "ann"] in stocked.get("/console/nodes/acme/Nut").rows(
        "section[aria-labelledby=permissions] table"
    )


def test_scripts_in_names_and_values_are_shown_as_text(client: Client, app: Flask) -> None:
    graph = (
        Graph()
        .node("P", package())
        .node("P.m", member_type())
        .node("P.T", type_with("P.m.1"))
        .node(
            "P.N",
            frozen(M("P.m.1", value=SCRIPT, comment=SCRIPT), type="P.T.1", name=SCRIPT),
            draft(M("P.m.1", value=SCRIPT, comment=SCRIPT), type="P.T.1", name=SCRIPT),
        )
    )
    client.load(graph)
    pages = Pages.of(app)
    for path in ("nodes/P/N", "nodes", "edit/P/N", "versions/P/N", "compare/P/N?from=1&to=2", "freeze/P/N", "type/P/N"):
        page = pages.get(f"/console/{path}")
        assert page.status == 200, page.text
        assert SCRIPT not in page.response.text
    assert SCRIPT in pages.get("/console/nodes/P/N").text
    assert SCRIPT not in pages.get(f"/console/nodes?q={SCRIPT}&values=1").response.text


STRANGE = [
    "nodes/acme/Nut?version=0",
    "nodes/acme/Nut?version=x",
    "nodes/acme/Nut?version=99999999999",
    "nodes/acme/Nut?version=2",
    "nodes/%F0%9F%98%80",
    "nodes/a.b/c",
    "nodes/" + "a/" * 600,
    "nodes//",
    "uses/acme/Nut?after=x",
    "uses/acme/Nut?after=999999999999999999",
    "versions/acme/Nut?before=-1",
    "compare/acme/Nut",
    "compare/acme/Nut?from=1&to=9",
    "nodes?page=0&q=a",
    "nodes?page=999999&q=a",
    "nodes?after=%F0%9F%98%80",
    "type/acme/Nut?type=%F0%9F%98%80",
    "edit/acme/Nut",
]


def test_strange_addresses_get_pages(stocked: Pages) -> None:
    for path in STRANGE:
        response = stocked.client.get(f"/console/{path}")
        assert response.status_code in {200, 303, 308, 400, 404, 409}, path
        assert response.mimetype == "text/html"


def test_forms_with_strange_fields_get_pages(stocked: Pages) -> None:
    drafted(stocked)
    form = stocked.get("/console/edit/acme/Widget").form("/console/edit/acme/Widget")
    strange = ["", "9" * 30, "-1", "é", "$latest", "x" * 5000]
    for field in ("m0", "m0-0-sequence", "m0-0-place", "m0-0-scale", "m0-0-target", "edition", "name", "m1-0-value"):
        for value in strange:
            response = stocked.post("/console/edit/acme/Widget", {**form, field: value})
            assert response.status_code in {303, 409, 412, 422}, (field, value, response.text)
            form = stocked.get("/console/edit/acme/Widget").form("/console/edit/acme/Widget")
    assert ADMIN in stocked.get("/console").response.text
