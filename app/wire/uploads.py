"""Files that hold the body of a large request while it is worked on."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryFile
from typing import Final, Self

import structlog

from app.web.refusal import Refused
from app.web.storage import Storage

_log = structlog.get_logger("relink.uploads")


class UploadsFullError(Refused):
    """100 with status 507: the directory for uploads cannot hold the body."""

    number = 100

    def __init__(self) -> None:
        super().__init__(
            507,
            "the directory in which imports are stored while they are read is full or cannot be written:"
            " nothing was imported; tell the operator of this service, and send the import again later",
        )


class TooManyUploadsError(Refused):
    """106 with status 503: the stored imports leave no room for this one."""

    number = 106

    def __init__(self) -> None:
        super().__init__(
            503,
            "other imports use all the space that is available to you: nothing was imported; send the import again when"
            " they are done",
            headers={"Retry-After": "30"},
        )


class UploadFile:
    """A file without a name, which the operating system deletes when it is closed or when the process dies.

    It has no buffer: every write succeeds or raises UploadsFullError or TooManyUploadsError, and closing the file
    writes nothing.
    """

    def __init__(self, directory: Path | None, storage: Storage, owner: object) -> None:
        """Open a file in a directory, or in the system's temporary directory. Raises UploadsFullError.

        What is written counts in `storage` for its owner until the file is closed.
        """
        self._storage = storage
        self._owner = owner
        self._size = 0
        try:
            self.file: Final = TemporaryFile(buffering=0, dir=directory)  # noqa: SIM115 - `close` closes it
        except OSError as error:
            raise _full(error) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()
        self._storage.give_back(self._owner, self._size)

    def write(self, data: bytes) -> None:
        """Write all of the data."""
        if not self._storage.take(self._owner, len(data)):
            raise TooManyUploadsError
        self._size += len(data)
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[self.file.write(rest) :]
        except OSError as error:
            raise _full(error) from None


def _full(error: OSError) -> UploadsFullError:
    _log.error("an upload cannot be stored", reason=error.strerror or type(error).__name__)
    return UploadsFullError()
