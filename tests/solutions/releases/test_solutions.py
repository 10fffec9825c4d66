"""Drafts, releases and contents in the database."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from app.errors import UserError
from app.solutions.content.model import AuthSlot, ConfigSlot, ConfigType, Content, Ddl, Trigger, Workflow
from app.solutions.listing import read_places
from app.solutions.releases.contents import read_contents
from app.solutions.releases.solutions import (
    CustomField,
    Solution,
    SolutionDraft,
    read_releases,
    read_solution,
    read_solutions,
    set_draft,
    solution_listing,
)
from app.solutions.rollout.publishing import publish

CONTENT = Content(
    (AuthSlot("slack", "Slack", "slack", "2.0", "production", frozenset({"read", "write"}), hidden=True),),
    (
        ConfigSlot("channel", type=ConfigType.DDL, ddl=Ddl("slack", "2.0", "list", '{"a": "\\u0000"}', "slack")),
        ConfigSlot("email", default_value='"a"', mandatory=False),
    ),
    (Workflow("w", "Nightly", Trigger.SCHEDULED, "0 2 * * *"), Workflow("v", trigger=Trigger.WEBHOOK)),
)


def make(engine: Engine, title: str = "Support", tags: tuple[str, ...] = ()) -> str:
    with engine.begin() as connection:
        parts = (CONTENT.auth_slots, CONTENT.config_slots, CONTENT.workflows)
        return set_draft(connection, SolutionDraft(None, title, None, tags, None, *parts)).solution_id


def release(engine: Engine, solution: str) -> int:
    with engine.begin() as connection:
        return publish(connection, None, solution, None).release_number


def read(engine: Engine, solution: str) -> Solution:
    with engine.connect() as connection:
        return read_solution(connection, solution)


def at_once(jobs: list[Callable[[], object]]) -> None:
    with ThreadPoolExecutor(len(jobs)) as pool:
        for done in [pool.submit(job) for job in jobs]:
            done.result()


@pytest.mark.ledger("UVU-4", "UVU-5", "UVU-6")
def test_a_content_is_read_as_it_was_given(engine: Engine) -> None:
    solution = make(engine)
    assert read(engine, solution).draft == CONTENT
    release(engine, solution)
    with engine.connect() as connection:
        assert read_contents(connection, solution) == {1: CONTENT}


def test_contents_are_read_for_all_releases_or_for_some(engine: Engine) -> None:
    solution, other = make(engine), make(engine)
    for _ in range(3):
        release(engine, solution)
    release(engine, other)
    with engine.connect() as connection:
        assert sorted(read_contents(connection, solution)) == [1, 2, 3]
        assert sorted(read_contents(connection, solution.upper(), [3, 1, 7])) == [1, 3]
        assert read_contents(connection, solution, []) == {}
        assert read_contents(connection, "none") == {}


@pytest.mark.ledger("UVU-1")
def test_a_release_never_changes(engine: Engine) -> None:
    release(engine, make(engine))
    with pytest.raises(DBAPIError, match="is published"), engine.begin() as connection:
        connection.execute(text("UPDATE solution_release SET notes = 'other'"))


def test_publications_at_once_are_numbered_without_gaps(engine: Engine) -> None:
    solution = make(engine)
    at_once([partial(release, engine, solution)] * 8)
    with engine.connect() as connection:
        assert [known.number for known in read_releases(connection, solution)] == list(range(8, 0, -1))
        assert read_solution(connection, solution).latest_release_number == 8


def test_changes_of_a_draft_at_once_are_all_kept(engine: Engine) -> None:
    solution = make(engine)

    def change(**parts: object) -> None:
        with engine.begin() as connection:
            set_draft(connection, SolutionDraft(solution, **parts))  # type: ignore[arg-type]

    slots, tags, fields = (ConfigSlot("new"),), ("x",), (CustomField("k", "v"),)
    given = ({"title": "New"}, {"config_slots": slots}, {"tags": tags}, {"custom_fields": fields}, {"held": True})
    at_once([partial(change, **parts) for parts in given])
    found = read(engine, solution)
    assert (found.title, found.draft.config_slots, found.tags) == ("New", slots, tags)
    assert (found.custom_fields, found.held, found.draft.auth_slots) == (fields, True, CONTENT.auth_slots)


def test_a_publication_that_is_undone_leaves_no_gap(engine: Engine) -> None:
    solution = make(engine)
    with engine.connect() as connection:
        publish(connection, None, solution, None)
        connection.rollback()
    assert read(engine, solution).latest_release_number == 0
    assert release(engine, solution) == 1


@pytest.mark.ledger("DEC-93")
def test_solutions_are_listed_by_tags_and_whether_they_are_published(engine: Engine) -> None:
    one, two = make(engine, "One", ("crm", "mail")), make(engine, "Two", ("crm",))
    three = make(engine, "Three")
    release(engine, two)

    def listed(tags: tuple[str, ...] = (), *, published: bool = False) -> list[str]:
        with engine.connect() as connection:
            places = read_places(connection, solution_listing(tags, published=published), 10)
        return [str(place.identifier) for place in places]

    assert listed() == [one, two, three]
    assert listed(("crm",)) == [one, two]
    assert listed(("mail", "crm")) == [one]
    assert listed(published=True) == [two]


def test_solutions_are_read_by_their_ids_the_oldest_first(engine: Engine) -> None:
    one, _, three = make(engine, "One"), make(engine, "Two"), make(engine, "Three")
    with engine.connect() as connection:
        assert [found.title for found in read_solutions(connection, [three, one, "none"])] == ["One", "Three"]
        assert read_solutions(connection, []) == []


def test_characters_that_no_text_can_hold_are_a_fault(engine: Engine) -> None:
    with engine.connect() as connection, pytest.raises(UserError) as raised:
        set_draft(connection, SolutionDraft(title="a\0b", description="\ud800", tags=("\0",), config_slots=()))
    assert [fault.field for fault in raised.value.faults] == ["title", "description", "tags.0"]
