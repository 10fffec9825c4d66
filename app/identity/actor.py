"""The actor of the current thread, for the audit. It is set where a request, a command or a job begins."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum


class ActorKind(StrEnum):
    """The kind of an actor."""

    USER = "user"
    PUBLIC = "public"
    """A request without valid credentials."""
    TOKEN = "token"  # noqa: S105 - the name of a kind
    """The bearer of a master token or a user token."""
    COMMAND = "command"
    """An administration command. Its name is the name of the operating system's user."""
    WORKER = "worker"


@dataclass(frozen=True)
class Actor:
    """An actor: a user by identifier, any other actor by name, with the network address of a request."""

    kind: ActorKind
    user_identifier: int | None = None
    name: str | None = None
    address: str | None = None


_NOT_SET = Actor(ActorKind.COMMAND)
_ACTOR: ContextVar[Actor] = ContextVar("actor", default=_NOT_SET)


def act_as(actor: Actor) -> None:
    """Make this the actor of the current thread until the next call."""
    _ACTOR.set(actor)


def forget_actor() -> None:
    """Forget the actor of the current thread, which serves other requests after this one."""
    _ACTOR.set(_NOT_SET)


def present_actor() -> Actor:
    """Return the actor of the current thread."""
    return _ACTOR.get()
