"""The page that rolls releases out, and back."""

from __future__ import annotations

import csv
import io

import pytest
from sqlalchemy import Engine
from werkzeug.test import TestResponse

from app.application import create_app
from app.console.solutions.rolling_out import MOST_SHOWN
from app.settings import Settings
from tests.support.http import SECRET_KEY
from tests.support.moves import multiply, on_releases
from tests.support.pages import Page, Pages
from tests.support.releases import CHANNEL, TOKEN, shop
from tests.support.solution_store import Store, config_slot, slots, values
from tests.support.statements import Statements
from tests.support.workers import be_alive, work


def at(solution: str) -> str:
    return f"/console/solutions/{solution}/rollout"


def impact(pages: Pages, solution: str, **values: str) -> Page:
    return pages.send(pages.get(at(solution)), at(solution), do="impact", **values)


def press(pages: Pages, solution: str, page: Page, button: str) -> TestResponse:
    """Press a button below the instances that a page shows."""
    form = next(form for form in page.tree.forms if form.get("id") == "force")
    return pages.post(at(solution), {**{n: v or "" for n, v in form.form_values()}, "do": button})


def force(pages: Pages, solution: str, page: Page) -> Page:
    """Press the button that does what the page shows, and return the page that follows."""
    response = press(pages, solution, page, "force")
    return pages.get(response.headers["Location"]) if response.status_code == 303 else Page(response, at(solution))


def cells(response: TestResponse) -> list[list[str]]:
    """The rows of a CSV file after its headings."""
    assert (response.status_code, response.mimetype) == (200, "text/csv")
    headings, *rows = csv.reader(io.StringIO(response.text))
    assert headings == [
        "instance",
        "name",
        "owner",
        "from release",
        "to release",
        "outcome",
        "without a value",
        "reason",
    ]
    return rows


@pytest.mark.ledger("UVU-23", "UVU-27")
def test_a_release_is_rolled_out_as_it_was_shown(pages: Pages, store: Store) -> None:
    solution = shop(store)
    store.publish(solution)
    page = impact(pages, solution)
    assert page.texts(".figure b") == ["0", "0", "3"]
    assert 'Hidden slots need a value: "token".' in page.text
    page = impact(pages, solution, **{"value-token": '"secret"'})
    assert page.texts(".figure b") == ["3", "0", "0"]
    page = force(pages, solution, page)
    assert page.status == 200
    assert page.address.startswith("/console/runs/")
    assert "Roll-out" in page.title
    assert "secret" not in page.response.text
    assert len(store.find(solutionId=solution, hasNewerVersion=False)) == 3


