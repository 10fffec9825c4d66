"""The services and the GraphQL API of the process, which pages call to begin runs and to show responses.

The application provides them, because no interface imports another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, Protocol, TypeAlias, cast

from flask import Response, current_app

from app.identity.rights import Caller
from app.runs.queued import read_workers
from app.runs.record import Run
from app.web.context import resources

SERVICES: Final = "relink.console.services"
"""The key under which the application keeps the services."""
GRAPHQL: Final = "relink.console.graphql"
"""The key under which the application keeps the GraphQL API."""

GraphQL: TypeAlias = Callable[[str, dict[str, object]], Response]
"""Returns the response of the GraphQL API to a request with a token."""


class Tried(Protocol):
    """A request that was sent from a page, and its response, as documents. A long response is cut off. `faults` are the
    paths of elements of the request, and what is wrong with each."""

    @property
    def request(self) -> str: ...
    @property
    def response(self) -> str: ...
    @property
    def is_complete(self) -> bool: ...
    @property
    def error_number(self) -> int: ...
    @property
    def faults(self) -> Sequence[tuple[str, str]]: ...


class Services(Protocol):
    """Calls services with the rights of a visitor."""

    def response(self, service: str, elements: Mapping[str, str], caller: Caller) -> Response:
        """Return the XML response of a service."""

    def tried(self, service: str, fields: Sequence[tuple[str, str]], caller: Caller) -> Tried:
        """Send a request whose elements are given as texts, by their paths, such as `TagList/tag[1]`."""

    def document(self, service: str, fields: Sequence[tuple[str, str]]) -> str:
        """Return the document of a request, which is not sent."""

    def begin(
        self, service: str, elements: Mapping[str, str], caller: Caller, *, if_match: str | None, later: bool
    ) -> int:
        """Do a request as a run, or let a worker do it, and return the number of the run."""

    def kept_response(self, run: Run) -> Response | None:
        """Return the response of a run as it was sent, or None if it has none."""

    def updates(self, run: Run) -> Iterator[dict[str, Any]]:
        """Return the updates in the kept response of a run, which is read as they are used."""


def services() -> Services:
    """Return the services of the present application."""
    return cast(Services, current_app.extensions[SERVICES])


def has_worker() -> bool:
    """Return whether a worker can do a run. Without one, the request does it."""
    with resources().engine.connect() as connection:
        return read_workers(connection).alive > 0


def graphql(token: str, body: dict[str, object]) -> Response:
    """Return the response of the GraphQL API of the present application to a request with a token."""
    return cast(GraphQL, current_app.extensions[GRAPHQL])(token, body)
