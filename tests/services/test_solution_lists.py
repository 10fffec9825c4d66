"""ListSolutions, ListSolutionReleases and CompareSolutionReleases."""

from __future__ import annotations

import pytest

from tests.support.http import ADMIN, Reply
from tests.support.solution_store import Store, auth_slot, changes, config_slot, leaves, slots

NOBODY = "00000000-0000-4000-8000-000000000000"


def ids(reply: Reply) -> list[str | None]:
    return [each.findtext("solutionId") for each in reply.tree.iterfind("SolutionList/Solution")]


def numbers(reply: Reply) -> list[str | None]:
    return [each.findtext("releaseNumber") for each in reply.tree.iterfind("ReleaseList/Release")]


def released(store: Store, count: int) -> str:
    """A solution with some releases, each with one more optional slot; its draft is as the last of them."""
    solution = store.set(title="S")
    for number in range(1, count + 1):
        config = [config_slot(f"c{each}", mandatory=False) for each in range(1, number + 1)]
        store.set(*slots(config=config), solution=solution, title=f"S {number}")
        store.publish(solution, releaseNotes=f"Notes {number}")
    return solution


def test_solutions_are_listed_by_age_in_pages(store: Store) -> None:
    solutions = [store.set(title=f"S{number}") for number in range(5)]
    first = store.done("ListSolutions", pageSize=2)
    assert (ids(first), first.text("solutionIdAfter")) == (solutions[:2], solutions[1])
    second = store.done("ListSolutions", pageSize=2, solutionIdAfter=solutions[1])
    assert (ids(second), second.text("solutionIdAfter")) == (solutions[2:4], solutions[3])
    last = store.done("ListSolutions", pageSize=2, solutionIdAfter=solutions[3].upper())
    assert (ids(last), last.text("solutionIdAfter")) == (solutions[4:], None)
    assert ids(store.done("ListSolutions", pageSize=5)) == solutions


def test_only_solutions_with_all_of_the_tags(store: Store) -> None:
    both = store.set(leaves("TagList", "tag", ["a", "b"]), title="both")
    one = store.set(leaves("TagList", "tag", ["a"]), title="one")
    store.set(title="none")
    assert ids(store.done("ListSolutions", leaves("TagList", "tag", ["a"]))) == [both, one]
    assert ids(store.done("ListSolutions", leaves("TagList", "tag", ["a", "b"]))) == [both]
    assert ids(store.done("ListSolutions", leaves("TagList", "tag", ["c"]))) == []


@pytest.mark.parametrize("unknown", [NOBODY, "no id"])
def test_a_page_after_an_unknown_solution(store: Store, unknown: str) -> None:
    assert store.faults("ListSolutions", solutionIdAfter=unknown) == ["solutionIdAfter"]


def test_releases_are_listed_with_publisher_time_notes_and_changes(store: Store) -> None:
    solution = released(store, 2)
    newest, oldest = store.done("ListSolutionReleases", solutionId=solution).tree.iterfind("ReleaseList/Release")
    shown = {element.tag: element.text for element in newest}
    assert (shown["releaseNumber"], shown["title"], shown["releaseNotes"]) == ("2", "S 2", "Notes 2")
    assert (shown["publishedBy"], shown["breakingChanges"]) == (ADMIN, "false")
    assert shown["publishedAt"] is not None
    assert [change.findtext("externalId") for change in newest.iterfind("SlotChangeList/SlotChange")] == ["c2"]
    assert [change.findtext("externalId") for change in oldest.iterfind("SlotChangeList/SlotChange")] == ["c1"]


def test_releases_come_in_pages_newest_first(store: Store) -> None:
    solution = released(store, 3)
    first = store.done("ListSolutionReleases", solutionId=solution, pageSize=2)
    assert (numbers(first), first.text("releaseNumberBefore")) == (["3", "2"], "2")
    rest = store.done("ListSolutionReleases", solutionId=solution, pageSize=2, releaseNumberBefore=2)
    assert (numbers(rest), rest.text("releaseNumberBefore")) == (["1"], None)
    (first_release,) = rest.tree.iterfind("ReleaseList/Release")
    assert [change.findtext("externalId") for change in first_release.iterfind("SlotChangeList/SlotChange")] == ["c1"]


def test_any_two_releases_are_compared(store: Store) -> None:
    solution = released(store, 3)
    there = store.done("CompareSolutionReleases", solutionId=solution, releaseNumberFrom=1, releaseNumberTo=3)
    assert [change.split()[1] for change in changes(there)] == ["c2", "c3"]
    back = store.done("CompareSolutionReleases", solutionId=solution, releaseNumberFrom=3, releaseNumberTo=2)
    assert len(changes(back)) == 1
    assert (back.text("releaseNumberFrom"), back.text("releaseNumberTo")) == ("3", "2")
    assert changes(store.done("CompareSolutionReleases", solutionId=solution)) == []


@pytest.mark.ledger("DEC-147")
def test_without_numbers_the_comparison_is_what_publishing_would_change(store: Store) -> None:
    own = store.authentication(None, scopes=["a"])
    solution = store.set(*slots(auth=[auth_slot("x", authenticationId=own)]), title="S")
    first = store.done("CompareSolutionReleases", solutionId=solution)
    assert (first.text("releaseNumberFrom"), first.text("releaseNumberTo")) == (None, None)
    assert first.text("breakingChanges") == "false"
    store.publish(solution)
    config = [config_slot("c", hidden=True)]
    store.set(*slots(auth=[auth_slot("x", authenticationId=own)], config=config), solution=solution)
    compared = store.done("CompareSolutionReleases", solutionId=solution)
    preview = store.done("PreviewSolutionRelease", solutionId=solution)
    assert changes(compared) == changes(preview) != []
    judged = ("breakingChanges", "requiresNewUserInput", "requiresNewSystemInput")
    assert [compared.text(name) for name in judged] == [preview.text(name) for name in judged]
    assert [compared.text(name) for name in judged] == ["true", "false", "true"]


def test_unknown_solutions_and_releases_are_faults(store: Store) -> None:
    solution = released(store, 1)
    assert store.faults("ListSolutionReleases", solutionId=NOBODY) == ["solutionId"]
    assert store.faults("CompareSolutionReleases", solutionId="") == ["solutionId"]
    assert store.faults("CompareSolutionReleases", solutionId=solution, releaseNumberFrom=2) == ["releaseNumberFrom"]
    assert store.faults("CompareSolutionReleases", solutionId=solution, releaseNumberTo=7) == ["releaseNumberTo"]


@pytest.mark.parametrize("service", ["ListSolutions", "ListSolutionReleases", "CompareSolutionReleases"])
def test_only_users_with_administer_solutions_may_ask(store: Store, service: str) -> None:
    solution = released(store, 1)
    given = {} if service == "ListSolutions" else {"solutionId": solution}
    nobody = Store(store.client.as_user(None))
    assert nobody.reply_to(service, **given).number == 101
