"""Says what an update looked at when there is nothing to do, and where the nodes are that link to what it looked at."""

from __future__ import annotations

import time

import click
from lxml import etree

from app.commands.reading import AT_ONCE, ask
from app.commands.rows import say
from app.commands.service import ServiceClient

_VERSIONS = 4
_MOST_PACKAGES = 5
_MOST_REQUESTS = 40
_MOST_SECONDS = 5.0


def say_nothing_to_update(
    service: ServiceClient,
    reference: str,
    latest: int | None,
    *,
    content: object = True,
    scope: object = "node",
    **_others: object,
) -> None:
    """Say what was looked at, and name the packages outside it whose nodes link to it, with the command for each.

    `latest` is the number of the node's latest version, and the other options are those of the update.
    """
    say(f"Nothing to update in {reference}{' and its content' if content else ''}.")
    if scope != "node" or latest is None:
        return
    users = _Users(service, reference)
    try:
        users.look(latest, content=bool(content))
    except click.ClickException:  # The response to the command itself has been printed.
        return
    users.say_packages()


class _OutOfBudgetError(Exception):
    """No more requests may be sent: the list is only a hint, and the user waits for it."""


class _Users:
    """The packages outside a node whose nodes link to it or to its content."""

    def __init__(self, service: ServiceClient, reference: str) -> None:
        self._service = service
        self._reference = reference
        self._requests = 0
        self._until = time.monotonic() + _MOST_SECONDS
        self._packages: dict[str, bool] = {}
        """Whether nodes of each package link to the node itself. Otherwise they link to its content alone."""
        self._looked_at_all = True

    def look(self, latest: int, *, content: bool) -> None:
        """Find the links to the last versions of the node, and to earlier versions of the nodes in its content."""
        try:
            for number in _downwards(latest):
                self._find(self._reference, number)
            if content:
                self._look_at_content()
        except _OutOfBudgetError:
            self._looked_at_all = False

    def _look_at_content(self) -> None:
        listed = self._ask("ListNodes", nodeReference=self._reference, depth=0)
        self._looked_at_all = listed.findtext("nodeReferenceAfter") is None
        for node in listed.iterfind("NodeList/Node"):
            for number in _downwards(int(node.findtext("nodeVersionNumber") or 0) - 1):
                self._find(node.findtext("nodeReference") or "", number)

    def say_packages(self) -> None:
        """Name the packages, without those inside of others."""
        outer = sorted(
            each for each in self._packages if not any(_is_in(each, other) for other in self._packages if other != each)
        )
        for package in outer[:_MOST_PACKAGES]:
            to_node = all(itself for each, itself in self._packages.items() if _is_in(each, package))
            what = self._reference if to_node else f"nodes in {self._reference}"
            say(f"Nodes in {package} link to {what}: '{self._command(package)}' lists what has to follow there.")
        if len(outer) > _MOST_PACKAGES:
            say(
                f"So do nodes in {len(outer) - _MOST_PACKAGES} more packages: 'relink node where-used NODE' lists them."
            )
        if not self._looked_at_all:
            say(
                f"Not all nodes in {self._reference} were searched for links from other packages: 'relink node"
                " where-used NODE' lists the links to a node."
            )

    def _find(self, node: str, number: int) -> None:
        found = self._ask("WhereUsed", nodeVersionReference=f"{node}.{number}")
        for user in found.iterfind("UseList/Use/nodeReference"):
            if user.text and not _is_in(user.text, self._reference):
                package = user.text.rpartition(".")[0] or user.text
                self._packages[package] = self._packages.get(package, True) and node == self._reference

    def _ask(self, name: str, **fields: object) -> etree._Element:
        if self._requests >= _MOST_REQUESTS or time.monotonic() > self._until:
            raise _OutOfBudgetError
        self._requests += 1
        return ask(self._service, name, **fields, pageSize=AT_ONCE)

    def _command(self, package: str) -> str:
        if _is_in(self._reference, package):
            return f"relink impact {package}"
        return f"relink impact {package} --scope latest --source {self._reference}"


def _downwards(latest: int) -> range:
    """Return a version number and some before it."""
    return range(latest, max(0, latest - _VERSIONS), -1)


def _is_in(reference: str, package: str) -> bool:
    return reference == package or reference.startswith(f"{package}.")
