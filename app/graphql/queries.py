"""The queries. A user token sees only its user's own objects, whatever the criteria."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from ariadne import ObjectType, QueryType
from graphql import GraphQLResolveInfo
from sqlalchemy import Connection

from app.database.engine import snapshot
from app.graphql.inputs import with_tokens_collapsed
from app.graphql.nodes import InstanceBatch, authentication_node, solution_nodes
from app.graphql.paging import Page, Paging, cursor, read_page
from app.graphql.session import GraphQLSession, session_of
from app.solutions.instances.reading import InstanceFilter, instance_listing, read_instances_of
from app.solutions.instances.values import bytes_of_values
from app.solutions.listing import Listing, count_all
from app.solutions.people.authentications import authentication_listing, read_authentications
from app.solutions.people.external_users import (
    ExternalUser,
    UserFilter,
    read_external_user,
    read_external_users,
    user_listing,
)
from app.solutions.releases.solutions import bytes_of_solutions, read_solutions, solution_listing
from app.solutions.texts import identifier, text_faults

Info: TypeAlias = GraphQLResolveInfo[Any]
Criteria: TypeAlias = dict[str, Any] | None

_query = QueryType()
_viewer = ObjectType("Viewer")
TYPES = [_query, _viewer]


@dataclass(frozen=True)
class UserDetails:
    """The owner of a token. Relink knows no mail address of an end user or of the organisation."""

    username: str
    name: str
    email: str = ""


@dataclass(frozen=True)
class UserNode:
    """An end user."""

    id: str
    name: str
    external_user_id: str
    is_test_user: bool


@_query.field("viewer")
def _resolve_viewer(_: object, __: Info) -> dict[str, object]:
    return {}


@_query.field("users")
def _users(_: object, info: Info, criteria: Criteria = None, **paging: Any) -> dict[str, object]:  # noqa: ANN401
    session = session_of(info)
    session.require_master("users")
    given = _given(criteria)
    wanted = UserFilter(
        given.get("user_id"), given.get("external_user_id"), given.get("name"), given.get("is_test_user")
    )
    listing = _listing(user_listing(wanted), wanted.external_user_id, wanted.name)
    with snapshot(session.engine) as connection:
        page = _page(session, connection, listing, paging)
        users = read_external_users(connection, page.ids)
    return _connection(page, {user_id: _user_node(user) for user_id, user in users.items()})


@_viewer.field("solutions")
def _solutions(_: object, info: Info, criteria: Criteria = None, **paging: Any) -> dict[str, object]:  # noqa: ANN401
    """Return the solutions that have a release."""
    session = session_of(info)
    session.require_master("solutions")
    tags = _given(criteria).get("tags", [])
    listing = _listing(solution_listing(tags, published=True), *tags)
    with snapshot(session.engine) as connection:
        page = _page(session, connection, listing, paging)
        session.budget.read(bytes_of_solutions(connection, page.ids))
        return _connection(page, solution_nodes(connection, read_solutions(connection, page.ids), sees_hidden=True))


@_viewer.field("solutionInstances")
def _instances(_: object, info: Info, criteria: Criteria = None, **paging: Any) -> dict[str, object]:  # noqa: ANN401
    session = session_of(info)
    given = _given(criteria)
    wanted = InstanceFilter(
        ids=_ids(given),
        owner=given.get("owner"),
        solution_id=given.get("solution_id"),
        name=given.get("name"),
    )
    if not session.token.is_master:
        wanted = replace(wanted, owner=session.end_user("solutionInstances"))
    listing = _listing(instance_listing(wanted), wanted.name)
    with snapshot(session.engine) as connection:
        page = _page(session, connection, listing, paging)
        with_values = not session.selected.isdisjoint(("configValues", "authValues"))
        if with_values:
            session.budget.read(bytes_of_values(connection, page.ids))
        instances = read_instances_of(connection, page.ids, with_values=with_values)
    nodes = {node.id: node for node in InstanceBatch(session, instances).nodes}

    # A function, which is called only if the query asks for it, since counting takes longer for a longer list.
    def total_count(_: Info) -> int:
        with snapshot(session.engine) as connection:
            return count_all(connection, listing)

    return {**_connection(page, nodes), "total_count": total_count}


@_viewer.field("authentications")
def _authentications(_: object, info: Info, **paging: Any) -> dict[str, object]:  # noqa: ANN401
    """Return authentications, including hidden ones: only the wizard hides them, and the token can remove them."""
    session = session_of(info)
    owner = None if session.token.is_master else session.end_user("authentications")
    with snapshot(session.engine) as connection:
        page = _page(session, connection, authentication_listing(owner), paging)
        found = read_authentications(connection, ids=page.ids)
    return _connection(page, {key: authentication_node(found[key]) for key in page.ids})


@_viewer.field("details")
def _details(_: object, info: Info) -> UserDetails:
    session = session_of(info)
    if session.token.is_master:
        return UserDetails("master", session.token.name or "master")
    with snapshot(session.engine) as connection:
        user = read_external_user(connection, session.end_user("details"))
    return UserDetails(user.external_user_id, user.name)


def _user_node(user: ExternalUser) -> UserNode:
    return UserNode(user.user_id, user.name, user.external_user_id, user.is_test_user)


def _given(criteria: Criteria) -> dict[str, Any]:
    """Return the criteria that are given. A criterion of null counts as absent."""
    return with_tokens_collapsed({name: value for name, value in (criteria or {}).items() if value is not None})


def _ids(given: dict[str, Any]) -> tuple[str, ...] | None:
    """Return the ids of the wanted instances, which must match both `id` and `ids`; None if neither is given."""
    if "id" not in given:
        return tuple(given["ids"]) if "ids" in given else None
    wanted = identifier(given["id"])
    return (given["id"],) if "ids" not in given or wanted in map(identifier, given["ids"]) else ()


def _listing(listing: Listing, *texts: str | None) -> Listing:
    """Return a list selected by texts. It is empty if the store would refuse one of them, since nothing can have it."""
    possible = not any(text_faults("", text, most=len(text)) for text in texts if text is not None)
    return listing if possible else replace(listing, condition="false")


def _page(session: GraphQLSession, connection: Connection, listing: Listing, paging: dict[str, Any]) -> Page:
    page = read_page(connection, listing, Paging(**paging))
    session.count_entries(len(page.places))
    return page


def _connection(page: Page, nodes: dict[str, Any]) -> dict[str, object]:
    """Return a connection whose edges are in the order of the page."""
    edges = [{"node": nodes[str(place.identifier)], "cursor": cursor(place)} for place in page.places]
    return {"edges": edges, "page_info": page.info}
