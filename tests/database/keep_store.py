"""Keeps a store of the present schema for the tests of later migrations.

    python -m tests.database.keep_store ROWS.sql

The store is that of the newest kept store, migrated to the present schema, with the rows that ROWS.sql inserts. It is
written to `store_NNNN.sql` beside this module, where NNNN is the present migration, and never changes afterwards.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from app.database import embedded
from app.database.engine import make_engine
from app.database.migrate import migrate

STORES = sorted(Path(__file__).parent.glob("store_*.sql"))
"""The kept stores, the oldest first."""
NEWEST_STORE = STORES[-1]
_HEAD = """\
-- A store at migration {revision} with rows in every table, as pg_dump writes it. It never changes: the tests migrate
-- it to the present schema.
SET LOCAL check_function_bodies = off;

"""
_HEADER = re.compile(r"^--\n-- (?:Data for )?Name: .*; Type: .*\n--\n\n?", re.MULTILINE)
_OF_SESSION = re.compile(r"^SET default_\w+ = .*;\n\n?", re.MULTILINE)


def main() -> None:
    """Write the store of the present schema."""
    rows = Path(sys.argv[1]).read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory(prefix="relink-kept-") as directory:
        Path(directory).chmod(0o755)
        url = embedded.start(Path(directory))
        try:
            engine = make_engine(url)
            with engine.begin() as connection:
                connection.connection.cursor().execute(NEWEST_STORE.read_bytes())
            migrate(engine)
            with engine.begin() as connection:
                connection.connection.cursor().execute(rows.encode())
                revision = str(connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one())
            engine.dispose()
            text = _HEAD.format(revision=revision) + dumped(url)
        finally:
            embedded.stop(Path(directory))
    Path(__file__).with_name(f"store_{revision}.sql").write_text(text, encoding="utf-8")


def dumped(url: str) -> str:
    """The schema and the rows of a database, without owners and settings of the session."""
    command = [str(embedded.installed_binaries() / "pg_dump"), "--inserts", "--no-owner", "--no-privileges", url]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    first, last = _HEADER.search(text), text.index("\n--\n-- PostgreSQL database dump complete")
    assert first is not None
    return re.sub(r"\n{3,}", "\n\n", _OF_SESSION.sub("", _HEADER.sub("", text[first.start() : last]))).strip() + "\n"


if __name__ == "__main__":
    main()
