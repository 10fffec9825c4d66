"""The page that publishes a draft says when instances move to the release."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.settings import Settings
from tests.support.pages import Page, Pages
from tests.support.solution_store import Store, config_slot, slots, workflow

DELAY = timedelta(seconds=Settings().lazy_update_delay)
NIGHTLY = workflow("sync", sourceWorkflowName="Sync", trigger="scheduled", schedule="0 3 * * *")
TEAM = config_slot("team", mandatory="false")
NEEDS_TEAM = config_slot("team")


def publishing(pages: Pages, solution: str) -> Page:
    return pages.get(f"/console/solutions/{solution}/publish")


def times(page: Page) -> list[datetime]:
    """The times in the notice about instances."""
    found = page.tree.cssselect(".notice[role=status] time")
    return [datetime.fromisoformat(each.get("datetime", "")) for each in found]


def is_night(moment: datetime) -> bool:
    """Whether a time is the next run of the nightly workflow after the delay."""
    ahead = moment - datetime.now(UTC) - DELAY
    return (moment.hour, moment.minute) == (3, 0) and timedelta(minutes=-1) < ahead <= timedelta(days=1)


def is_after_the_delay(moment: datetime, began: datetime) -> bool:
    return began.replace(microsecond=0) + DELAY <= moment <= datetime.now(UTC) + DELAY


@pytest.mark.ledger("UVU-8", "UVU-9")
def test_without_a_schedule_instances_move_after_the_delay(pages: Pages, store: Store) -> None:
    solution = store.published(config=[TEAM])
    store.instance(solution)
    began = datetime.now(UTC)
    (moment,) = times(publishing(pages, solution))
    assert is_after_the_delay(moment, began)


@pytest.mark.ledger("UVU-8", "UVU-9")
def test_with_a_scheduled_workflow_instances_move_at_its_next_run(pages: Pages, store: Store) -> None:
    solution = store.published(config=[TEAM], workflows=[NIGHTLY])
    store.instance(solution)
    (moment,) = times(publishing(pages, solution))
    assert is_night(moment)


def test_without_instances_that_move_no_time_is_shown(pages: Pages, store: Store) -> None:
    solution = store.published(config=[TEAM])
    assert times(publishing(pages, solution)) == []
    store.instance(solution)
    store.set(*slots(config=[NEEDS_TEAM]), solution=solution)
    assert times(publishing(pages, solution)) == []


class TestOnTwoReleases:
    """One release without a schedule, and one with a nightly workflow. The draft makes a setting mandatory, so that
    instances without a value for it need an upgrade."""

    @pytest.fixture
    def solution(self, store: Store) -> str:
        """A solution with one instance on each release, of which only the one with the nightly workflow moves."""
        solution = store.published(config=[TEAM])
        store.instance(solution)
        self.complete = store.instance(solution, config={"team": '"a"'})
        store.republish(solution, config=[TEAM], workflows=[NIGHTLY])
        store.instance(solution, config={"team": '"b"'})
        store.set(*slots(config=[NEEDS_TEAM], workflows=[NIGHTLY]), solution=solution)
        return solution

    def test_the_first_and_the_last_time_are_shown_beside_an_upgrade(self, pages: Pages, solution: str) -> None:
        began = datetime.now(UTC)
        page = publishing(pages, solution)
        assert "1 instance does not move to release 3 before somebody gives what it asks for." in page.text
        assert "2 move by themselves, from" in page.text
        first, last = times(page)
        assert is_after_the_delay(first, began)
        assert is_night(last)

    def test_a_release_whose_instances_do_not_move_has_no_time(self, pages: Pages, store: Store, solution: str) -> None:
        store.done("RemoveSolutionInstance", solutionInstanceId=self.complete)
        page = publishing(pages, solution)
        assert "1 moves by itself, from" in page.text
        (moment,) = times(page)
        assert is_night(moment)

    def test_an_instance_on_hold_has_no_time(self, pages: Pages, store: Store, solution: str) -> None:
        store.update(self.complete, held=True)
        page = publishing(pages, solution)
        assert "1 moves by itself, from" in page.text
        (moment,) = times(page)
        assert is_night(moment)