def test_a_worker_rolls_out_if_there_is_one(pages: Pages, store: Store, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO procrastinate_workers DEFAULT VALUES")
    solution = store.published(config=[CHANNEL])
    instance = store.instance(solution, config={"channel": '"a"'})
    store.publish(solution)
    page = force(pages, solution, impact(pages, solution))
    assert store.get(instance).release == 1
    assert work(engine) == 1
    assert store.get(instance).release == 2
    assert pages.get(page.address).status == 200


def test_a_roll_out_that_is_too_large_for_the_queue_is_refused_without_words_of_services(
    store: Store, engine: Engine
) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO procrastinate_workers DEFAULT VALUES")
    pages = Pages.of(create_app(Settings(secret_key=SECRET_KEY, max_queued_bytes=100), engine))
    solution = store.published(config=[CHANNEL])
    store.instance(solution, config={"channel": '"a"'})
    store.publish(solution)
    page = force(pages, solution, impact(pages, solution))
    assert page.status == 413
    assert "more than 50 bytes, compressed, the most that can wait for a worker." in page.text
    assert "Prefer" not in page.text


def test_a_plan_that_has_changed_since_it_was_shown_is_not_done(pages: Pages, store: Store) -> None:
    solution = store.published(config=[CHANNEL])
    instance = store.instance(solution, config={"channel": '"a"'})
    store.publish(solution)
    page = impact(pages, solution)
    store.update(instance, held=True)
    page = force(pages, solution, page)
    assert (page.status, page.title) == (409, "Roll out: Support")
    assert "the plan has changed" in page.text
    assert "If-Match" not in page.text
    assert store.get(instance).release == 1


def test_a_release_is_rolled_back_with_a_warning(pages: Pages, store: Store) -> None:
    solution = store.published(config=[CHANNEL])
    store.republish(solution, config=[CHANNEL, config_slot("more", mandatory="false")])
    instance = store.instance(solution, config={"channel": '"a"', "more": '"b"'})
    page = pages.get(at(solution) + "?target=1")
    assert page.title == "Roll back: Support"
    page = pages.send(page, at(solution), do="impact")
    assert "This rolls instances back to release 1" in page.text
    assert force(pages, solution, page).status == 200
    assert (store.get(instance).release, store.get(instance).config) == (1, {"channel": '"a"'})


def test_instances_are_selected(pages: Pages, store: Store) -> None:
    solution = store.set(*slots(config=[CHANNEL]), "<TagList><tag>crm</tag></TagList>")
    store.publish(solution)
    owner = store.user("Ann")
    store.instance(solution, owner, "Ann's")
    store.instance(solution, name="Bob's")
    store.publish(solution)
    assert [row[0] for row in impact(pages, solution, owner=owner).rows()] == ["Ann's"]
    assert len(impact(pages, solution, tags="crm", percent="100").rows()) == 2
    assert "No instance is selected" in impact(pages, solution, tags="crm, other").text


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("percent", "0", "must be a whole number from 1 to 100"),
        ("percent", "many", "must be a whole number from 1 to 100"),
        ("percent", "9" * 5000, "must be a whole number from 1 to 100"),
        ("owner", "nobody", "is not found"),
        ("value-token", "not JSON", 'The value of config slot "token" is not JSON'),
    ],
)
def test_faults_are_shown_beside_their_fields(pages: Pages, store: Store, field: str, value: str, reason: str) -> None:
    solution = store.published(config=[config_slot("token", hidden="true")])
    page = impact(pages, solution, **{field: value})
    assert (page.status, page.texts(".reason")) == (422, [reason])
    assert page.form(at(solution))[field] == value


def test_a_value_for_a_slot_that_does_not_exist_is_refused(pages: Pages, store: Store) -> None:
    solution = store.published(config=[CHANNEL])
    given = {**pages.get(at(solution)).form(at(solution)), "do": "force", "target": "9", "value-channel": '"a"'}
    assert pages.post(at(solution), given).status_code == 422
    assert pages.post(at(solution), {**given, "target": "", "value-none": "1"}).status_code == 422


def test_a_fault_of_a_slot_that_the_chosen_release_lacks_is_shown_above_the_form(pages: Pages, store: Store) -> None:
    solution = store.published(config=[CHANNEL])
    store.republish(solution, config=[CHANNEL, config_slot("token", hidden="true")])
    page = impact(pages, solution, **{"value-token": '"secret"', "target": "1"})
    assert (page.status, page.texts(".reason")) == (422, [])
    assert page.texts("[role=alert]") == ['Release 1 has no config slot "token"']
    given = {"solutionId": solution, "targetReleaseNumber": "1"}
    reply = store.reply_to("UpdateSolutionInstances", *values({"token": '"secret"'}), **given)
    assert (
        reply.text("errorMessage") == 'ConfigValueList/ConfigValue[1]/externalId: Release 1 has no config slot "token"'
    )


def test_a_value_that_only_a_later_release_accepts_is_refused_beside_its_field(pages: Pages, store: Store) -> None:
    solution = store.published(config=[config_slot("token", hidden="true", type="integer")])
    store.republish(solution, config=[config_slot("token", hidden="true", type="string")])
    page = impact(pages, solution, **{"value-token": '"secret"', "target": "1"})
    assert page.status == 422
    (reason,) = page.texts(".reason")
    assert reason.endswith("release 2 accepts it")
    assert page.texts("[role=alert]") == ["Nothing was done. See the marked fields."]


def test_a_solution_without_a_release_says_what_to_do(pages: Pages, store: Store) -> None:
    solution = store.set()
    page = pages.get(at(solution))
    assert page.texts(".empty a") == ["Publish draft"]
    given = {**pages.get("/console").form("/console/sign-out"), "do": "impact"}
    assert pages.post(at(solution), given).status_code == 422


