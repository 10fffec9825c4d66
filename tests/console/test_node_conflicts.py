"""Forms of a draft that somebody else has changed since they were shown."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.console.test_nodes import catalog, drafted
from tests.support.http import Client
from tests.support.pages import Pages


@pytest.fixture
def stocked(client: Client, app: Flask) -> Pages:
    client.load(catalog())
    return Pages.of(app)


def test_an_edit_of_a_draft_that_has_changed_is_refused(stocked: Pages) -> None:
    drafted(stocked)
    mine = stocked.get("/console/edit/acme/Widget")
    stocked.send(stocked.get("/console/edit/acme/Widget"), "/console/edit/acme/Widget", name="Theirs")
    page = stocked.send(mine, "/console/edit/acme/Widget", name="Mine")
    assert page.status == 412
    assert "somebody else has changed the node" in page.text
    assert stocked.get("/console/nodes/acme/Widget").title == "Theirs draft"
    assert page.form("/console/edit/acme/Widget")["name"] == "Mine"
    stocked.send(page, "/console/edit/acme/Widget")
    assert stocked.get("/console/nodes/acme/Widget").title == "Mine draft"


@pytest.mark.ledger("DEC-330")
def test_a_draft_that_has_changed_since_it_was_shown_is_not_frozen(stocked: Pages) -> None:
    drafted(stocked)
    shown = stocked.get("/console/freeze/acme/Widget")
    stocked.send(stocked.get("/console/edit/acme/Widget"), "/console/edit/acme/Widget", name="Theirs")
    page = stocked.send(shown, "/console/freeze/acme/Widget")
    assert page.status == 412
    assert "Nothing was frozen: a draft has changed" in page.text
    assert page.rows() == [["acme.Widget", "2", "Theirs"]]
    assert "The draft is frozen." in stocked.send(page, "/console/freeze/acme/Widget").text
    form = stocked.get("/console").form("/console/sign-out")
    assert stocked.post("/console/freeze/acme/Bolt", form).status_code == 400


@pytest.mark.ledger("DEC-325")
def test_members_that_were_typed_are_kept_when_the_draft_has_changed(stocked: Pages) -> None:
    at = "/console/edit/acme/Widget"
    drafted(stocked)
    mine = stocked.get(at)
    stocked.send(stocked.get(at), at, **{"m0-1-target": "acme.Bolt.1", "m1-0-remove": "true"})
    page = stocked.send(mine, at, **{"m0-0-scale": "7", "m0-1-target": "acme.Nut.1", "m1-0-value": "of brass"})
    assert page.status == 412
    fields = page.form(at)
    assert (fields["m0-0-scale"], fields["m0-1-target"], fields["m1-0-value"]) == ("7", "acme.Nut.1", "of brass")
    targets = {fields[name] for name in fields if name.endswith("-target")}
    assert targets == {"acme.Bolt.1", "acme.Nut.1", ""}
    assert "was removed" in page.text
    saved = stocked.send(page, at)
    assert "The draft is saved." in saved.text
    assert sorted(row[1:4] for row in saved.rows()) == [
        ["", "of brass", ""],
        ["acme.Bolt.1", "", ""],
        ["acme.Bolt.1", "", "7.0"],
        ["acme.Nut.1", "", ""],
    ]


@pytest.mark.ledger("DEC-325")
def test_what_was_typed_for_a_member_type_that_is_gone_is_shown(stocked: Pages) -> None:
    at = "/console/edit/acme/Widget"
    drafted(stocked)
    mine = stocked.get(at)
    stocked.send(stocked.get("/console/type/acme/Widget?type=acme.types.Bare.1"), "/console/type/acme/Widget")
    page = stocked.send(mine, at, **{"m0-0-target": "acme.Nut.1", "m1-0-value": "of brass"})
    assert page.status == 412
    assert "no longer has the member type for which you typed: acme.Nut.1" in page.text
    assert page.form(at)["m0-0-value"] == "of brass"
    assert "The draft is saved." in stocked.send(page, at).text


def test_a_new_type_is_not_given_to_a_draft_that_has_changed(stocked: Pages) -> None:
    drafted(stocked)
    asked = stocked.get("/console/type/acme/Widget?type=acme.types.Bare.1")
    stocked.send(stocked.get("/console/edit/acme/Widget"), "/console/edit/acme/Widget", name="Theirs")
    page = stocked.send(asked, "/console/type/acme/Widget")
    assert page.status in {409, 412}
    assert "somebody else has changed the node" in page.text
    assert "If-Match" not in page.text
    assert "acme.types.Bare.1" in {field.get("value") for field in page.tree.cssselect("#type")}
