"""Starting up: settings, the database that they name or the embedded one, and the application on it."""

from __future__ import annotations

import gc

from flask import Flask
from sqlalchemy import Engine

from app import create_app
from app.database import embedded
from app.database.engine import make_engine
from app.database.migrate import migrate, require_schema
from app.logs import configure_logs
from app.settings import Settings


def connect(settings: Settings) -> Engine:
    """An engine on the database server of the settings, or on the embedded one, which is started."""
    url = settings.database_url or embedded.start(settings.data_directory)
    return make_engine(url, pool_size=settings.pool_size)


def open_database(settings: Settings) -> Engine:
    """As `connect`, on a database that has all migrations.

    The embedded one is brought up to date by itself; a server that is behind raises SchemaBehindError.
    """
    engine = connect(settings)
    if settings.database_url is None:
        migrate(engine)
    else:
        require_schema(engine)
    return engine


def application() -> Flask:
    """The application as the environment sets it."""
    configure_logs()
    # A plan makes millions of small objects that live and die together; looking for cycles among them at every
    # few hundred takes longer than the planning.
    gc.set_threshold(200_000, 20, 50)
    settings = Settings.from_environment()
    return create_app(settings, open_database(settings))
