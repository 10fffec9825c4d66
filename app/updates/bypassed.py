"""What an update would bypass for a caller who may update none of the nodes: then no run is needed."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection

from app.errors import NotAuthorisedError
from app.identity.rights import Caller
from app.nodes.versions import Node, find_node
from app.runs.held import check_match
from app.updates.options import Options
from app.updates.update import UpdateResult, impact


def all_bypassed(
    connection: Connection, caller: Caller, context: Node, options: Options, if_match: str | None, *, why: bool
) -> UpdateResult | None:
    """Return the result of a force for a caller who may not begin a run. Nothing is changed or locked.

    Returns None if the rights of the caller have changed meanwhile, so that an update is possible. Raises
    NotAuthorisedError (101) for a caller who has not signed in, if the rights of `public` would allow an update, and
    PreconditionError if `if_match` is not the fingerprint of the plan.
    """
    node = find_node(connection, caller, context.identifier, None, "node")
    result = impact(connection, caller, node, options, why=why)
    check_match(result.fingerprint, if_match)
    if not result.updates:
        return replace(result, done=True)
    if not caller.is_signed_in:
        raise NotAuthorisedError("sign in to update nodes: without credentials only an impact is possible")
    return None
