"""The addresses of the pages of a node."""

from __future__ import annotations

from typing import Final

from app.console.pages import Crumb
from app.console.urls import with_parameters

NODES: Final = "/console/nodes"


def node_url(reference: str, number: int | None = None, page: str = "nodes", **parameters: str | int) -> str:
    """Return the address of a page of a node, or of one of its versions: `/console/nodes/a/b/C?version=2`."""
    given = {**({} if number is None else {"version": number}), **parameters}
    return with_parameters(f"/console/{page}/{reference.replace('.', '/')}", given)


def version_url(reference: str) -> str:
    """Return the address of the version with a reference such as `a.b.C.2`."""
    node, _, number = reference.rpartition(".")
    return node_url(node, int(number))


def reference_in(path: str) -> str:
    """Return the reference of the node that a path names: `a/b/C` is `a.b.C`."""
    return path.strip("/").replace("/", ".")


def crumbs_to(reference: str, *, itself: bool = False) -> tuple[Crumb, ...]:
    """Return the way to a node: the list of all nodes, and the packages that hold it. `itself` adds the node."""
    parts = reference.split(".")
    last = len(parts) + itself
    packages = (".".join(parts[:count]) for count in range(1, last))
    return (
        Crumb("Nodes", NODES),
        *(Crumb(package.rpartition(".")[2], node_url(package)) for package in packages),
    )
