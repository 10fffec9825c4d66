"""Files that hold the body of a large request while it is worked on."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryFile
from typing import Final, Self

import structlog

from app.wire.refusal import Refused

_log = structlog.get_logger("relink.uploads")


class UploadsFullError(Refused):
    """100 with status 507: the folder for uploads cannot hold the body."""

    number = 100

    def __init__(self) -> None:
        super().__init__(
            507,
            "the folder in which imports are stored while they are read is full or cannot be written:"
            " nothing was imported; tell the operator of this service, and send the import again later",
        )


class UploadFile:
    """A file without a name, which the operating system deletes when it is closed or when the process dies.

    It has no buffer: every write succeeds or raises UploadsFullError, and closing the file writes nothing.
    """

    def __init__(self, directory: Path | None) -> None:
        """Opens a file in a directory, or in the system's temporary directory. Raises UploadsFullError."""
        try:
            self.file: Final = TemporaryFile(buffering=0, dir=directory)  # noqa: SIM115 - `close` closes it
        except OSError as error:
            raise _full(error) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def write(self, data: bytes) -> None:
        """Writes all of the data."""
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[self.file.write(rest) :]
        except OSError as error:
            raise _full(error) from None


def _full(error: OSError) -> UploadsFullError:
    _log.error("an upload cannot be stored", reason=error.strerror or type(error).__name__)
    return UploadsFullError()
