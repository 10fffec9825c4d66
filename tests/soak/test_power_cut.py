"""A web process on another machine whose power is cut in the middle of a force."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread

import click
import pytest
from sqlalchemy import text

from app.application import create_app
from app.commands.service import ServiceClient
from app.database import embedded
from app.database.engine import make_engine
from app.database.migrate import migrate
from app.identity.users import add_user
from app.settings import Settings
from tests.support.builders import Graph, draft, frozen, links
from tests.support.far_machine import FarMachine
from tests.support.http import ADMIN, PASSWORD, SECRET_KEY, Client, message
from tests.support.lock_waits import waiting_sessions
from tests.support.served import eventually

ROOT = Path(__file__).parent.parent.parent
NOTICED_WITHIN = 60.0
"""The database ends the session of a client that it has not heard from for 30 seconds."""


@contextmanager
def database_server(data_directory: Path, address: str) -> Iterator[tuple[str, str]]:
    """A server with a migrated database that listens at an address; its URLs for this machine and for others."""
    here = embedded.start(data_directory)
    engine = make_engine(here)
    migrate(engine)
    with engine.begin() as connection:
        add_user(connection, ADMIN, PASSWORD, admin=True)
    engine.dispose()
    files = data_directory / "postgresql"
    program = Path(f"/proc/{(files / 'postmaster.pid').read_text().split()[0]}/exe").readlink()
    embedded.stop(data_directory)
    with (files / "pg_hba.conf").open("a") as rules:
        rules.write("host all all 10.213.0.0/16 trust\n")
    with socket.create_server((address, 0)) as free:
        port = free.getsockname()[1]
    owner = files.stat()
    server = subprocess.Popen(
        [program, "-D", str(files), "-h", address, "-p", str(port), "-k", str(files)],
        user=owner.st_uid,
        group=owner.st_gid,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield (
            f"postgresql://postgres@/postgres?host={files}&port={port}",
            f"postgresql://postgres@{address}:{port}/postgres",
        )
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(60)


@contextmanager
def served(machine: FarMachine, database_url: str, log: Path) -> Iterator[str]:
    """The URL of a service on another machine."""
    command = machine.command(sys.executable, "-m", "app.cli", "serve", "--bind", f"{machine.there}:0")
    environment = {**os.environ, "RELINK_DATABASE_URL": database_url}
    with log.open("w") as output:
        process = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=output, stderr=output)
    try:
        yield eventually(lambda: _address(log))
    finally:
        process.kill()
        process.wait(60)


def _address(log: Path) -> str | None:
    found = re.search(r"^Relink listens on (\S+)$", log.read_text(), re.MULTILINE)
    return found[1] if found else None


@pytest.mark.ledger("DEC-27", "PRO-34")
def test_a_run_whose_machine_loses_its_power_frees_its_package(
    data_directory: Path, tmp_path: Path, figures: Callable[[str], None]
) -> None:
    with (
        FarMachine.connected() as machine,
        database_server(data_directory, machine.here) as (near_url, far_url),
        served(machine, far_url, tmp_path / "serve.log") as url,
    ):
        engine = make_engine(near_url)
        client = Client(create_app(Settings(secret_key=SECRET_KEY), engine))
        client.load(Graph().node("P.A", frozen(*links("P.B.1"))).node("P.B", frozen(), draft()))

        def forced() -> None:
            given = {"nodeReference": "P", "action": "force", "updateContentIndicator": "true"}
            with suppress(click.ClickException):
                ServiceClient(url, ADMIN, PASSWORD).post(message("UpdateNodeVersions", given).encode()).file.close()

        def state() -> str:
            run = client.app.test_client().get("/runs/1", auth=(ADMIN, PASSWORD)).get_json()
            return str(run.get("state", ""))

        with engine.connect() as holder:
            holder.execute(text("SELECT FROM node WHERE node_reference = 'P.A' FOR UPDATE"))
            Thread(target=forced, daemon=True).start()
            eventually(lambda: waiting_for_a_lock(near_url))
            machine.cut_power()
            began = time.monotonic()
            assert state() == "running"
            eventually(lambda: state() == "interrupted", NOTICED_WITHIN)
            figures(f"the package was free {time.monotonic() - began:.0f} s after the power cut")
        assert client.update("P", "force").number == 0
        engine.dispose()


def waiting_for_a_lock(url: str) -> bool:
    """Whether the run waits for the node."""
    engine = make_engine(url)
    found = waiting_sessions(engine, "CALL apply_run%")
    engine.dispose()
    return found > 0
