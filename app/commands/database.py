"""`relink migrate` and `relink check`, and how commands open the database."""

from __future__ import annotations

import getpass
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

import click
import psycopg
from sqlalchemy import URL, Engine, text
from sqlalchemy.exc import SQLAlchemyError

from app import start
from app.commands.texts import hanging
from app.database import migrate as migrations
from app.database import queue
from app.database.embedded import EmbeddedDatabaseError
from app.database.failures import explained
from app.database.migrate import SchemaError
from app.database.routines import routines_are_current
from app.identity.actor import Actor, ActorKind, act_as
from app.settings import Settings, SettingsError

OLDEST_POSTGRESQL = 15


@contextmanager
def plain_errors() -> Iterator[None]:
    """End the command with a message in one line if the settings or the database are at fault."""
    try:
        yield
    except (SettingsError, EmbeddedDatabaseError, SchemaError) as error:
        raise click.ClickException(str(error)) from error
    except (SQLAlchemyError, psycopg.Error) as error:
        raise click.ClickException(f"the database cannot be used: {explained(error)}") from error


@contextmanager
def opened_database(settings: Settings | None = None) -> Iterator[Engine]:
    """Open the database of the settings with all migrations. The embedded one is started and brought up to date.

    The settings are those of the environment if none are given.
    """
    with plain_errors():
        act_as(Actor(ActorKind.COMMAND, name=_system_user()))
        settings = settings or Settings.from_environment()
        engine = start.open_database(settings)
        try:
            yield engine
        finally:
            engine.dispose()


def _system_user() -> str:
    """Return the name or number of the operating system's user who runs this program."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a user without a name, as in some containers
        return str(os.geteuid())


@contextmanager
def connected_database(settings: Settings) -> Iterator[Engine]:
    """Open the database of the settings, whatever its schema. The embedded one is started."""
    engine = start.connect(settings)
    try:
        yield engine
    finally:
        engine.dispose()


@click.command()
def migrate() -> None:
    """Bring the database up to date.

    \b
    Example:
      relink migrate
    """
    with plain_errors(), connected_database(Settings.from_environment()) as engine:
        before = _revision(engine)
        present = before == migrations.expected_revision()
        lacking = _lacking_for_queue(engine) if present else []
        replaced = present and not _has_routines(engine)
        migrations.migrate(engine)
        after = _revision(engine)
    if replaced:
        click.echo("The functions in the database have been replaced by those of this program.")
    if lacking:
        click.echo(f"The migrations of the queue have been applied: {', '.join(lacking)}.")
    elif before == after and not replaced:
        click.echo(f"The database is at migration {after}, the latest; nothing to do.")
    elif before != after:
        click.echo(f"The database is now at migration {after} (it was at {before or 'none'}).")


@click.command()
def check() -> None:
    """Check the settings, the database and its migrations.

    \b
    Example:
      relink check
    """
    try:
        _check()
    except click.ClickException as error:
        _say("not ok", error.message)
        raise SystemExit(1) from error


def _check() -> None:
    with plain_errors():
        settings = Settings.from_environment()
        settings.for_web_process()  # refuses settings that 'relink serve' refuses
        embedded = settings.database_url is None
        _say("ok", f"settings: {'the embedded database' if embedded else 'a database server'} is used")
        with connected_database(settings) as engine:
            where = f"embedded, in {settings.data_directory}" if embedded else shown_url(engine.url)
            _say("ok", f"database: PostgreSQL {_version(engine)}, {where}")
            migrations.refuse_newer(engine)
            present, expected = _revision(engine), migrations.expected_revision()
            lacking = _lacking_for_queue(engine) if present == expected else []
            differ = present == expected and not _has_routines(engine)
    _check_secret_key(settings)
    _check_proxies(settings)
    library = f"procrastinate {queue.library_version()}"
    if differ and embedded:
        _say("ok", f"migrations: at {present}, the latest; the next start replaces the functions")
    elif differ:
        raise click.ClickException(f"migrations: {migrations.ROUTINES_DIFFER}: run 'relink migrate'")
    elif present == expected and not lacking:
        _say("ok", f"migrations: at {present}, the latest; those of the queue are those of {library}")
    elif present == expected and embedded:
        _say("ok", f"migrations: at {present}, the latest; the next start brings the queue to {library}")
    elif present == expected:
        raise click.ClickException(
            f"migrations: the tables of the queue lack {', '.join(lacking)} of {library}: run 'relink migrate'"
        )
    elif embedded:
        _say("ok", f"migrations: at {present or 'none'}; the next start brings it to {expected}")
    else:
        raise click.ClickException(
            f"migrations: at {present or 'none'}, this program needs {expected}: run 'relink migrate'"
        )


def shown_url(url: URL) -> str:
    """Return a URL with `***` for every password in it, also for those in its query string."""
    secrets = {name: "***" for name in url.query if re.search("password|secret", name, re.IGNORECASE)}
    return url.update_query_dict(secrets).render_as_string()


def _check_secret_key(settings: Settings) -> None:
    if settings.secret_key is not None:
        _say("ok", "secret key: RELINK_SECRET_KEY")
    elif settings.database_url is None:
        _say("ok", f"secret key: in {settings.data_directory / start.SECRET_KEY_FILE}, made at the first start")
    else:
        _say("note", "secret key: RELINK_SECRET_KEY is not set: authentications of solutions cannot be stored")


def _check_proxies(settings: Settings) -> None:
    if settings.trusted_proxies:
        _say("ok", f"sign-in: the client's address is the one that {settings.trusted_proxies} trusted proxies give")
    else:
        _say(
            "note",
            "sign-in: RELINK_TRUSTED_PROXIES is 0: behind a proxy all clients would count as one network, and failed"
            " sign-ins of one would lock out the others",
        )


def _say(state: str, what: str) -> None:
    click.echo(hanging(f"{state:<8}", what))


def _version(engine: Engine) -> str:
    with engine.connect() as connection:
        number = connection.execute(text("SELECT current_setting('server_version_num')::integer")).scalar_one()
    major, minor = divmod(number, 10_000)
    if major < OLDEST_POSTGRESQL:
        raise click.ClickException(f"database: PostgreSQL {major} is too old, {OLDEST_POSTGRESQL} or later is needed")
    return f"{major}.{minor}"


def _revision(engine: Engine) -> str | None:
    with engine.connect() as connection:
        return migrations.present_revision(connection)


def _lacking_for_queue(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return queue.missing_migrations(connection)


def _has_routines(engine: Engine) -> bool:
    with engine.connect() as connection:
        return routines_are_current(connection)
