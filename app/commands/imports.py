"""`relink import`."""

from __future__ import annotations

import gzip
import lzma
import shutil
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from threading import Event
from typing import BinaryIO, cast

import click
from lxml import etree

from app.commands.asynchronous import carried_out
from app.commands.reading import document_options, print_document
from app.commands.sending import MAY_BE_A_RUN, StoppedError
from app.commands.service import Reply, ServiceClient, with_service
from app.text import counted

_BLOCK = 256 * 1024
_STANDARD_INPUT = Path("-")
_LONGEST_SENDING = 600.0
_TOO_LARGE = 413
_ASYNC = "respond-async"
_MAY_BE_IMPORTED = (
    "the whole document was sent. It is too large for the queue, so there is no run to watch. It may still be "
    "imported, completely or not at all: check whether its nodes exist before you send it again"
)
_OPENERS = {".xz": lzma.open, ".gz": gzip.open}


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path))
@document_options
@with_service
def import_file(service: ServiceClient, file: Path, document: str | None) -> None:
    """Import the nodes of FILE, a NodeImport document (plain, .gz or .xz): all of them or none.

    With - as FILE, the document is read from standard input, and is not compressed.

    A worker of the service imports them, and the command waits for its end. Ctrl-C cancels the import. The exit code is
    0, 1 for an error, or 130 if the import was cancelled with Ctrl-C. With 1 and 130 nothing was imported, unless the
    message says that the document may still be imported.

    A document that is too large for the queue is imported by the service in the same request. Such an import is not a
    run: once the whole document has been sent, it cannot be cancelled, and it goes on if the connection breaks.

    \b
    Examples:
      relink import acme.xml
      relink import - < acme.xml
    """
    if file == _STANDARD_INPUT:
        with tempfile.TemporaryDirectory(prefix="relink-import-") as directory:
            # The document may have to be sent again after a connection breaks.
            stored = Path(directory) / "standard-input.xml"
            with stored.open("wb") as output:
                shutil.copyfileobj(sys.stdin.buffer, output)
            _import_and_print(service, stored, document)
    else:
        _import_and_print(service, file, document)


def _import_and_print(service: ServiceClient, file: Path, document: str | None) -> None:
    root = _import(service, file)
    if document:
        print_document(root, document)
    else:
        click.echo(_sentence(root))


def import_document(service: ServiceClient, file: Path) -> str:
    """Send a document, unpacked on the way, and return a sentence that says what was imported."""
    return _sentence(_import(service, file))


def _import(service: ServiceClient, file: Path) -> etree._Element:
    with carried_out(service, Upload(service, file)) as ended:
        return etree.parse(ended.reply.required().file).getroot()


def _sentence(root: etree._Element) -> str:
    nodes, versions, replaced, members = (
        int(root.findtext(name) or 0)
        for name in ("nodesCreated", "versionsCreated", "versionsReplaced", "membersWritten")
    )
    again = f", {counted(replaced, 'draft')} replaced" if replaced else ""
    created = f"{counted(nodes, 'new node')}, {counted(versions, 'new version')}"
    return f"Imported {created}{again}, {counted(members, 'member')}."


class Upload:
    """A document that is read from a file, unpacked and sent in blocks."""

    is_impact = False
    is_small = False
    nothing = "nothing was imported"

    def __init__(self, service: ServiceClient, file: Path) -> None:
        self.what = f"sending {file.name}"
        self.is_complete = False
        self.is_run = True
        self._service = service
        self._file = file
        self._stopped = Event()

    @property
    def unknown(self) -> str:
        return MAY_BE_A_RUN if self.is_run else _MAY_BE_IMPORTED

    def send(self, headers: Mapping[str, str]) -> Reply:
        if self.is_run:
            reply = self._service.post(self._blocks(), headers, _LONGEST_SENDING)
            if reply.status != _TOO_LARGE or "Prefer" not in headers or _ASYNC not in reply.description():
                return reply
            reply.file.close()
            self.is_complete = self.is_run = False
        return self._service.post(self._blocks())

    def stop(self) -> None:
        self._stopped.set()

    def _blocks(self) -> Iterator[bytes]:
        opener = cast("Callable[[Path, str], BinaryIO]", _OPENERS.get(self._file.suffix, open))
        self.is_complete = False
        try:
            with opener(self._file, "rb") as stream:
                while block := stream.read(_BLOCK):
                    if self._stopped.is_set():
                        raise StoppedError
                    yield block
                self.is_complete = True
        except (OSError, EOFError, lzma.LZMAError, zlib.error) as error:
            raise click.ClickException(f"{self._file} cannot be read: {error}") from error
