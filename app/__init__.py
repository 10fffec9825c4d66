"""Relink keeps a graph of versioned nodes in PostgreSQL and moves it forward."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask
    from sqlalchemy import Engine

    from app.settings import Settings


def create_app(settings: Settings, engine: Engine) -> Flask:
    """The WSGI application on a database that has all migrations."""
    # Imported here since every module below waits for this one, and the clients among the commands need none of it.
    from app.wiring import wired  # noqa: PLC0415

    return wired(settings, engine)
