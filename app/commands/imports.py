"""`relink import`."""

from __future__ import annotations

import gzip
import lzma
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, cast

import click
from lxml import etree
from rich.console import Console

from app.commands.service import ServiceClient, with_service
from app.text import counted

_BLOCK = 256 * 1024
_OPENERS = {".xz": lzma.open, ".gz": gzip.open}


@click.command("import", short_help="Import nodes from a file: all of them or none.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@with_service
def import_file(service: ServiceClient, file: Path) -> None:
    """Import the nodes of FILE, a NodeImport document (plain, .gz or .xz): all of them or none.

    \b
    Example:
      relink import acme.xml
    """
    with Console(stderr=True).status(f"importing {file.name}"):
        told = import_document(service, file)
    click.echo(told)


def import_document(service: ServiceClient, file: Path) -> str:
    """Sends a document, unpacked on the way, and returns a sentence that says what was imported."""
    with service.post(_blocks(file)) as reply:
        root = etree.parse(reply.required().file).getroot()
    nodes, versions, replaced, members = (
        int(root.findtext(name) or 0)
        for name in ("nodesCreated", "versionsCreated", "versionsReplaced", "membersWritten")
    )
    again = f", {counted(replaced, 'draft')} replaced" if replaced else ""
    created = f"{counted(nodes, 'new node')}, {counted(versions, 'new version')}"
    return f"Imported {created}{again}, {counted(members, 'member')}."


def _blocks(file: Path) -> Iterator[bytes]:
    opener = cast("Callable[[Path, str], BinaryIO]", _OPENERS.get(file.suffix, open))
    try:
        with opener(file, "rb") as stream:
            while block := stream.read(_BLOCK):
                yield block
    except (OSError, EOFError, lzma.LZMAError, zlib.error) as error:
        raise click.ClickException(f"{file} cannot be read: {error}") from error
