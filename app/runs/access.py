"""Who may begin a run, and who may read or cancel one.

A run holds its package, so it may be begun only by a user who has signed in and administers a node in its scope: a run
of any other caller could update nothing and would only keep others waiting.

The starter of a run, and those who may administer its context, may read its state and progress and may cancel it. Its
response and its outcomes hold what the starter could read, so only the starter may read them, and only while the
starter may read the context. A caller with administer-all may do all of this. A run whose record names no user has no
starter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection, text

from app.database.sql_files import sql_file
from app.errors import RelinkError
from app.identity import right
from app.identity.rights import Caller, rights_on
from app.nodes.versions import Node, find_node
from app.references import InvalidReferenceError, content_range, parse_version_reference
from app.runs.record import Run
from app.system_nodes import LAST_SYSTEM_IDENTIFIER

_SOURCE = "source_reference"

_NODES = text("""
    SELECT node_identifier, node_reference, owner_identifier FROM node
    WHERE node_identifier = ANY (:identifiers) OR node_reference = ANY (:references)
""")

_ADMINISTERS_CONTENT = text(sql_file("app.runs", "administers_content"))


def may_begin(connection: Connection, caller: Caller, context: Node, *, include_content: bool) -> bool:
    """Return whether a caller may begin a run on a node or, with `include_content`, on it and all its content."""
    if not caller.is_signed_in:
        return False
    if caller.administers_all or context.may(right.ADMINISTER):
        return True
    if not include_content:
        return False
    lower, upper = content_range(context.reference)
    wanted = {
        "lower": lower,
        "upper": upper,
        "last_system": LAST_SYSTEM_IDENTIFIER,
        "user": caller.user_identifier,
        "groups": list(caller.groups),
    }
    return bool(connection.execute(_ADMINISTERS_CONTENT, wanted).scalar_one())


def may_read_response(connection: Connection, caller: Caller, run: Run) -> bool:
    """Return whether a caller may read the response and the outcomes of a run."""
    return caller.administers_all or (has_started(caller, run) and _may_read_context(connection, caller, run))


def has_started(caller: Caller, run: Run) -> bool:
    """Return whether a caller is the starter of a run."""
    return caller.user_identifier is not None and caller.user_identifier == run.user_identifier


def _may_read_context(connection: Connection, caller: Caller, run: Run) -> bool:
    if run.solution_identifier is not None:
        return caller.administers_solutions
    return run.context_node_identifier is None or run.context_node_identifier in _readable(connection, caller, [run])


def may_see(connection: Connection, caller: Caller, run: Run) -> bool:
    """Return whether a caller may read the state of a run, and cancel it."""
    return caller.user_identifier is not None and (
        caller.administers_all or has_started(caller, run) or _may_administer(connection, caller, run)
    )


def _may_administer(connection: Connection, caller: Caller, run: Run) -> bool:
    """Return whether a caller may administer the context of a run. An import has none."""
    if run.solution_identifier is not None:
        return caller.administers_solutions
    if run.context_node_identifier is None:
        return False
    try:
        return find_node(connection, caller, run.context_node_identifier, None, "node").may(right.ADMINISTER)
    except RelinkError:
        return False


def as_readable(connection: Connection, caller: Caller, found: Sequence[Run]) -> list[Run]:
    """Return the runs as a caller may read them.

    The references of nodes that are deleted or that the caller may not read are left out, and so is the description of
    the error that ended a run, unless the caller started the run.
    """
    if caller.administers_all:
        return list(found)
    readable = _readable(connection, caller, found)
    return [_without_reason(caller, _without_references(run, readable)) for run in found]


def _without_reason(caller: Caller, run: Run) -> Run:
    """Return a run without the description of its error, which may name what its starter could read."""
    if not run.was_refused or has_started(caller, run):
        return run
    return replace(run, reason=f"the run ended with error {run.error_number}")


def _readable(connection: Connection, caller: Caller, found: Sequence[Run]) -> set[int | str]:
    """Return the identifiers and references of the nodes that the runs name and the caller may read."""
    wanted = {
        "identifiers": [run.context_node_identifier for run in found if run.context_node_identifier is not None],
        "references": list({_node_of(run.options.get(_SOURCE)) for run in found}),
    }
    nodes = connection.execute(_NODES, wanted).all()
    rights = rights_on(connection, caller, [node.node_reference for node in nodes])
    readable: set[int | str] = set()
    for identifier, reference, owner in nodes:
        if rights.on(identifier, reference, owner) & right.READ:
            readable.update((identifier, reference))
    return readable


def _without_references(run: Run, readable: set[int | str]) -> Run:
    options = dict(run.options)
    if options.get(_SOURCE) is not None and _node_of(options[_SOURCE]) not in readable:
        options[_SOURCE] = None
    is_readable = run.context_node_identifier is None or run.context_node_identifier in readable
    return replace(run, options=options, context_reference=run.context_reference if is_readable else None)


def _node_of(reference: object) -> str:
    """Return the reference of the node in a version reference; empty if the value is not a reference."""
    try:
        return parse_version_reference(str(reference)).node_reference if reference else ""
    except InvalidReferenceError:
        return ""
