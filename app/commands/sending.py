"""Requests that can be sent again, and stopped while they are being sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from app.commands.service import Reply, ServiceClient

LONGEST_SENDING: Final = 60.0
"""How many seconds the service may take to accept a small request."""

WAIT: Final = "wait=5"
"""How many seconds the service does an impact before it hands it to a worker."""

MAY_BE_A_RUN: Final = (
    "the request was sent and may have become a run: if so, 'relink run list' shows it and 'relink run cancel' cancels"
    " it"
)


class Sending(Protocol):
    """A request that can be sent, and stopped while it is being sent."""

    @property
    def what(self) -> str:
        """What the command does while the request is sent."""

    @property
    def nothing(self) -> str:
        """What is said if the request was cancelled before the service did anything."""

    @property
    def unknown(self) -> str:
        """What is said if it is not known what becomes of the request that was sent."""

    @property
    def is_impact(self) -> bool:
        """Whether the request changes nothing."""

    @property
    def is_run(self) -> bool:
        """Whether the request becomes a run, which can be found and cancelled. Otherwise it must not be sent again."""

    @property
    def is_small(self) -> bool:
        """Whether the request is sent at once, and can be sent again at any time."""

    @property
    def is_complete(self) -> bool:
        """Whether the whole request may have been sent."""

    def send(self, headers: Mapping[str, str]) -> Reply:
        """Send the request. Raises RequestError, and StoppedError after `stop`."""

    def stop(self) -> None:
        """Send no more of the request. It may have been sent as a whole before."""


class StoppedError(Exception):
    """The request was stopped before all of it was sent, so that nothing is done."""


@dataclass(frozen=True)
class SmallRequest:
    """A request that is sent at once."""

    service: ServiceClient
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    what: str = "sending the request"
    nothing: str = "nothing was done"
    unknown: str = MAY_BE_A_RUN
    is_impact: bool = False
    is_run: bool = True
    is_small: bool = True
    is_complete: bool = True

    def send(self, headers: Mapping[str, str]) -> Reply:
        may_take_long = self.is_impact and ("Prefer" not in headers or WAIT in headers["Prefer"])
        timeout = None if may_take_long else LONGEST_SENDING
        return self.service.post(self.body, {**self.headers, **headers}, timeout)

    def stop(self) -> None:
        pass


def impact_request(service: ServiceClient, body: bytes, what: str) -> SmallRequest:
    """Return a request that changes nothing."""
    return SmallRequest(service, body, what=what, nothing="nothing was changed", is_impact=True)
