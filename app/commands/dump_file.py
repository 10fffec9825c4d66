"""The file of `relink dump`: a ZIP archive with a manifest, the secret key, and what `pg_dump` has written.

It can be taken apart with `unzip`, and its database restored with `pg_restore`, without Relink.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import mkstemp
from typing import Final
from zipfile import BadZipFile, ZipFile

import click

DATABASE: Final = "database.dump"
_MANIFEST = "manifest.json"
_SECRET_KEY = "secret-key"  # noqa: S105 - the name of a member of the archive
_FORMAT = 1


@dataclass(frozen=True)
class Manifest:
    """What a dump holds: when and by what it was made, the migrations of its store, and its schema."""

    created: str
    relink: str
    postgresql: int
    pg_dump: int
    schema: str
    migration: str
    queue_migrations: list[str]
    format: int = _FORMAT


@dataclass(frozen=True)
class Dump:
    """A dump that is open for reading."""

    file: Path
    archive: ZipFile
    manifest: Manifest
    secret_key: str | None


@contextmanager
def written_dump(file: Path, manifest: Manifest, secret_key: str | None) -> Iterator[ZipFile]:
    """Yield the archive of a new dump, which gets its name when the context ends without an exception.

    Only its owner may read the file, since the secret key is in it. Raises ClickException if it cannot be written.
    """
    file = file.resolve()
    if file.exists() and not file.is_file():
        raise click.ClickException(f"{file} is not an ordinary file: give the name of a file")
    try:
        descriptor, name = mkstemp(dir=file.parent, prefix=f".{file.name}-")
        unfinished = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                with ZipFile(stream, "w") as archive:
                    archive.writestr(_MANIFEST, json.dumps(asdict(manifest), indent=2) + "\n")
                    if secret_key is not None:
                        archive.writestr(_SECRET_KEY, secret_key + "\n")
                    yield archive
                stream.flush()
                os.fsync(descriptor)
            unfinished.replace(file)
        finally:
            unfinished.unlink(missing_ok=True)
    except OSError as error:
        raise click.ClickException(f"{file} cannot be written: {error.strerror}") from error


@contextmanager
def opened_dump(file: Path) -> Iterator[Dump]:
    """Open a dump. Raises ClickException if the file is not a dump, or if it turns out later to be damaged."""
    try:
        with ZipFile(file) as archive:
            yield _read(file, archive)
    except (BadZipFile, EOFError) as error:
        raise _damaged(file, error) from error
    except OSError as error:
        raise click.ClickException(f"{file} cannot be read: {error.strerror}") from error


def _read(file: Path, archive: ZipFile) -> Dump:
    try:
        given = json.loads(archive.read(_MANIFEST))
        if given["format"] != _FORMAT:
            raise click.ClickException(
                f"{file} is a dump of a newer Relink ({given['relink']}): restore it with that version"
            )
        key = archive.read(_SECRET_KEY).decode().strip() if _SECRET_KEY in archive.namelist() else None
        archive.getinfo(DATABASE)
        return Dump(file, archive, Manifest(**given), key)
    except (KeyError, ValueError, TypeError) as error:
        raise _damaged(file, error) from error


def _damaged(file: Path, error: Exception) -> click.ClickException:
    return click.ClickException(f"{file} is not a file that 'relink dump' has written, or is damaged: {error}")
