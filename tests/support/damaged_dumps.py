"""Copies of a dump that `relink restore` must refuse."""

from __future__ import annotations

import json
from pathlib import Path
from shutil import copy
from zipfile import ZipFile


def changed(dump: Path, **values: object) -> Path:
    """A copy of a dump with other values in its manifest."""
    made = dump.with_name("changed.dump")
    with ZipFile(dump) as old, ZipFile(made, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "manifest.json":
                content = json.dumps({**json.loads(content), **values}).encode()
            new.writestr(name, content)
    return made


def cut(dump: Path) -> Path:
    made = dump.with_name("cut.dump")
    made.write_bytes(dump.read_bytes()[: dump.stat().st_size // 2])
    return made


def damaged(dump: Path) -> Path:
    """A copy in which one byte of the rows has another value."""
    made = Path(copy(dump, dump.with_name("damaged.dump")))
    with ZipFile(made) as archive:
        place = archive.getinfo("database.dump").header_offset + archive.getinfo("database.dump").file_size - 2000
    with made.open("r+b") as file:
        file.seek(place)
        byte = file.read(1)
        file.seek(place)
        file.write(bytes([byte[0] ^ 1]))
    return made
