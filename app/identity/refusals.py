"""Records in the audit the requests that were refused for lack of rights or of valid credentials."""

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
from app.identity.audit_room import AuditRoom
from app.identity.networks import network_of

_PERIOD = 3600.0
_MOST_KNOWN = 10_000
MOST_REFUSALS: Final = 100
"""A process records at most this many refusals of one user, token or network in an hour."""


class Refusals:
    """Records each kind of refusal of a user, a token or a network once in an hour.

    A kind is a service or, for a network whose clients have not signed in, a reason. At most MOST_REFUSALS are recorded
    for each user, token or network in an hour, so a client that repeats a refused request does not fill the audit.
    Safe to use from many threads.
    """

    def __init__(
        self, engine: Engine, room: AuditRoom | None = None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._engine = engine
        self._room = room or AuditRoom()
        self._clock = clock
        self._lock = Lock()
        self._recorded: OrderedDict[object, tuple[float, set[str]]] = OrderedDict()

    def record(self, service: str, error_number: int) -> None:
        """Record that a service refused the current actor, if the actor has signed in.

        The description of the error is not recorded, because it may repeat what the client sent, such as a password
        that was typed into the wrong field.
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
        """Record that a client was refused before its credentials were checked, or because its token was not valid.

        A wrong password is recorded where failures are counted.
        """
        address = present_actor().address or ""
        network = network_of(address)
        if self._is_new((network,), reason) and self._room.take(address):
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
