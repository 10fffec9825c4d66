"""The WSGI application: its endpoints, wired to the settings and the database."""

from __future__ import annotations

from flask import Flask
from sqlalchemy import Engine
from werkzeug.middleware.proxy_fix import ProxyFix

from app.console import sections as console
from app.console.pages import failure_page
from app.graphql import endpoint as graphql
from app.identity.audit_room import AuditRoom
from app.identity.passwords import PasswordVerifier
from app.identity.refusals import Refusals
from app.identity.sign_in import SignIn
from app.runs.turns import Shares, Workload
from app.services.registry import SERVICES
from app.settings import Settings
from app.web import health, middleware
from app.web.context import Resources
from app.web.failures import Failures
from app.web.metrics import count_connections
from app.web.paths import IdentifierConverter
from app.web.schema_directory import check_schema_files
from app.web.storage import Storage
from app.web.store_metrics import StoreMetrics
from app.wire import endpoint, failures, runs, schema_files
from app.wire.in_process import InProcess
from app.wizard import pages as wizard
from app.wizard.responses import PREFIX as WIZARD
from app.wizard.responses import failure_page as wizard_failure_page

_FAILURES = Failures(
    default=failures.failure,
    pages={console.PREFIX: failure_page, WIZARD: wizard_failure_page},
    others={graphql.PATH: graphql.failure},
)


def create_app(settings: Settings, engine: Engine) -> Flask:
    """Return the WSGI application on a database that has all migrations."""
    app = _with_endpoints()
    count_connections(engine)
    verifier = PasswordVerifier(settings.verified_password_seconds)
    room = AuditRoom()
    sign_in = SignIn(engine, settings, verifier, room)
    app.extensions["relink"] = Resources(
        settings,
        engine,
        sign_in,
        Workload(Shares.of(settings)),
        Refusals(engine, room),
        Storage(settings.max_stored_bytes),
        _FAILURES,
        StoreMetrics(engine),
    )
    if settings.trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.trusted_proxies)  # type: ignore[method-assign]
    return app


def _with_endpoints() -> Flask:
    """Return an application that has all endpoints, and nothing yet that they need."""
    check_schema_files(SERVICES)
    app = Flask("app", static_folder=None)
    app.url_map.converters["int"] = IdentifierConverter
    middleware.watch(app)
    for module in (endpoint, graphql, runs, schema_files, health):
        app.register_blueprint(module.blueprint)
    console.install(app, InProcess(), graphql.asked)
    wizard.install(app)
    return app
