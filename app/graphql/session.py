"""The session of a request: its token, and what the token permits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from graphql import GraphQLResolveInfo
from sqlalchemy import Engine

from app.errors import UserError, too_many
from app.graphql.budget import Budget
from app.graphql.errors import AccessError
from app.graphql.limits import MOST_ENTRIES
from app.solutions.limits import DEFAULT_LIMITS, Limits
from app.solutions.people.cipher import Cipher
from app.solutions.people.tokens import Token


@dataclass
class GraphQLSession:
    """The state that the resolvers of one request share. The bearer of its token is the organisation or one end user.

    `trigger_url` is the URL of the webhooks of workflows, or None if it is not known. `selected` are the names of all
    fields that the request selects. `before_large` is called before the response becomes large.
    """

    engine: Engine
    cipher: Cipher
    token: Token
    trigger_url: str | None = None
    limits: Limits = DEFAULT_LIMITS
    selected: frozenset[str] = frozenset()
    before_large: Callable[[], None] = lambda: None
    _entries: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        """Start with an empty response."""
        self.budget = Budget(self.limits.response_bytes, self.before_large)

    def require_master(self, operation: str) -> None:
        """Raise AccessError unless the token is a master token."""
        if not self.token.is_master:
            raise AccessError(f"{operation} needs a master token")

    def end_user(self, operation: str) -> str:
        """Return the end user who owns the token. Raises AccessError if it is a master token."""
        if self.token.owner is None:
            raise AccessError(f"{operation} needs a user token")
        return self.token.owner

    def count_entries(self, entries: int) -> None:
        """Raise UserError if all lists of the request together have too many entries."""
        self._entries += entries
        if self._entries > MOST_ENTRIES:
            raise UserError(
                too_many("first", f"and last together must ask for at most {MOST_ENTRIES} entries in one request")
            )


def session_of(info: GraphQLResolveInfo[Any]) -> GraphQLSession:
    """Return the session of the request that a resolver works for."""
    session = info.context
    if not isinstance(session, GraphQLSession):
        raise TypeError("the context of a request is its session")
    return session
