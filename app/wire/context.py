"""The resources that the endpoints of one application share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Event
from typing import TypeAlias

from flask import Response, current_app
from sqlalchemy import Engine

from app.errors import RelinkError
from app.identity.refusals import Refusals
from app.identity.sign_in import SignIn
from app.runs.turns import Workload
from app.settings import Settings
from app.wire.storage import Storage

FailurePage: TypeAlias = Callable[[RelinkError], Response]


@dataclass(frozen=True)
class Resources:
    """Settings, the connection pool, the sign-in with its memory of verified passwords, the turns of long work, the
    record of refusals, and the room for imports. `failure_pages` shows failures to people: the beginning of a path,
    and what returns the page."""

    settings: Settings
    engine: Engine
    sign_in: SignIn
    workload: Workload
    refusals: Refusals
    uploads: Storage
    failure_pages: Mapping[str, FailurePage] = field(default_factory=dict)
    proxy_warned: Event = field(default_factory=Event)
    """Set after the warning that requests come through a proxy that the settings do not know."""


def resources() -> Resources:
    """Return the resources of the application that serves the present request."""
    found = current_app.extensions["relink"]
    if not isinstance(found, Resources):
        raise TypeError("the application was not made by create_app")
    return found
