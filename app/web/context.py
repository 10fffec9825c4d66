"""The resources that the endpoints of one application share."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Event

from flask import current_app
from sqlalchemy import Engine

from app.identity.refusals import Refusals
from app.identity.sign_in import SignIn
from app.runs.turns import Workload
from app.settings import Settings
from app.solutions.limits import Limits
from app.web.failures import Failures
from app.web.storage import Storage
from app.web.store_metrics import StoreMetrics


@dataclass(frozen=True)
class Resources:
    """Settings, the connection pool, the sign-in with its memory of verified passwords, the turns of long work, the
    record of refusals, the room for imports, the formats of failures, and the figures for `/metrics`."""

    settings: Settings
    engine: Engine
    sign_in: SignIn
    workload: Workload
    refusals: Refusals
    uploads: Storage
    failures: Failures
    store_metrics: StoreMetrics
    proxy_warned: Event = field(default_factory=Event)
    """Set after the warning that requests come through a proxy that the settings do not know."""


def resources() -> Resources:
    """Return the resources of the application that serves the present request."""
    found = current_app.extensions["relink"]
    if not isinstance(found, Resources):
        raise TypeError("the application was not made by create_app")
    return found


def limits() -> Limits:
    """Return the limits of the settings."""
    return Limits.of(resources().settings)
