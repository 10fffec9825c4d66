"""Says what an update looked at when there is nothing to do, and where the nodes are that link to the node."""

from __future__ import annotations

import click

from app.commands.reading import ask
from app.commands.rows import say
from app.commands.service import ServiceClient

_VERSIONS = 3
_AT_ONCE = 1000
_MOST_PACKAGES = 5


def say_nothing_to_update(
    service: ServiceClient,
    reference: str,
    latest: int | None,
    *,
    content: object = True,
    scope: object = "node",
    **_others: object,
) -> None:
    """Say what was looked at, and name the packages outside it whose nodes link to the node, with the command for each.

    `latest` is the number of the node's latest version, and the other options are those of the update.
    """
    say(f"Nothing to update in {reference}{' and its content' if content else ''}.")
    if scope != "node" or latest is None:
        return
    try:
        packages = _packages_that_link_to(service, reference, latest)
    except click.ClickException:  # The response to the command itself has been printed.
        return
    for package in packages[:_MOST_PACKAGES]:
        say(f"Nodes in {package} link to {reference}: '{_command(package, reference)}' lists what has to follow there.")
    if len(packages) > _MOST_PACKAGES:
        say(f"So do nodes in {len(packages) - _MOST_PACKAGES} more packages: 'relink node where-used {reference}'.")


def _command(package: str, reference: str) -> str:
    inside = _is_in(reference, package)
    return f"relink impact {package}" if inside else f"relink impact {package} --scope latest --source {reference}"


def _packages_that_link_to(service: ServiceClient, reference: str, latest: int) -> list[str]:
    """Return the packages of the nodes that link to the last versions of a node, without those in the node itself."""
    found: set[str] = set()
    for number in range(max(1, latest - _VERSIONS), latest + 1):
        uses = ask(service, "WhereUsed", nodeVersionReference=f"{reference}.{number}", pageSize=_AT_ONCE)
        for user in uses.iterfind("UseList/Use/nodeReference"):
            if user.text and not _is_in(user.text, reference):
                found.add(user.text.rpartition(".")[0] or user.text)
    return sorted(each for each in found if not any(_is_in(each, other) for other in found if other != each))


def _is_in(reference: str, package: str) -> bool:
    return reference == package or reference.startswith(f"{package}.")
