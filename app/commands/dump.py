"""`relink dump`, `relink restore` and `relink secret-key`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from zipfile import ZipInfo

import click
from cryptography.fernet import Fernet
from sqlalchemy import Engine, text

from app import start
from app.commands.database import connected_database, plain_errors
from app.commands.dump_file import DATABASE, Dump, Manifest, opened_dump, written_dump
from app.commands.progress import shown_waiting
from app.commands.texts import note
from app.database import migrate as migrations
from app.database.client_programs import ClientProgramError, ClientPrograms
from app.database.dump import StoreState, dump_database, restore_database
from app.database.queue import shipped_migrations
from app.settings import Settings
from app.solutions.texts import time_text
from app.text import counted

_COUNTS = text("SELECT (SELECT count(*) FROM node), (SELECT count(*) FROM account)")


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def dump(file: Path) -> None:
    """Write the whole store to FILE, as of one moment, with the secret key. The service may run meanwhile.

    Only the owner of FILE may read it: whoever has it can read the data of authentications. FILE is replaced if it
    exists, and gets its name when it is complete. `relink restore` restores it.

    \b
    Example:
      relink dump /var/backups/relink.dump
    """
    with _plain_errors():
        settings = Settings.from_environment()
        with connected_database(settings) as engine:
            migrations.refuse_newer(engine)
            with engine.connect() as connection:
                state = StoreState.of(connection)
            if state.revision is None:
                raise click.ClickException("there is no store in the database")
            programs = ClientPrograms(state.server_version)
            now = datetime.now(UTC)
            key = start.present_secret_key(settings)
            manifest = Manifest(
                created=time_text(now),
                relink=version("relink"),
                postgresql=state.server_version,
                pg_dump=programs.version,
                schema=state.schema,
                migration=state.revision,
                queue_migrations=list(state.queue_migrations),
            )
            with (
                shown_waiting("dumping the store"),
                written_dump(file, manifest, key) as archive,
                archive.open(ZipInfo(DATABASE, now.timetuple()[:6]), "w", force_zip64=True) as output,
            ):
                dump_database(engine, state, programs, output)
    click.echo(f"Dumped the store to {file} ({_size(file)}).")
    if key is None:
        note("There is no secret key in it: RELINK_SECRET_KEY is not set.")
    else:
        note("The secret key is in it: keep the file where only you can read it.")


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--replace", is_flag=True, help="Delete the store that is there, and all else in its schema.")
def restore(file: Path, replace: bool) -> None:
    """Restore the store from FILE, which `relink dump` has written: all of it or nothing.

    Stop the service first. The database must be empty, unless --replace is given. The store is brought to the schema
    of this program. The embedded database gets the secret key of the dump; for a database of your own, set
    RELINK_SECRET_KEY to that key, which `relink secret-key --dump` prints.

    \b
    Example:
      relink restore /var/backups/relink.dump
    """
    with plain_errors():
        settings = Settings.from_environment()
    with _plain_errors(), opened_dump(file) as found:
        _refuse_newer(found)
        _refuse_other_key(settings, found)
        programs = ClientPrograms(found.manifest.pg_dump)
        with connected_database(settings) as engine:
            with shown_waiting("restoring the store"), migrations.exclusively(engine) as connection:
                state = StoreState.of(connection)
                connection.rollback()
                _refuse_unfit(state, found, replace=replace)
                with found.archive.open(DATABASE) as source:
                    restore_database(engine, state, programs, source)
            if found.secret_key is not None and settings.secret_key is None:
                start.keep_secret_key(settings, found.secret_key)
            migrations.migrate(engine)
            contents = _contents(engine)
    click.echo(f"Restored {contents}, as of {found.manifest.created}.")


@click.command("secret-key")
@click.option("--new", is_flag=True, help="Print a new key, and change nothing.")
@click.option(
    "--dump",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Print the key in this file of relink dump.",
)
def secret_key(new: bool, file: Path | None) -> None:
    """Print the secret key in use: that of RELINK_SECRET_KEY, or the one beside the embedded database.

    \b
    Example:
      relink secret-key --new
    """
    if new and file is not None:
        raise click.UsageError("give either --new or --dump")
    if new:
        click.echo(Fernet.generate_key().decode())
        return
    if file is not None:
        with opened_dump(file) as found:
            key, where = found.secret_key, f"There is no secret key in {file}"
    else:
        with plain_errors():
            settings = Settings.from_environment()
        key = start.present_secret_key(settings)
        where = (
            "RELINK_SECRET_KEY is not set: 'relink secret-key --new' prints a key to set"
            if settings.database_url is not None
            else f"there is no key in {settings.data_directory} yet: the first start of the service makes it"
        )
    if key is None:
        raise click.ClickException(where)
    click.echo(key)


@contextmanager
def _plain_errors() -> Iterator[None]:
    with plain_errors():
        try:
            yield
        except ClientProgramError as error:
            raise click.ClickException(str(error)) from error


def _refuse_newer(found: Dump) -> None:
    manifest = found.manifest
    unknown = [each for each in manifest.queue_migrations if each not in shipped_migrations()]
    if manifest.migration not in migrations.known_revisions() or unknown:
        raise click.ClickException(
            f"{found.file} is a dump of Relink {manifest.relink} at migration {manifest.migration}, which this program"
            " does not know: restore it with that version, or a newer one"
        )


def _refuse_other_key(settings: Settings, found: Dump) -> None:
    embedded = settings.database_url is None
    if found.secret_key in (None, settings.secret_key) or (embedded and settings.secret_key is None):
        return
    wrong = "is not set" if settings.secret_key is None else "is not the secret key of the dump"
    raise click.ClickException(
        f"RELINK_SECRET_KEY {wrong}, without which the data of authentications cannot be read: set it to the key that"
        f" 'relink secret-key --dump {found.file}' prints"
    )


def _refuse_unfit(state: StoreState, found: Dump, *, replace: bool) -> None:
    if state.schema != found.manifest.schema:
        raise click.ClickException(
            f"the dump is of the schema {found.manifest.schema}, and the database has {state.schema or 'no schema'}:"
            " name that schema in RELINK_DATABASE_URL with options=-csearch_path"
        )
    if state.relations and not replace:
        raise click.ClickException(
            f"the database is not empty: its schema {state.schema} has {counted(state.relations, 'table')}, views and"
            " sequences included. Give --replace to delete them, or name an empty database"
        )
    if state.relations and state.other_sessions:
        raise click.ClickException(
            f"{counted(state.other_sessions, 'other session')} of the database would be in the way: stop 'relink serve'"
            " and 'relink worker'"
        )


def _contents(engine: Engine) -> str:
    with engine.connect() as connection:
        nodes, users = connection.execute(_COUNTS).one()
    return f"{counted(nodes, 'node')} and {counted(users, 'user')}"


def _size(file: Path) -> str:
    return f"{file.stat().st_size / 1_000_000:,.1f} MB"
