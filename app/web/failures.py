"""The response to a failed request, in the format of the interface that the URL names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from flask import Response

from app.errors import RelinkError

FailureResponse: TypeAlias = Callable[[RelinkError], Response]
"""Returns the response that says why a request failed."""


@dataclass(frozen=True)
class Failures:
    """The formats of failures, by the beginning of the path: `pages` for people, `others` for programs.

    `default` is the format of all other paths.
    """

    default: FailureResponse
    pages: Mapping[str, FailureResponse]
    others: Mapping[str, FailureResponse]

    def response(self, path: str, error: RelinkError) -> Response:
        """Return the response to a failed request for a path."""
        for beginning, response in {**self.pages, **self.others}.items():
            if is_below(path, beginning):
                return response(error)
        return self.default(error)

    def is_of_a_page(self, path: str) -> bool:
        """Return whether people see the responses for this path as pages."""
        return any(is_below(path, beginning) for beginning in self.pages)


def is_below(path: str, beginning: str) -> bool:
    """Return whether a path is this one, or continues it with a slash."""
    return path == beginning or path.startswith(f"{beginning}/")
