"""The audit as GetAuditList returns it."""

from __future__ import annotations

from collections.abc import Iterator

from tests.support.http import Client, Reply, message

Told = tuple[str | None, str | None, dict[str, str]]
"""An event of the audit: who did something, to which object, with the details."""


def events(client: Client, action: str) -> list[Told]:
    """The events of an action, the oldest first: who did it, to which object, with the details."""
    return list(reversed(list(_events(client.post(message("GetAuditList", {"auditAction": action}))))))


def _events(reply: Reply) -> Iterator[Told]:
    assert reply.number == 0, reply.response.text
    for row in reply.tree.iter("Audit"):
        details = {each.findtext("key") or "": each.findtext("value") or "" for each in row.iter("Detail")}
        yield row.findtext("actorReference"), row.findtext("objectReference"), details
