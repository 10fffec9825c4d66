"""The mutations, each in one transaction.

With a user token, objects of other users are not found, like objects that do not exist. The same holds for hidden
slots, which the system fills: their values are given with a master token.

`clientMutationId` is returned unchanged. A null field counts as absent.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn, TypeAlias

from ariadne import MutationType
from graphql import GraphQLResolveInfo
from sqlalchemy import Connection

from app.errors import UserError, not_found
from app.graphql.errors import NotAvailableError
from app.graphql.inputs import with_tokens_collapsed
from app.graphql.nodes import InstanceBatch, InstanceNode, service_and_version
from app.graphql.session import GraphQLSession, session_of
from app.solutions.instances.changing import create_instance, remove_instance, update_instance, upgrade_instance
from app.solutions.instances.reading import Instance, read_row
from app.solutions.instances.values import GivenValues
from app.solutions.people.authentications import (
    AuthenticationDraft,
    read_authentications,
    remove_authentication,
    set_authentication,
)
from app.solutions.people.external_users import create_external_user, remove_external_user, update_external_user
from app.solutions.people.tokens import authorize, create_authorization_code
from app.solutions.texts import identifier

Input: TypeAlias = dict[str, Any]
Payload: TypeAlias = dict[str, object]
OfMaster: TypeAlias = Callable[[Connection, Input], Payload]
OfBoth: TypeAlias = Callable[[GraphQLSession, Connection, str | None, Input], Instance]
OfUser: TypeAlias = Callable[[GraphQLSession, Connection, str, Input], Payload | Instance]

MUTATION = MutationType()


def _master(name: str) -> Callable[[OfMaster], OfMaster]:
    """Register a mutation that needs a master token."""

    def register(do: OfMaster) -> OfMaster:
        def resolve(_: object, info: GraphQLResolveInfo[Any], input: Input) -> Payload:
            session = session_of(info)
            session.require_master(name)
            return _done(session, do, input)

        MUTATION.set_field(name, resolve)
        return do

    return register


def _user(name: str) -> Callable[[OfUser], OfUser]:
    """Register a mutation that needs a user token."""

    def register(do: OfUser) -> OfUser:
        def resolve(_: object, info: GraphQLResolveInfo[Any], input: Input) -> Payload:
            session = session_of(info)
            owner = session.end_user(name)
            return _done(session, lambda connection, given: do(session, connection, owner, given), input)

        MUTATION.set_field(name, resolve)
        return do

    return register


def _both(name: str) -> Callable[[OfBoth], OfBoth]:
    """Register a mutation of an instance that takes both kinds of tokens; its owner is None with a master token."""

    def register(do: OfBoth) -> OfBoth:
        def resolve(_: object, info: GraphQLResolveInfo[Any], input: Input) -> Payload:
            session = session_of(info)
            return _done(session, lambda connection, given: do(session, connection, session.token.owner, given), input)

        MUTATION.set_field(name, resolve)
        return do

    return register


def _done(session: GraphQLSession, do: Callable[[Connection, Input], Payload | Instance], given: Input) -> Payload:
    with session.engine.begin() as connection:
        done = do(connection, with_tokens_collapsed(given))
    payload = {"solution_instance": _node(session, done)} if isinstance(done, Instance) else done
    return {**payload, "client_mutation_id": given.get("client_mutation_id")}


def _node(session: GraphQLSession, instance: Instance) -> InstanceNode:
    return InstanceBatch(session, [instance]).nodes[0]


@_user("createSolutionInstance")
def _create_instance(session: GraphQLSession, connection: Connection, owner: str, given: Input) -> Instance:
    values = _values(given)
    return create_instance(
        connection,
        given["solution_id"],
        owner,
        given["instance_name"],
        values.config_values,
        values.auth_values,
        by_end_user=True,
        limits=session.limits,
    )


@_both("updateSolutionInstance")
def _update_instance(session: GraphQLSession, connection: Connection, owner: str | None, given: Input) -> Instance:
    values = _values(given)
    return update_instance(
        connection,
        _instance(connection, owner, given),
        name=given.get("instance_name"),
        enabled=given.get("enabled"),
        config_values=values.config_values,
        auth_values=values.auth_values,
        error_on_enabling_with_missing_values=bool(given.get("error_on_enabling_with_missing_values")),
        by_end_user=owner is not None,
        limits=session.limits,
    )


@_both("upgradeSolutionInstance")
def _upgrade_instance(session: GraphQLSession, connection: Connection, owner: str | None, given: Input) -> Instance:
    values, by_end_user = _values(given), owner is not None
    instance = _instance(connection, owner, given)
    return upgrade_instance(
        connection, instance, values.config_values, values.auth_values, by_end_user=by_end_user, limits=session.limits
    )


@_user("removeSolutionInstance")
def _remove_instance(_: GraphQLSession, connection: Connection, owner: str, given: Input) -> Payload:
    remove_instance(connection, _instance(connection, owner, given))
    return {}


@_user("createUserAuthentication")
def _create_authentication(session: GraphQLSession, connection: Connection, owner: str, given: Input) -> Payload:
    """`formData` would be shown again in a form of the wizard. It is not stored."""
    service, version = service_and_version(given["service_id"])
    draft = AuthenticationDraft(
        owner=owner,
        name=given["name"],
        service=service,
        service_version=version,
        service_environment=given["service_environment_id"],
        scopes=tuple(given.get("scopes") or ()),
        data=given["data"],
        hidden=bool(given.get("hidden")),
    )
    return {"authentication_id": set_authentication(connection, session.cipher, draft, session.limits)}


@_user("removeAuthentication")
def _remove_authentication(_: GraphQLSession, connection: Connection, owner: str, given: Input) -> Payload:
    authentication = identifier(given["authentication_id"])
    if authentication not in read_authentications(connection, owner=owner):
        raise UserError(not_found("authentication_id"))
    remove_authentication(connection, authentication)
    return {}


@_master("createExternalUser")
def _create_user(connection: Connection, given: Input) -> Payload:
    test = bool(given.get("is_test_user"))
    return {"user_id": create_external_user(connection, given["name"], given["external_user_id"], is_test_user=test)}


@_master("updateExternalUser")
def _update_user(connection: Connection, given: Input) -> Payload:
    update_external_user(
        connection,
        given["user_id"],
        name=given.get("name"),
        external_user_id=given.get("external_user_id"),
        is_test_user=given.get("is_test_user"),
    )
    return {}


@_master("removeExternalUser")
def _remove_user(connection: Connection, given: Input) -> Payload:
    remove_external_user(connection, given["user_id"])
    return {}


@_master("authorize")
def _authorize(connection: Connection, given: Input) -> Payload:
    return {"access_token": authorize(connection, given["user_id"])}


@_master("generateAuthorizationCode")
def _generate_code(connection: Connection, given: Input) -> Payload:
    return {"authorization_code": create_authorization_code(connection, given["user_id"])}


@MUTATION.field("callConnector")
def _call_connector(_: object, info: GraphQLResolveInfo[Any], input: Input) -> NoReturn:  # noqa: ARG001 - the library's signature
    """Documented for both kinds of tokens, but Relink has no connectors to call."""
    raise NotAvailableError("callConnector is not available: Relink runs no connectors")


def _instance(connection: Connection, owner: str | None, given: Input) -> str:
    """Return the id of the instance in the input, which must be the owner's if `owner` is given. The owner of an
    instance never changes."""
    row = read_row(connection, given["solution_instance_id"])
    if owner not in (None, row.owner):
        raise UserError(not_found("solution_instance_id"))
    return row.instance_id


def _values(given: Input) -> GivenValues:
    """Return the values of a mutation. Raises UserError if a value is null, or a slot is given twice."""
    config = [(value["external_id"], value.get("value")) for value in given.get("config_values") or ()]
    auth = [(value["external_id"], value["auth_id"]) for value in given.get("auth_values") or ()]
    return GivenValues.of(config, auth)
