"""A service for development, on a store with examples: `make dev`.

The service restarts whenever a file of the code changes (`examples/reloading.py`). The store is in a temporary
directory and is deleted at the end. A store that `RELINK_DATA_DIR` or `RELINK_DATABASE_URL` names is used instead and
is kept.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import structlog
from flask import Flask
from lxml import etree
from sqlalchemy import Engine

from app.application import create_app
from app.database import embedded
from app.errors import UserError
from app.identity.users import add_user
from app.settings import Settings
from app.start import open_database, with_secret_key

_ROOT = Path(__file__).parents[1]
_USER, _PASSWORD = "demo", "a good password"
_RELINK_DEBIAN = (
    "<FreezeNode><nodeReference>debian</nodeReference><action>force</action>"
    "<freezeContentIndicator>true</freezeContentIndicator></FreezeNode>",
    "<CopyNode><nodeVersionReferenceFrom>debian.bookworm.libc6</nodeVersionReferenceFrom>"
    "<nodeReferenceTo>debian.bookworm.libc6</nodeReferenceTo></CopyNode>",
)
"""After new versions of these, most packages of Debian are out of date."""


def main() -> None:
    """Open the store, fill it if it is new, and serve until Ctrl-C."""
    with _store(), suppress(KeyboardInterrupt):
        settings = Settings.from_environment()
        engine = open_database(settings)
        with suppress(UserError):  # the user and the examples already exist
            add_demo_user(engine)
            click.echo("Filling the store with examples ...")
            structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
            fill(create_app(with_secret_key(settings), engine))
        engine.dispose()
        port = os.environ.get("PORT", "8080")
        click.echo(f"Sign in as {_USER} with the password '{_PASSWORD}'. Try: relink impact debian")
        environment = {**os.environ, "PORT": port}
        subprocess.run([sys.executable, "-m", "examples.reloading"], cwd=_ROOT, env=environment, check=False)


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
        yield
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


if __name__ == "__main__":
    main()
