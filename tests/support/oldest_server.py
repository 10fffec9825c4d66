"""A server of the oldest version of PostgreSQL that is supported, from the system's packages."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

OLDEST = 15
_PLACES = (
    f"/usr/lib/postgresql/{OLDEST}/bin",
    f"/usr/pgsql-{OLDEST}/bin",
    f"/opt/homebrew/opt/postgresql@{OLDEST}/bin",
)
_SERVER_USER = "postgres"
"""The user of the system's packages, as whom root runs the server."""
_SETTINGS = ("listen_addresses=", "fsync=off", "full_page_writes=off", "autovacuum=off")


def programs() -> Path | None:
    """The directory of the programs, or None if there is none. `RELINK_TEST_POSTGRESQL` names another one."""
    places = map(Path, filter(None, (os.environ.get("RELINK_TEST_POSTGRESQL"), *_PLACES)))
    return next((place for place in places if (place / "initdb").exists()), None)


@contextmanager
def oldest_server(directory: Path) -> Iterator[str]:
    """Run a server with its files and its socket in a directory that other users can reach. Yields its URL."""
    found = programs()
    assert found is not None
    files, user = directory / "files", _SERVER_USER if os.geteuid() == 0 else None
    files.mkdir()
    if user is not None:
        shutil.chown(files, pwd.getpwnam(user).pw_uid)

    def run(program: str, *arguments: str) -> None:
        command = [str(found / program), "-D", str(files), *arguments]
        subprocess.run(command, user=user, cwd=directory, stdout=subprocess.DEVNULL, check=True)

    run("initdb", "--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8")
    settings = " ".join(f"-c {setting}" for setting in (*_SETTINGS, f"unix_socket_directories={files}"))
    run("pg_ctl", "-w", "-l", str(files / "log"), "-o", settings, "start")
    try:
        yield f"postgresql://postgres@/postgres?host={quote(str(files), safe='')}"
    finally:
        run("pg_ctl", "-m", "immediate", "stop")
