"""Finds the node that an address names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from flask import request
from sqlalchemy import Connection

from app.console.visitor import caller
from app.errors import FaultCode, NotAuthorisedError, UserError
from app.identity import right
from app.nodes.versions import Node, Version, find_node, find_version
from app.text import is_whole_number
from app.web.refusal import Forbidden, Refused

_MOST_DIGITS = 6


@contextmanager
def hidden_if_unreadable(shown: str) -> Iterator[None]:
    """Report a node that may not be read as one that does not exist: pages do not tell them apart."""
    try:
        yield
    except NotAuthorisedError:
        raise not_found(shown) from None
    except UserError as error:
        if all(fault.code in (FaultCode.NOT_FOUND, FaultCode.INVALID) for fault in error.faults):
            raise not_found(shown) from None
        raise


def not_found(shown: str) -> Refused:
    """Return the error for a node or version that does not exist, or that the visitor may not read."""
    return Refused(404, f"There is no {shown[:200]}, or you may not read it.")


def read_node(connection: Connection, reference: str) -> Node:
    """Return a node that the visitor may read."""
    with hidden_if_unreadable(f"node {reference}"):
        return find_node(connection, caller(), None, reference, "node")


def read_wanted(connection: Connection, reference: str, number: int | None = None) -> Version:
    """Return a version of a node that the visitor may read: that with a number, or the latest."""
    shown = reference if number is None else f"{reference}.{number}"
    with hidden_if_unreadable(f"version {shown}"):
        return find_version(connection, caller(), None, shown)


def administered(node: Node) -> Node:
    """Return a node if the visitor administers it. Raises Forbidden."""
    if not node.may(right.ADMINISTER):
        raise Forbidden(
            f"You may not administer {node.reference}. Whoever administers it can grant you the permission."
        )
    return node


def number_argument(name: str) -> int | None:
    """Return a parameter that is a number. Raises Refused if it is given and is not one."""
    given = request.args.get(name, "")
    if not given:
        return None
    if not is_whole_number(given) or len(given) > _MOST_DIGITS or int(given) == 0:
        raise Refused(400, f"The parameter {name} must be a number from 1.")
    return int(given)
