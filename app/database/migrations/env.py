"""Alembic's entry: runs the migrations in the transaction that `app.database.migrate` has begun."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection

connection: Connection = context.config.attributes["connection"]
context.configure(connection=connection)
context.run_migrations()
