"""A service for development with a worker, on a store with examples: `make dev`.

Both restart whenever a file of `app` or `schemas` changes. The store is in a temporary directory and is deleted at the
end. A store that `RELINK_DATA_DIR` or `RELINK_DATABASE_URL` names is used instead and is kept. On the database of
`RELINK_DATABASE_URL` no worker is started.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType
from typing import NoReturn

import click
import structlog
from flask import Flask
from lxml import etree
from sqlalchemy import Engine
from watchfiles import watch

from app.application import create_app
from app.database import embedded
from app.errors import UserError
from app.identity.users import add_user
from app.settings import Settings
from app.start import open_database, with_secret_key

_ROOT = Path(__file__).parents[1]
_WATCHED = (_ROOT / "app", _ROOT / "schemas")
_USER, _PASSWORD = "demo", "a good password"
_USUAL_PORT = 8080
_RELINK_DEBIAN = (
    "<FreezeNode><nodeReference>debian</nodeReference><action>force</action>"
    "<freezeContentIndicator>true</freezeContentIndicator></FreezeNode>",
    "<CopyNode><nodeVersionReferenceFrom>debian.bookworm.libc6</nodeVersionReferenceFrom>"
    "<nodeReferenceTo>debian.bookworm.libc6</nodeReferenceTo></CopyNode>",
)
"""After new versions of these, most packages of Debian are out of date."""


@click.command()
@click.option("--port", envvar="PORT", default=_USUAL_PORT, show_default=True, type=click.IntRange(1, 65535))
def main(port: int) -> None:
    """Open the store, fill it if it is new, and serve until Ctrl-C."""
    _check_free(port)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    with _store(), suppress(KeyboardInterrupt):
        settings = Settings.from_environment()
        engine = open_database(settings)
        with suppress(UserError):  # the user and the examples already exist
            add_demo_user(engine)
            click.echo("Filling the store with examples ...")
            structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
            fill(create_app(with_secret_key(settings), engine))
        engine.dispose()
        address = f"http://127.0.0.1:{port}"
        variable = "" if port == _USUAL_PORT else f"RELINK_URL={address} "
        click.echo(f"Sign in at {address}/console as {_USER} with the password '{_PASSWORD}'.")
        click.echo(f"Try: {variable}relink impact debian")
        _serve(port)


def _check_free(port: int) -> None:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError as error:
        raise click.ClickException(f"port {port}: {error.strerror}. Choose another: make dev PORT=8081") from error


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


@contextmanager
def _store() -> Iterator[None]:
    """Provide the store that the settings name, or one in a temporary directory."""
    if os.environ.get("RELINK_DATABASE_URL") or os.environ.get("RELINK_DATA_DIR"):
        yield
        return
    with TemporaryDirectory(prefix="relink-dev-") as name:
        directory = Path(name)
        directory.chmod(0o755)  # as root, the database server runs as another user
        os.environ["RELINK_DATA_DIR"] = str(directory / "data")
        click.echo(f"The store is in {directory / 'data'} and is deleted when the service is stopped")
        try:
            yield
        finally:
            embedded.stop(directory / "data")


def add_demo_user(engine: Engine) -> None:
    """Add a user who may do everything."""
    with engine.begin() as connection:
        add_user(connection, _USER, _PASSWORD, admin=True)


def fill(app: Flask) -> None:
    """Add the catalog, packages of Debian, and a solution with two releases and two instances."""
    _post(app, (_ROOT / "examples" / "acme.xml").read_text())
    debian = _ROOT / "examples" / "debian"
    convert = [sys.executable, str(debian / "convert.py"), str(debian / "bookworm-cut.tsv")]
    _post(app, subprocess.check_output(convert, text=True))  # noqa: S603
    for request in _RELINK_DEBIAN:
        _post(app, request)
    _fill_solution(app)


def _fill_solution(app: Flask) -> None:
    solution = _post(app, "<SetSolution><title>Support</title></SetSolution>", "solutionId")
    publish = f"<PublishSolutionRelease><solutionId>{solution}</solutionId></PublishSolutionRelease>"
    _post(app, publish)
    for name in ("Ann", "Bert"):
        user = f"<name>{name}</name><externalUserId>{name.lower()}</externalUserId>"
        owner = _post(app, f"<CreateExternalUser>{user}</CreateExternalUser>", "userId")
        _post(
            app,
            f"<CreateSolutionInstance><solutionId>{solution}</solutionId><owner>{owner}</owner>"
            f"<instanceName>Support of {name}</instanceName></CreateSolutionInstance>",
        )
    _post(
        app,
        f"<SetSolution><solutionId>{solution}</solutionId><ConfigSlotList><ConfigSlot>"
        "<externalId>external_support-email</externalId><hidden>true</hidden></ConfigSlot></ConfigSlotList></SetSolution>",
    )
    _post(app, publish)


def _post(app: Flask, request: str, element: str = "errorNumber") -> str:
    """Send a request, and return the text of an element of the response."""
    response = app.test_client().post("/service", data=request, content_type="application/xml", auth=(_USER, _PASSWORD))
    if response.headers["Relink-Error-Number"] not in ("0", "108"):
        raise click.ClickException(response.get_data(as_text=True))
    return etree.fromstring(response.data).findtext(element) or ""


def _serve(port: int) -> None:
    """Serve until Ctrl-C. A service that a mistake in the code has ended starts again when the code is corrected."""
    process = _served(port)
    try:
        for _ in watch(*_WATCHED):
            print("The code has changed: the service restarts", flush=True)
            _stop(process)
            process = _served(port)
    finally:
        _stop(process)


def _served(port: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "app.cli", "serve", f"--bind=127.0.0.1:{port}", "--workers=1"]
    # A session of its own keeps the Ctrl-C of a terminal from it: this process stops it.
    return subprocess.Popen(command, cwd=_ROOT, start_new_session=True)  # noqa: S603


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Stop the service, which ends the requests and runs in progress first."""
    process.terminate()
    process.wait()


if __name__ == "__main__":
    main()
