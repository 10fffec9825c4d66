"""Data directories with an embedded database that has been used before.

To create one takes longer than most tests that start it.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.database import embedded
from app.database.engine import make_engine
from app.database.migrate import migrate
from tests import conftest


@pytest.fixture(scope="session")
def migrated_directory() -> Iterator[Path]:
    """A data directory whose database has all migrations, and does not run."""
    with conftest.open_directory(conftest.directory_in_memory()) as directory:
        engine = make_engine(embedded.start(directory))
        migrate(engine)
        engine.dispose()
        embedded.stop(directory)
        yield directory


@pytest.fixture
def used_directory(migrated_directory: Path, data_directory: Path) -> Path:
    """The data directory of the test, with a copy of that database."""
    return copied(migrated_directory, data_directory)


def copied(migrated_directory: Path, to: Path) -> Path:
    """Copy a data directory whose database does not run."""
    to.mkdir(exist_ok=True)
    subprocess.run(["cp", "-a", f"{migrated_directory}/.", to], check=True)
    return to
