"""The edition of a draft: SetSolution and PublishSolutionRelease refuse one that others have changed or published."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier

import pytest
from flask import Flask

from tests.support.http import ADMIN, PASSWORD, Reply
from tests.support.pages import Pages
from tests.support.solution_store import Store, config_slot, element, slots

pytestmark = pytest.mark.ledger("DEC-390")

NUMBER_OF_ROUNDS = 5


def edition_of(reply: Reply) -> str:
    """The edition in a response, which its `ETag` repeats."""
    edition = reply.text("solutionEdition") or ""
    assert reply.response.headers["ETag"] == f'"{edition}"'
    return edition


def read(store: Store, solution: str) -> str:
    return edition_of(store.done("GetSolution", solutionId=solution))


def with_if_match(store: Store, tag: str, name: str, **fields: str) -> Reply:
    return store.client.post(element(name, **fields), headers={"If-Match": tag})


def test_all_responses_about_a_draft_have_its_edition(store: Store) -> None:
    solution = store.set(*slots(config=[config_slot("a")]))
    first = read(store, solution)
    assert edition_of(store.done("PreviewSolutionRelease", solutionId=solution)) == first
    assert edition_of(store.done("SetSolution", solutionId=solution, held=True)) == first, "the draft is the same"
    second = edition_of(store.done("SetSolution", solutionId=solution, description="Better."))
    assert second == read(store, solution) != first
    third = edition_of(store.done("PublishSolutionRelease", solutionId=solution))
    assert third == read(store, solution) != second
    release = store.done("GetSolution", solutionId=solution, releaseNumber=1)
    assert (release.text("solutionEdition"), "ETag" in release.response.headers) == (None, False)


@pytest.mark.parametrize(
    "change",
    [
        {"title": "Other"},
        {"description": "Other"},
        {"tags": "<TagList><tag>crm</tag></TagList>"},
        {"fields": element("CustomFieldList", element("CustomField", key="k", value="v"))},
        {"slots": element("ConfigSlotList", config_slot("a", title="Other"))},
        {"flows": "<WorkflowList><Workflow><sourceWorkflowId>w</sourceWorkflowId></Workflow></WorkflowList>"},
        {"screens": "<ScreenList><Screen><title>One</title></Screen></ScreenList>"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_each_part_of_a_draft_counts(store: Store, change: dict[str, str]) -> None:
    solution = store.set(*slots(config=[config_slot("a")]))
    known = read(store, solution)
    content = [text for text in change.values() if text.startswith("<")]
    store.set(*content, solution=solution, **{name: text for name, text in change.items() if not text.startswith("<")})
    for name in ("SetSolution", "PublishSolutionRelease"):
        reply = store.reply_to(name, solutionId=solution, solutionEdition=known)
        assert (reply.status, reply.number) == (200, 106)
        assert "the draft was changed or published" in (reply.text("errorDescription") or "")
        assert with_if_match(store, f'"{known}"', name, solutionId=solution).status == 412
    assert store.done("GetSolution", solutionId=solution).text("latestReleaseNumber") == "0"


def test_a_refused_change_changes_nothing_and_the_next_edition_goes_on(store: Store) -> None:
    solution = store.set(description="Mine")
    known = read(store, solution)
    store.set(solution=solution, description="Theirs")
    given = {"solutionId": solution, "description": "Mine again"}
    assert store.reply_to("SetSolution", **given, solutionEdition=known).number == 106
    assert store.reply_to("SetSolution", **given, solutionEdition="another").number == 106
    found = store.done("GetSolution", solutionId=solution)
    assert found.text("description") == "Theirs"
    changed = store.done("SetSolution", **given, solutionEdition=edition_of(found))
    store.done("PublishSolutionRelease", solutionId=solution, solutionEdition=edition_of(changed))


def test_the_header_counts_as_the_element_does(store: Store) -> None:
    solution = store.set()
    for tag in (f'"{read(store, solution)}"', "*", read(store, solution)):
        assert with_if_match(store, tag, "SetSolution", solutionId=solution, title="Support").number == 0
    refused = with_if_match(store, '"another"', "PublishSolutionRelease", solutionId=solution)
    assert (refused.status, refused.number) == (412, 106)
    assert with_if_match(store, f'"{read(store, solution)}"', "PublishSolutionRelease", solutionId=solution).number == 0


def test_a_new_solution_has_no_edition_before(store: Store) -> None:
    store.done("SetSolution", title="New", solutionEdition="any")
    assert with_if_match(store, '"any"', "SetSolution", title="New").number == 0
    assert store.faults("SetSolution", solutionId="none", solutionEdition="any") == ["solutionId"]


def test_an_edition_in_json_and_in_parameters(store: Store, app: Flask) -> None:
    solution = store.set()
    client, known = app.test_client(), read(store, solution)
    given = {"solutionId": solution, "solutionEdition": known}
    changed = client.post("/servicejson/SetSolution", json={**given, "title": "By JSON"}, auth=(ADMIN, PASSWORD))
    edition = changed.get_json()["solutionEdition"]
    assert (changed.headers["ETag"], edition) == (f'"{edition}"', read(store, solution))
    for options in ({"json": given}, {"data": given}):
        refused = client.post("/servicejson/PublishSolutionRelease", auth=(ADMIN, PASSWORD), **options)
        assert refused.get_json()["errorNumber"] == 106, refused.text
    tag = {"If-Match": f'"{edition}"'}
    done = client.post(
        "/servicejson/PublishSolutionRelease", data={"solutionId": solution}, headers=tag, auth=(ADMIN, PASSWORD)
    )
    assert (done.get_json()["errorNumber"], done.get_json()["releaseNumber"]) == (0, 1)


def test_the_console_and_the_services_know_the_same_editions(store: Store, pages: Pages) -> None:
    solution = store.set()
    path = f"/console/solutions/{solution}/publish"
    page = pages.get(path)
    assert page.form(path)["edition"] == read(store, solution)
    assert "Release 1 is published" in pages.send(page, path).text
    again = pages.send(page, path)
    assert (again.status, again.title) == (412, "Publish draft as release 2")
    assert "the draft was changed or published since this page was shown" in again.text
    assert store.done("GetSolution", solutionId=solution).text("latestReleaseNumber") == "1"


@pytest.fixture
def pages(app: Flask) -> Pages:
    return Pages.of(app)


@pytest.fixture
def at_once() -> Iterator[Callable[..., list[Reply]]]:
    """The replies of calls that begin together."""
    with ThreadPoolExecutor(4) as threads:

        def replies(*calls: Callable[[], Reply]) -> list[Reply]:
            start = Barrier(len(calls))

            def call(each: Callable[[], Reply]) -> Reply:
                start.wait()
                return each()

            return [future.result() for future in [threads.submit(call, each) for each in calls]]

        yield replies


def test_of_changes_of_the_same_edition_at_once_one_is_made(store: Store, at_once: Callable[..., list[Reply]]) -> None:
    solution = store.set()
    for number in range(NUMBER_OF_ROUNDS):
        given = {"solutionId": solution, "solutionEdition": read(store, solution)}
        titles = [f"{letter}{number}" for letter in "abcd"]
        replies = at_once(*(partial(store.reply_to, "SetSolution", **given, title=title) for title in titles))
        assert sorted(reply.number for reply in replies) == [0, 106, 106, 106]
        (made,) = (title for title, reply in zip(titles, replies, strict=True) if reply.number == 0)
        assert store.done("GetSolution", solutionId=solution).text("title") == made


def test_the_same_draft_is_published_once(store: Store, at_once: Callable[..., list[Reply]]) -> None:
    solution = store.set()
    for number in range(1, NUMBER_OF_ROUNDS + 1):
        given = {"solutionId": solution, "solutionEdition": read(store, solution)}
        replies = at_once(*[partial(store.reply_to, "PublishSolutionRelease", **given)] * 3)
        assert sorted(reply.number for reply in replies) == [0, 106, 106]
        assert store.done("GetSolution", solutionId=solution).text("latestReleaseNumber") == str(number)


def test_a_release_has_the_content_of_the_edition_that_the_request_names(
    store: Store, at_once: Callable[..., list[Reply]]
) -> None:
    solution = store.set()
    for number in range(NUMBER_OF_ROUNDS):
        found = store.done("GetSolution", solutionId=solution)
        before, edition = found.text("title"), edition_of(found)
        given = {"solutionId": solution, "solutionEdition": edition}
        changed, published = at_once(
            partial(store.reply_to, "SetSolution", **given, title=f"t{number}"),
            partial(store.reply_to, "PublishSolutionRelease", **given),
        )
        assert sorted((changed.number, published.number)) == [0, 106]
        if published.number == 0:
            release = store.done("ListSolutionReleases", solutionId=solution, pageSize=1)
            assert store.done("GetSolution", solutionId=solution).text("title") == before
            assert release.text("ReleaseList/Release/releaseNumber") == published.text("releaseNumber")
