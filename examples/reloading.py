"""Serves `wsgi.py` on the port `PORT`, and again whenever a file of `app` or `schemas` changes: a part of `make dev`.

Flask's server watches Python files by itself. The others are listed at each start, so that new ones are watched too.
This module imports nothing of Relink: a mistake in the code is shown, and the service returns when it is corrected.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from flask.cli import FlaskGroup

_ROOT = Path(__file__).parents[1]
_WATCHED = ("app", "schemas")


def main() -> None:
    """Serve until Ctrl-C."""
    files = os.pathsep.join(_watched_files())
    options = ["--port", os.environ["PORT"], "--reload", "--extra-files", files]
    FlaskGroup().main(["--app", "wsgi", "run", *options], prog_name="flask")


def _watched_files() -> Iterator[str]:
    for folder in _WATCHED:
        for path in (_ROOT / folder).rglob("*"):
            if path.is_file() and path.suffix != ".pyc":
                yield str(path)


if __name__ == "__main__":
    main()