@pytest.mark.ledger("DEC-391")
def test_a_long_plan_is_shown_in_part_and_its_file_has_all(pages: Pages, store: Store, engine: Engine) -> None:
    solution = store.published(config=[CHANNEL])
    multiply(engine, store.instance(solution, config={"channel": '"a"'}), MOST_SHOWN + 2)
    store.publish(solution)
    page = impact(pages, solution)
    assert len(page.rows()) == MOST_SHOWN
    assert page.texts("#planned header > *") == ["502 instances", "The first 500 are shown; the CSV file has all."]
    planned = cells(press(pages, solution, page, "csv"))
    assert on_releases(engine) == {1: MOST_SHOWN + 2}, "the file changes nothing"
    assert len(planned) == len({row[0] for row in planned}) == MOST_SHOWN + 2
    assert {tuple(row[1:2] + row[3:]) for row in planned} == {("Mine", "1", "2", "update", "", "")}
    run = force(pages, solution, page)
    assert on_releases(engine) == {2: MOST_SHOWN + 2}
    assert cells(pages.client.get(f"{run.address}/updates.csv")) == planned
    seen, following = len(run.rows("#rows table")), run.tree.cssselect("a[rel=next]")
    while following:
        more = pages.get(following[0].get("href", ""))
        seen, following = seen + len(more.rows("#rows table")), more.tree.cssselect("a[rel=next]")
    assert seen == MOST_SHOWN + 2, "the page of the run shows all of them page by page"


@pytest.mark.ledger("DEC-391")
def test_the_file_says_why_an_instance_stays_and_what_its_user_has_to_fill(pages: Pages, store: Store) -> None:
    solution = shop(store)
    found = store.done("GetSolutionInstances", solutionId=solution)
    held = found.text("SolutionInstanceList/SolutionInstance/solutionInstanceId") or ""
    store.update(held, held=True)
    store.set(*slots(config=[CHANNEL, TOKEN, config_slot("team")]), solution=solution)
    store.publish(solution)
    page = impact(pages, solution, **{"value-token": '"secret"'})
    assert page.texts("#planned h3") == ["3 instances"]
    response = press(pages, solution, page, "csv")
    assert "secret" not in response.text
    planned = cells(response)
    assert [row[5:] for row in planned if row[0] == held] == [["warning", "", "The instance is on hold"]]
    assert [row[5:] for row in planned if row[0] != held] == [["upgrade", "team", ""]] * 2
    run = force(pages, solution, page)
    assert cells(pages.client.get(f"{run.address}/updates.csv")) == planned


@pytest.mark.ledger("DEC-391")
@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20"])
def test_a_name_that_looks_like_a_formula_is_a_text_in_a_spreadsheet(pages: Pages, store: Store, first: str) -> None:
    solution = store.published()
    name = f'{first}SUM(1,"2")'
    store.instance(solution, name=name)
    store.publish(solution)
    page = impact(pages, solution)
    assert page.rows()[0][0] == name
    assert [row[1] for row in cells(press(pages, solution, page, "csv"))] == [f"'{name}"]
    run = force(pages, solution, page)
    assert [row[1] for row in cells(pages.client.get(f"{run.address}/updates.csv"))] == [f"'{name}"]


def test_a_slot_with_password_in_its_name_gets_its_value(pages: Pages, store: Store) -> None:
    solution = store.published()
    instance = store.instance(solution)
    store.republish(solution, config=[config_slot("db-password", hidden="true")])
    page = impact(pages, solution, **{"value-db-password": '"secret"'})
    assert page.texts(".figure b") == ["1", "0", "0"]
    assert force(pages, solution, page).status == 200
    assert store.get(instance).config == {"db-password": '"secret"'}
    refused = impact(pages, solution, **{"value-db-password": "not JSON"})
    assert refused.form(at(solution))["value-db-password"] == "not JSON"


@pytest.mark.parametrize("has_worker", [False, True])
def test_a_roll_out_that_was_shown_is_built_once(
    pages: Pages, store: Store, engine: Engine, statements: Statements, *, has_worker: bool
) -> None:
    if has_worker:
        be_alive(engine)
    solution = store.published(config=[CHANNEL])
    store.instance(solution, config={"channel": '"a"'})
    store.publish(solution)
    page = impact(pages, solution)
    with statements.sent() as sent:
        assert press(pages, solution, page, "force").status_code == 303
    assert sum("FROM solution_release" in each for each in sent) == 1
