"""Pages of the lists follow the Relay specification, whatever is added or removed, and are read without the rest."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from typing import Any, TypeAlias

import pytest
from sqlalchemy import Connection, Engine, event, text

from app.graphql.paging import Page, Paging, cursor, read_page
from app.solutions.listing import ListPlace, read_places
from app.solutions.people.external_users import UserFilter, create_external_user, remove_external_user, user_listing
from tests.graphql.client import GraphQL, nodes
from tests.support.solution_store import Store

INFO = ("startCursor", "endCursor", "hasNextPage", "hasPreviousPage")
LISTS = {
    "users": ("external_user", "user_identifier"),
    "solutions": ("solution", "solution_identifier"),
    "solutionInstances": ("solution_instance", "instance_identifier"),
    "authentications": ("authentication", "authentication_identifier"),
}

Fill: TypeAlias = Callable[[str, int], list[str]]


def listed(client: GraphQL, name: str, arguments: str, more: str = "") -> dict[str, Any]:
    """A page of a list."""
    selection = f"{name}({arguments}) {{ {more} edges {{ node {{ id }} }} pageInfo {{ {' '.join(INFO)} }} }}"
    if name == "users":
        return dict(client.data(f"{{ {selection} }}")["users"])
    return client.viewer(selection)


@pytest.fixture
def fill(store: Store, engine: Engine) -> Fill:
    """Make entries of a list and return the ids of all, in its order."""

    one_more: dict[str, Callable[[], str]] = {
        "users": store.user,
        "solutions": store.published,
        "solutionInstances": lambda: store.instance(store.published()),
        "authentications": lambda: store.authentication(None),
    }

    def make(name: str, count: int) -> list[str]:
        for _ in range(count):
            one_more[name]()
        table, identifier = LISTS[name]
        with engine.connect() as connection:
            query = f"SELECT {identifier} FROM {table} ORDER BY created_at, {identifier}"
            return list(map(str, connection.execute(text(query)).scalars()))

    return make


@contextmanager
def rows_read(engine: Engine) -> Iterator[list[tuple[str, int]]]:
    """The statements that are sent while the context lasts, and the number of rows that each returns."""
    read: list[tuple[str, int]] = []

    def note(*arguments: Any) -> None:  # noqa: ANN401 - SQLAlchemy's
        read.append((arguments[2], arguments[1].rowcount))

    event.listen(engine, "after_cursor_execute", note)
    yield read
    event.remove(engine, "after_cursor_execute", note)


@pytest.mark.parametrize("name", LISTS)
def test_every_list_is_paged_forward_and_backward(master: GraphQL, engine: Engine, fill: Fill, name: str) -> None:
    """This also holds if all entries are of the same age."""
    fill(name, 5)
    with engine.begin() as connection:
        connection.execute(text(f"UPDATE {LISTS[name][0]} SET created_at = '2026-01-01'"))
    ids = fill(name, 0)
    there: list[list[str]] = []
    page: dict[str, Any] = {"pageInfo": {"hasNextPage": True}}
    arguments = "first: 2"
    while page["pageInfo"]["hasNextPage"]:
        page = listed(master, name, arguments)
        there.append([node["id"] for node in nodes(page)])
        arguments = f'first: 2, after: "{page["pageInfo"]["endCursor"]}"'
    assert there == [ids[:2], ids[2:4], ids[4:]]
    back = listed(master, name, f'last: 3, before: "{page["pageInfo"]["startCursor"]}"')
    assert [node["id"] for node in nodes(back)] == ids[1:4]
    assert (back["pageInfo"]["hasPreviousPage"], back["pageInfo"]["hasNextPage"]) == (True, True)


@pytest.mark.ledger("DEC-127")
def test_a_page_follows_one_whose_entries_have_been_removed(store: Store, anns: GraphQL, ann: str) -> None:
    """A client that removes the entries of a list page by page reaches its end, and meets each entry once."""
    solution = store.published()
    made = [store.instance(solution, ann) for _ in range(5)]
    seen: list[str] = []
    arguments, more = "first: 2", True
    while more:
        page = listed(anns, "solutionInstances", arguments)
        for node in nodes(page):
            anns.mutate("removeSolutionInstance", solutionInstanceId=node["id"])
            seen.append(node["id"])
        more, arguments = page["pageInfo"]["hasNextPage"], f'first: 2, after: "{page["pageInfo"]["endCursor"]}"'
    assert seen == made
    assert nodes(listed(anns, "solutionInstances", arguments)) == []


@pytest.mark.parametrize("name", LISTS)
def test_a_page_reads_no_more_of_its_list_than_it_has(master: GraphQL, engine: Engine, fill: Fill, name: str) -> None:
    ids = fill(name, 12)
    for arguments, found in (("first: 1", ids[0]), ("last: 1", ids[-1])):
        with rows_read(engine) as read:
            assert nodes(listed(master, name, arguments)) == [{"id": found}]
        assert read
        assert [statement for statement, rows in read if rows > 2 or "count(" in statement] == []


def test_the_total_is_counted_only_where_it_is_asked_for(master: GraphQL, engine: Engine, fill: Fill) -> None:
    fill("solutionInstances", 3)

    def counted(selected: str) -> int:
        with rows_read(engine) as read:
            listed(master, "solutionInstances", "first: 1", selected)
        return sum("count(" in statement for statement, _ in read)

    assert [counted(selected) for selected in ("", "totalCount @skip(if: true)", "totalCount")] == [0, 0, 1]


@pytest.mark.ledger("DEC-127")
def test_a_cursor_of_another_user_marks_a_place_without_revealing_entries(
    store: Store, ann: str, anns: GraphQL, as_user: Callable[[str], GraphQL]
) -> None:
    """A response has only the user's own entries, and is the same whether another user's entry exists or not."""
    solution, bob = store.published(), store.user("Bob")
    store.instance(solution, ann)
    bobs = store.instance(solution, bob)
    later = store.instance(solution, ann)
    bobs_cursor = listed(as_user(bob), "solutionInstances", "first: 1")["pageInfo"]["endCursor"]
    arguments = f'first: 9, after: "{bobs_cursor}"'
    document = listed(anns, "solutionInstances", arguments, "totalCount")
    assert (nodes(document), document["totalCount"]) == ([{"id": later}], 2)
    as_user(bob).mutate("removeSolutionInstance", solutionInstanceId=bobs)
    assert listed(anns, "solutionInstances", arguments, "totalCount") == document


@pytest.mark.ledger("DEC-127")
def test_a_cursor_that_no_list_returned_is_refused(master: GraphQL) -> None:
    identifier = "00000000-0000-4000-8000-000000000000"
    places = [
        identifier,
        f"2026-01-01T00:00:00.000000+00:00 {identifier[:-1]}",
        f"2026-01-01T00:00:00.000000 {identifier}",
        f"2026-01-01T00:00:00+00:00 {identifier}",
        f"2026-01-01T01:00:00.000000+01:00 {identifier}",
        f"2026-13-01T00:00:00.000000+00:00 {identifier}",
        f"0001-01-01T00:00:00.000000+14:00 {identifier}",
        f"2026-01-01T00:00:00.000000+00:00  {identifier}",
        f"2026-01-01T00:00:00.000000+00:00 {{{identifier}}}",
        f"now {identifier}",
        " ",
        "\0",
    ]
    right = coded(f"2026-01-01T00:00:00.000000+00:00 {identifier}")
    query = "query($given: String) { users(%s: $given) { edges { cursor } } }"
    for field in ("after", "before"):
        assert master.data(query % field, given=right) == {"users": {"edges": []}}
        for wrong in [*map(coded, places), right[:-4], f"{right}=", f" {right}", "\ud800", "ü"]:
            shown = master.error(query % field, given=wrong)
            assert shown == ("invalid_input", f"{field}: is not a cursor of this list"), wrong


def coded(place: str) -> str:
    """The cursor of a place, in the encoding of cursors."""
    return urlsafe_b64encode(place.encode()).decode()


@dataclass(frozen=True)
class Cut:
    """A page as the specification defines it ("ApplyCursorsToEdges", "EdgesToReturn", "HasNextPage", ...)."""

    places: Sequence[ListPlace]
    has_previous: bool
    has_next: bool


def cut(
    places: Sequence[ListPlace], first: int | None, last: int | None, after: ListPlace | None, before: ListPlace | None
) -> Cut:
    """If the entry of a cursor was removed, its place counts."""
    within = [place for place in places if (after is None or after < place) and (before is None or place < before)]
    # "If the server can efficiently determine that elements exist", it says so.
    has_previous = after is not None and places[0] <= after
    has_next = before is not None and before <= places[-1]
    if first is not None:
        return Cut(within[:first], has_previous, len(within) > first)
    if last is not None:
        return Cut(within[len(within) - min(last, len(within)) :], len(within) > last, has_next)
    return Cut(within, has_previous, has_next)


@pytest.mark.ledger("DEC-128")
def test_against_the_specification(engine: Engine) -> None:
    """Return all pages by cursors of present and removed entries, and of places before and after all entries."""
    with engine.begin() as connection:
        made = [create_external_user(connection, "Ann", str(number)) for number in range(5)]
        with engine.begin() as later:
            made += [create_external_user(later, "Bob", str(number)) for number in range(5, 7)]
    listing = user_listing(UserFilter())
    with engine.begin() as connection:
        known = read_places(connection, listing, 10)
        for gone in (known[0], known[3], known[6]):
            remove_external_user(connection, str(gone.identifier))
        places = read_places(connection, listing, 10)
        assert len(places) == 4
        counts = [(None, None), *((count, None) for count in range(6)), *((None, count) for count in range(6))]
        for (first, last), after, before in product(counts, [None, *known], [None, *known]):
            page = _read(connection, first, last, after, before)
            found = Cut(page.places, page.info.has_previous_page, page.info.has_next_page)
            assert found == cut(places, first, last, after, before), (first, last, after, before)
            ends = (page.info.start_cursor, page.info.end_cursor)
            assert ends == ((cursor(page.places[0]), cursor(page.places[-1])) if page.places else (None, None))


def _read(
    connection: Connection, first: int | None, last: int | None, after: ListPlace | None, before: ListPlace | None
) -> Page:
    given = [None if place is None else cursor(place) for place in (before, after)]
    paging = Paging(first, last, *given)
    return read_page(connection, user_listing(UserFilter()), paging)
