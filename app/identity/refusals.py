"""Requests that a user who has signed in was refused, as rows of the audit."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Final

from sqlalchemy import Engine

from app.identity import audit
from app.identity.actor import ActorKind, present_actor
from app.identity.audit import Action, Event

_PERIOD = 3600.0
_USERS = 10_000
MOST_REFUSALS: Final = 100
"""So many refusals of one user are recorded by one process in an hour."""


class Refusals:
    """Records the refusal of a user by a service once in an hour, and at most MOST_REFUSALS of them.

    A client that repeats what it may not do does not fill the audit. Safe to use from many threads.
    """

    def __init__(self, engine: Engine, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._engine = engine
        self._clock = clock
        self._lock = Lock()
        self._recorded: OrderedDict[int, tuple[float, set[str]]] = OrderedDict()

    def record(self, service: str, error_number: int) -> None:
        """Record that a service refused the present actor, if that is a user.

        The description of the error is not recorded: it may repeat what the client sent, such as a password that was
        typed into the wrong field.
        """
        actor = present_actor()
        if actor.kind is not ActorKind.USER or actor.user_identifier is None:
            return
        if self._is_new(actor.user_identifier, service):
            refused = Event(Action.ACCESS_REFUSED, "service", service, {"errorNumber": error_number})
            with self._engine.begin() as connection:
                audit.record(connection, refused)

    def _is_new(self, user: int, service: str) -> bool:
        with self._lock:
            since, known = self._recorded.get(user, (0.0, set()))
            if not known or self._clock() - since >= _PERIOD:
                since, known = self._clock(), set()
            self._recorded[user] = since, known
            self._recorded.move_to_end(user)
            if len(self._recorded) > _USERS:
                self._recorded.popitem(last=False)
            if service in known or len(known) >= MOST_REFUSALS:
                return False
            known.add(service)
            return True
