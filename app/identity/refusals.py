"""Requests that were refused for want of rights or of valid credentials, as rows of the audit."""

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
from app.identity.networks import network_of

_PERIOD = 3600.0
_MOST_KNOWN = 10_000
MOST_REFUSALS: Final = 100
"""So many refusals of one user are recorded by one process in an hour."""


class Refusals:
    """Records the refusal of a user, or of the bearer of a token, by a service once in an hour; of those who have not
    signed in, that a network was refused. Of each of them at most MOST_REFUSALS in an hour.

    A client that repeats what it may not do does not fill the audit. Safe to use from many threads.
    """

    def __init__(self, engine: Engine, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._engine = engine
        self._clock = clock
        self._lock = Lock()
        self._recorded: OrderedDict[object, tuple[float, set[str]]] = OrderedDict()

    def record(self, service: str, error_number: int) -> None:
        """Record that a service refused the present actor, if that has signed in.

        The description of the error is not recorded: it may repeat what the client sent, such as a password that was
        typed into the wrong field.
        """
        actor = present_actor()
        if actor.kind is ActorKind.USER:
            who: object = actor.user_identifier
        elif actor.kind is ActorKind.TOKEN:
            who = actor.name
        else:
            return
        if self._is_new(who, service):
            self._write(Event(Action.ACCESS_REFUSED, "service", service, {"errorNumber": error_number}))

    def record_sign_in(self, reason: str) -> None:
        """Record that somebody was refused before their credentials were looked at, or had a token that is not valid.

        A wrong password is recorded where it is counted.
        """
        network = network_of(present_actor().address or "")
        if self._is_new((network,), reason):
            self._write(Event(Action.SIGN_IN_REFUSED, "network", network, {"reason": reason}))

    def _write(self, refused: Event) -> None:
        with self._engine.begin() as connection:
            audit.record(connection, refused)

    def _is_new(self, who: object, what: str) -> bool:
        with self._lock:
            since, known = self._recorded.get(who, (0.0, set()))
            if not known or self._clock() - since >= _PERIOD:
                since, known = self._clock(), set()
            self._recorded[who] = since, known
            self._recorded.move_to_end(who)
            if len(self._recorded) > _MOST_KNOWN:
                self._recorded.popitem(last=False)
            if what in known or len(known) >= MOST_REFUSALS:
                return False
            known.add(what)
            return True
