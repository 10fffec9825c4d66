"""The queries. A user token sees only what is its user's own, whatever the criteria."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from ariadne import ObjectType, QueryType
from graphql import GraphQLResolveInfo

from app.database.engine import snapshot
from app.solutions.authentications import read_authentications
from app.solutions.external_users import ExternalUser, UserFilter, read_external_user, read_external_users
from app.solutions.graphql.nodes import Together, authentication_node, solution_nodes
from app.solutions.graphql.paging import MOST_PAGE, Page, Paging, cursor, page_of
from app.solutions.graphql.session import Session, session_of
from app.solutions.instance_reading import InstanceFilter, read_instance_ids, read_instances
from app.solutions.solutions import read_solutions
from app.solutions.texts import text_faults

Info: TypeAlias = GraphQLResolveInfo[Any]
Criteria: TypeAlias = dict[str, Any] | None

_query = QueryType()
_viewer = ObjectType("Viewer")
TYPES = [_query, _viewer]


@dataclass(frozen=True)
class UserDetails:
    """Who the owner of a token is. An end user has no mail address here, nor has the organisation."""

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
    with snapshot(session.engine) as connection:
        possible = _can_be(wanted.external_user_id, wanted.name)
        users = {user.user_id: user for user in read_external_users(connection, wanted)} if possible else {}
    page = _page(session, list(users), paging)
    return _connection(page, {user_id: _user_node(users[user_id]) for user_id in page.ids})


@_viewer.field("solutions")
def _solutions(_: object, info: Info, criteria: Criteria = None, **paging: Any) -> dict[str, object]:  # noqa: ANN401
    """The solutions that have a release."""
    session = session_of(info)
    session.require_master("solutions")
    tags = _given(criteria).get("tags", [])
    with snapshot(session.engine) as connection:
        solutions = read_solutions(connection, tags=tags, published=True) if _can_be(*tags) else []
        by_id = {solution.solution_id: solution for solution in solutions}
        page = _page(session, list(by_id), paging)
        return _connection(page, solution_nodes(connection, (by_id[solution_id] for solution_id in page.ids)))


@_viewer.field("solutionInstances")
def _instances(_: object, info: Info, criteria: Criteria = None, **paging: Any) -> dict[str, object]:  # noqa: ANN401
    session = session_of(info)
    given = _given(criteria)
    wanted = InstanceFilter(
        ids=(given["id"],) if "id" in given else None,
        owner=given.get("owner"),
        solution_id=given.get("solution_id"),
        name=given.get("name"),
    )
    if not session.token.is_master:
        wanted = replace(wanted, owner=session.end_user("solutionInstances"))
    with snapshot(session.engine) as connection:
        ids = read_instance_ids(connection, wanted) if _can_be(wanted.name) else []
        page = _page(session, ids, paging)
        instances, _total = read_instances(connection, InstanceFilter(ids=tuple(page.ids)), page_size=MOST_PAGE)
    nodes = {node.id: node for node in Together(session, instances).nodes}
    return {**_connection(page, nodes), "total_count": len(ids)}


@_viewer.field("authentications")
def _authentications(_: object, info: Info, **paging: Any) -> dict[str, object]:  # noqa: ANN401
    """Also those that are hidden: that is for the wizard, and whoever has the token may remove them."""
    session = session_of(info)
    owner = None if session.token.is_master else session.end_user("authentications")
    with snapshot(session.engine) as connection:
        found = read_authentications(connection, owner=owner)
    page = _page(session, list(found), paging)
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
    """The criteria that say something: null says nothing."""
    return {name: value for name, value in (criteria or {}).items() if value is not None}


def _can_be(*texts: str | None) -> bool:
    """Whether the store can have these texts: nothing has one that it would refuse."""
    return not any(text_faults("", text, most=len(text)) for text in texts if text is not None)


def _page(session: Session, ids: list[str], paging: dict[str, Any]) -> Page:
    page = page_of(ids, Paging(**paging))
    session.count_entries(len(page.ids))
    return page


def _connection(page: Page, nodes: dict[str, Any]) -> dict[str, object]:
    """A connection whose edges are in the order of the page."""
    edges = [{"node": nodes[key], "cursor": cursor(key)} for key in page.ids if key in nodes]
    return {"edges": edges, "page_info": page.info}
