"""The embedded database."""

from __future__ import annotations

from pathlib import Path

import psycopg

from app.database import embedded


def test_files_that_were_left_half_made_are_made_anew(data_directory: Path) -> None:
    """As after a Ctrl-C while initdb was at work."""
    half_made = data_directory / "postgresql"
    (half_made / "base").mkdir(parents=True)
    (half_made / "PG_VERSION").write_text("18\n")
    (data_directory / "being-made").touch()
    url = embedded.start(data_directory)
    try:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE TABLE kept ()")
        assert not (data_directory / "being-made").exists()
        with psycopg.connect(embedded.start(data_directory)) as connection:
            connection.execute("TABLE kept")
    finally:
        embedded.stop(data_directory)
