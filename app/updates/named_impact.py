"""The impact of an update with the names in its rows, read by as few statements as its size allows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Engine

from app.database.connection import DriverConnection, short_statements
from app.database.engine import driver_connection, single_statements, snapshot
from app.identity.rights import Caller
from app.nodes.versions import find_node, version_name
from app.references import VersionKeyword
from app.updates.naming import NamedResult, with_names
from app.updates.options import Options, SourceScope
from app.updates.small_scope import SmallScope, read_small_scope
from app.updates.update import impact, small_impact


@dataclass(frozen=True)
class WantedUpdate:
    """An update as a request names it: its context node by identifier, which takes precedence, or by reference."""

    identifier: int | None
    reference: str | None
    options: Options
    why: bool = False


class NamedImpact(NamedTuple):
    """An impact with its names, and the number and the name of the latest version of the context node."""

    rows: NamedResult
    number: int | None
    name: str | None


def named_impact(
    engine: Engine, caller: Caller, wanted: WantedUpdate, check: Callable[[], None] = lambda: None
) -> NamedImpact:
    """Return the impact of an update. Raises as `find_node` and `app.updates.update.impact` do.

    `check` is called between the parts of a long planning, and may raise an exception to end it.
    """
    return _small_impact(engine, caller, wanted) or _planned_impact(engine, caller, wanted, check)


def _small_impact(engine: Engine, caller: Caller, wanted: WantedUpdate) -> NamedImpact | None:
    """Return the impact if one statement reads all that its plan depends on; otherwise None.

    The order and the names of its rows are read afterwards. The result is also None if one of their nodes has been
    deleted meanwhile.
    """
    if wanted.options.source_scope is not SourceScope.NODE:
        return None
    with short_statements(), single_statements(engine) as driver:
        scope = _small_scope(driver, caller, wanted)
        result = None if scope is None else small_impact(driver, scope, wanted.options, why=wanted.why)
        if scope is None or result is None:
            return None
        rows = NamedResult(driver, lambda _: scope.rights, result)
    if not rows.is_complete:
        return None
    number = scope.node.number(VersionKeyword.LATEST)
    return NamedImpact(rows, number, None if number is None else scope.names[number])


def _planned_impact(engine: Engine, caller: Caller, wanted: WantedUpdate, check: Callable[[], None]) -> NamedImpact:
    options, why = wanted.options, wanted.why
    with snapshot(engine) as connection:
        scope = _small_scope(driver_connection(connection), caller, wanted, first=True)
        if scope is None:
            node = find_node(connection, caller, wanted.identifier, wanted.reference, "node")
            result = impact(connection, caller, node, options, why=why, check=check)
        else:
            result = impact(connection, scope.caller, scope.node, options, scope, why=why, check=check)
        context = result.context
        number = context.number(VersionKeyword.LATEST)
        name = None if number is None or scope is None else scope.names.get(number)
        if name is None and number is not None:
            name = version_name(connection, context.identifier, number)
        return NamedImpact(with_names(connection, result, last=scope is not None), number, name)


def _small_scope(
    driver: DriverConnection, caller: Caller, wanted: WantedUpdate, *, first: bool = False
) -> SmallScope | None:
    return read_small_scope(driver, caller, wanted.identifier, wanted.reference, wanted.options, first=first)
