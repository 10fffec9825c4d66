"""Starting up: settings, the database that they name or the embedded one, and the application on it."""

from __future__ import annotations

from flask import Flask
from sqlalchemy import Engine

from app import create_app
from app.database import embedded
from app.database.engine import make_engine
from app.database.migrate import migrate, require_schema
from app.logs import configure_logs
from app.settings import Settings


def open_database(settings: Settings) -> Engine:
    """An engine on the database server of the settings, or on the embedded one, which is started.

    The embedded one is brought up to date by itself; a server that is behind raises SchemaBehindError.
    """
    if settings.database_url is not None:
        engine = make_engine(settings.database_url, pool_size=settings.pool_size)
        require_schema(engine)
        return engine
    engine = make_engine(embedded.start(settings.data_directory), pool_size=settings.pool_size)
    migrate(engine)
    return engine


def application() -> Flask:
    """The application as the environment sets it."""
    configure_logs()
    settings = Settings.from_environment()
    return create_app(settings, open_database(settings))
