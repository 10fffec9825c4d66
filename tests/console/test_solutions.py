"""The pages of solutions: the draft, publishing, and what they show."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from tests.support.pages import Page, Pages
from tests.support.releases import CHANNEL, shop
from tests.support.solution_store import Store, config_slot, slots

MakeUser = Callable[..., None]
SCRIPT = "<script>alert('1')</script>"


def at(solution: str, page: str = "") -> str:
    return f"/console/solutions/{solution}" + (f"/{page}" if page else "")


def edit(pages: Pages, solution: str, action: str, page: Page | None = None, /, **values: str) -> Page:
    """Press a button of the page of the draft, with other values in some fields."""
    return pages.send(page or pages.get(at(solution, "draft")), at(solution, "draft"), do=action, **values)


def fields(page: Page, solution: str) -> dict[str, str]:
    return page.form(at(solution, "draft"))


@pytest.mark.ledger("UVU-5", "UVU-6", "UVU-7")
def test_a_solution_is_made_edited_and_published(pages: Pages, store: Store) -> None:
    page = pages.send(pages.get("/console/solutions"), "/console/solutions", title="Support")
    assert page.title == "Draft of Support"
    solution = page.address.split("/")[-2]
    page = edit(pages, solution, "add-config", page)
    page = edit(pages, solution, "add-screen", page, **{"config-0-external_id": "channel", "config-0-title": "Where"})
    page = edit(
        pages, solution, "save", page, **{"screen-0-title": "First", "screen-0-slots": "channel", "tags": "crm\r\nmail"}
    )
    assert "The draft is saved" in page.text
    reply = store.done("GetSolution", solutionId=solution)
    assert [tag.text for tag in reply.tree.iter("tag")] == ["crm", "mail"]
    assert reply.text("ConfigSlotList/ConfigSlot/title") == "Where"
    assert reply.text("ScreenList/Screen/SlotList/externalId") == "channel"
    page = pages.send(pages.get(at(solution, "publish")), at(solution, "publish"), release_notes="The first one.")
    assert "Release 1 is published" in page.text
    assert store.done("GetSolution", solutionId=solution).text("latestReleaseNumber") == "1"


def test_nothing_is_stored_before_the_draft_is_saved(pages: Pages, store: Store) -> None:
    solution = store.set(*slots(config=[CHANNEL]))
    page = edit(pages, solution, "add-config", title="Another")
    assert "Not saved yet" in page.text
    assert fields(page, solution)["title"] == "Another"
    reply = store.done("GetSolution", solutionId=solution)
    assert (reply.text("title"), len(reply.tree.findall("ConfigSlotList/ConfigSlot"))) == ("Support", 1)


def test_slots_are_moved_and_removed(pages: Pages, store: Store) -> None:
    solution = store.set(*slots(config=[config_slot(name) for name in ("a", "b", "c")]))
    page = edit(pages, solution, "down-config-0")
    page = edit(pages, solution, "up-config-2", page)
    page = edit(pages, solution, "remove-config-2", page)
    edit(pages, solution, "save", page)
    reply = store.done("GetSolution", solutionId=solution)
    assert [slot.text for slot in reply.tree.iterfind("ConfigSlotList/ConfigSlot/externalId")] == ["b", "c"]


@pytest.mark.parametrize("action", ["up-config-9", "remove-config-9", "down-field", "remove-auth-0000", "add-node", ""])
def test_a_button_that_the_page_does_not_have_changes_nothing(pages: Pages, store: Store, action: str) -> None:
    solution = store.set(*slots(config=[CHANNEL]))
    assert edit(pages, solution, action).status in {200, 303}
    assert len(store.done("GetSolution", solutionId=solution).tree.findall("ConfigSlotList/ConfigSlot")) == 1


def test_faults_are_shown_beside_their_fields_and_the_form_keeps_what_was_typed(pages: Pages, store: Store) -> None:
    solution = store.set(*slots(config=[CHANNEL, config_slot("limit", type="integer")]))
    wrong = {
        "title": "",
        "config-0-external_id": "x" * 201,
        "config-0-default_value": "not JSON",
        "config-1-type": "ddl",
        "tags": "ok\n" + "t" * 501,
    }
    page = edit(pages, solution, "add-screen")
    page = edit(pages, solution, "save", page, **wrong, **{"screen-0-title": " ", "screen-0-slots": "limit\nnothing"})
    assert page.status == 422
    sent = fields(page, solution)
    assert {name: sent[name] for name in wrong} == wrong
    reasons = {
        element.get("id", "").removesuffix("-reason"): element.text for element in page.tree.cssselect(".reason")
    }
    assert reasons.keys() == {*wrong, "screen-0-title", "screen-0-slots", "config-1-ddl-connector"} - {"config-1-type"}
    assert reasons["screen-0-slots"] == '"nothing" is not a slot of this solution'
    assert reasons["config-0-default_value"] == "is not JSON"


def test_the_description_and_the_custom_fields_are_removed(pages: Pages, store: Store) -> None:
    solution = store.set(description="Posts tickets.")
    page = edit(pages, solution, "add-field")
    edit(pages, solution, "save", page, **{"field-0-key": "team", "field-0-value": " a b "})
    page = pages.get(at(solution))
    assert "team" in page.text
    page = edit(pages, solution, "remove-field-0")
    edit(pages, solution, "save", page, description="")
    reply = store.done("GetSolution", solutionId=solution)
    assert reply.text("description") is None
    assert reply.tree.findall("CustomFieldList/CustomField") == []


@pytest.mark.ledger("DEC-290")
def test_changes_of_another_user_are_not_overwritten_unless_they_were_shown(pages: Pages, store: Store) -> None:
    solution = store.set(description="Mine")
    page = pages.get(at(solution, "draft"))
    store.set(solution=solution, description="Theirs")
    page = edit(pages, solution, "save", page, description="Mine again")
    assert (page.status, fields(page, solution)["description"]) == (412, "Mine again")
    assert store.done("GetSolution", solutionId=solution).text("description") == "Theirs"
    assert edit(pages, solution, "save", page).status == 200
    assert store.done("GetSolution", solutionId=solution).text("description") == "Mine again"


@pytest.mark.ledger("UVU-8", "UVU-9")
def test_publishing_shows_first_that_instances_move_by_themselves(pages: Pages, store: Store) -> None:
    solution = store.published(config=[CHANNEL])
    store.instance(solution)
    store.set(*slots(config=[CHANNEL, config_slot("more", mandatory="false")]), solution=solution)
    page = pages.get(at(solution, "publish"))
    assert "updated automatically" in page.text
    assert "1 instance moves to release 2 by itself, from" in page.text
    assert [(row[0], row[2]) for row in page.rows()] == [("more config", "Breaks nothing")]


@pytest.mark.ledger("UVU-21", "UVU-8")
def test_publishing_first_shows_how_many_instances_need_an_upgrade(pages: Pages, store: Store) -> None:
    solution = shop(store)
    store.set(*slots(config=[CHANNEL, config_slot("team"), config_slot("key", hidden="true")]), solution=solution)
    page = pages.get(at(solution, "publish"))
    assert "An upgrade is needed. 3 instances do not move to release 2" in page.text
    assert page.texts(".figure b") == ["0", "3", "3", "0"]
    assert page.rows("section:nth-of-type(2) table") == [["Ann", "2", "2"], ["Bob", "1", "1"]]
    assert "3 instances wait for the system: only a builder can give values for hidden slots." in page.text
    assert "New input is needed for key." in page.text
    assert "3 instances wait for their end users" in page.text
    broken = [row[0] for row in page.rows() if row[2] == "Breaks"]
    assert broken == ["team config", "key config, hidden"]


@pytest.mark.ledger("DEC-290")
def test_a_draft_that_has_changed_since_its_notice_is_not_published(pages: Pages, store: Store) -> None:
    solution = store.published(config=[CHANNEL])
    page = pages.get(at(solution, "publish"))
    store.set(*slots(config=[config_slot("other")]), solution=solution)
    page = pages.send(page, at(solution, "publish"), release_notes="Mine")
    assert (page.status, page.form(at(solution, "publish"))["release_notes"]) == (412, "Mine")
    assert "other" in page.text
    assert store.done("GetSolution", solutionId=solution).text("latestReleaseNumber") == "1"


def test_notes_that_are_too_long_are_kept_in_the_form(pages: Pages, store: Store) -> None:
    solution = store.set()
    page = pages.send(pages.get(at(solution, "publish")), at(solution, "publish"), release_notes="x" * 10_001)
    assert page.status == 422
    assert page.texts(".reason") == ["must have at most 10000 characters"]
    assert page.texts("[role=alert]") == ["Nothing was published. See the marked fields."]


def test_a_solution_shows_its_draft_its_releases_and_its_instances(pages: Pages, store: Store) -> None:
    solution = shop(store)
    page = pages.get(at(solution))
    assert page.title == "Support"
    assert ["token config, hidden", "Breaks"] in [[row[0], row[-1]] for row in page.rows()]
    assert "Unchanged: slack, channel, limit." in page.text
    assert "The first one." in page.text
    assert page.rows("section:nth-of-type(1) ~ .columns table")[0][1:] == ["3", "0", "0"]
    assert "Ann's desk" in page.text
    assert page.tree.cssselect("svg.bar rect")[0].get("width") == "100.0"


@pytest.mark.ledger("DEC-58", "DEC-64")
@pytest.mark.parametrize(
    "draft",
    [[CHANNEL, config_slot("team", mandatory="false")], [config_slot("team"), CHANNEL]],
    ids=["optional", "another order"],
)
def test_a_draft_that_differs_without_a_change_is_not_called_the_same(
    pages: Pages, store: Store, draft: list[str]
) -> None:
    solution = store.published(config=[CHANNEL, config_slot("team")])
    instance = store.instance(solution)
    for page in (pages.get(at(solution)), pages.get(at(solution, "publish"))):
        assert "The draft is the same as release 1." in page.text
    store.set(*slots(config=draft), solution=solution)
    for page in (pages.get(at(solution)), pages.get(at(solution, "publish"))):
        assert "Nothing counts as a change, but the draft is not the same as release 1" in page.text
    store.publish(solution)
    for page in (pages.get(at(solution, "releases")), pages.get(f"/console/instances/{instance}")):
        assert "Nothing counts as a change, but release 2 is not the same as release 1" in page.text
    store.publish(solution)
    assert "Release 3 is the same as release 2." in pages.get(at(solution, "releases")).text


def test_a_slot_that_became_optional_is_not_listed_as_unchanged(pages: Pages, store: Store) -> None:
    solution = store.published(config=[CHANNEL, config_slot("team"), config_slot("limit")])
    draft = [config_slot("limit", title="Limit"), config_slot("team", mandatory="false"), CHANNEL]
    store.set(*slots(config=draft), solution=solution)
    assert "Unchanged: channel." in pages.get(at(solution)).text


def test_an_empty_first_release_is_not_compared_with_another(pages: Pages, store: Store) -> None:
    solution = store.set()
    assert "Nothing: the draft is empty." in pages.get(at(solution, "publish")).text
    store.publish(solution)
    assert "It is empty." in pages.get(at(solution, "releases")).text


@pytest.mark.ledger("PRO-42")
def test_the_history_of_instances_is_drawn(pages: Pages, store: Store) -> None:
    solution = store.published(config=[CHANNEL])
    instances = [store.instance(solution, config={"channel": '"a"'}) for _ in range(3)]
    store.publish(solution)
    store.upgrade(instances[0])
    page = pages.get(at(solution))
    lines = [line.get("points", "").split() for line in page.tree.cssselect("svg.curve polyline")]
    heights = [[point.split(",")[1] for point in line] for line in lines]
    # The first release had one instance, then three, then two; the second one had none, and has one.
    none, one, two, three = "158.0", "106.0", "54.0", "2.0"
    assert (heights[0][0], heights[0][-1]) == (one, two)
    assert three in heights[0]
    assert (heights[1][0], heights[1][-1]) == (none, one)


def test_a_hold_stops_lazy_updates_until_it_is_released(pages: Pages, store: Store) -> None:
    solution = store.published(config=[CHANNEL])
    for shown, held in (("no longer move", "true"), ("by themselves again", "false")):
        page = pages.send(pages.get(at(solution)), at(solution, "hold"))
        assert shown in page.text
        assert store.done("GetSolution", solutionId=solution).text("held") == held


def test_solutions_are_listed_page_by_page_and_by_tag(pages: Pages, store: Store) -> None:
    for number in range(51):
        store.set(title=f"S{number}")
    page = pages.get("/console/solutions")
    assert len(page.rows()) == 50
    (following,) = page.tree.cssselect("a[rel=next]")
    assert [row[0] for row in pages.get(following.get("href", "")).rows()] == ["S50"]
    assert "no solutions here yet" in pages.get("/console/solutions?tag=none").text


@pytest.mark.parametrize(
    "path",
    ["", "/x", "/00000000-0000-0000-0000-000000000000", "/x/draft", "/x/publish", "/x/rollout", "/x/releases"],
)
def test_a_user_without_administer_solutions_sees_no_solutions(app: Flask, make_user: MakeUser, path: str) -> None:
    make_user("ann")
    page = Pages.of(app, "ann").get(f"/console/solutions{path}")
    assert (page.status, page.title) == (403, "Not authorised")
    assert "administer-solutions" in page.text


@pytest.mark.parametrize("action", ["", "/draft", "/publish", "/rollout", "/hold"])
def test_a_user_without_administer_solutions_changes_no_solution(
    app: Flask, make_user: MakeUser, store: Store, action: str
) -> None:
    make_user("ann")
    solution = store.set(description="Before")
    path = "/console/solutions" if action == "" else at(solution) + action
    anns = Pages.of(app, "ann")
    token = anns.get("/console").form("/console/sign-out")
    given = {**token, "title": "x", "held": "true", "do": "force"}
    assert anns.post(path, given).status_code == 403
    assert store.client.app.test_client().post(path, data=given).status_code == 403
    reply = store.done("GetSolution", solutionId=solution)
    assert (reply.text("title"), reply.text("held"), reply.text("latestReleaseNumber")) == ("Support", "false", "0")


@pytest.mark.parametrize("path", ["/x", "/x/draft", "/x/publish", "/x/rollout", "/x/releases", "/%00"])
def test_a_solution_that_does_not_exist_is_not_found(pages: Pages, path: str) -> None:
    assert pages.get(f"/console/solutions{path}").status in {400, 404}


def test_scripts_in_names_and_values_are_shown_as_text(pages: Pages, store: Store) -> None:
    solution = store.set(
        *slots(config=[config_slot(SCRIPT, title=SCRIPT, defaultValue=f'"{SCRIPT}"', hidden="true")]),
        title=SCRIPT,
        description=SCRIPT,
    )
    store.publish(solution, releaseNotes=SCRIPT)
    store.instance(solution, store.user(SCRIPT), SCRIPT)
    for path in ("", "draft", "publish", "rollout", "releases"):
        page = pages.get(at(solution, path))
        assert page.status == 200
        assert "<script>alert" not in page.response.text
    assert SCRIPT in pages.get(at(solution)).title
    edited = edit(pages, solution, "add-auth", **{"config-0-title": f'"{SCRIPT}'})
    assert "<script>alert" not in edited.response.text
