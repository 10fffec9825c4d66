"""What `relink migrate` makes: tables, and the functions, procedures and triggers from the files beside the modules."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from app.database.engine import make_engine
from app.database.migrate import SchemaBehindError, expected_revision, known_revisions, migrate, require_schema
from app.database.routines import ROUTINE_FILES
from docs.generator.schema import SCHEMA_FILE, dump_schema
from tests.commands.conftest import Relink
from tests.database.keep_store import NEWEST_STORE, STORES
from tests.support.lock_waits import waiting_sessions
from tests.support.served import ROOT, eventually

FIRST_STORE = STORES[0]
ADDED_COLUMNS = {
    "run": (
        *("service", "action", "queued_at", "reason", "asynchronous", "attempts", "if_match", "plan"),
        *("idempotency_key", "request_digest"),
    ),
    "authentication": ("expires_at", "announced_expires_at"),
}
"""The columns that later migrations have added to tables of the first schema."""
RENAMED_TABLES = {"run_answer": "run_response"}
_AS_AN_OLDER_PROGRAM = """
    DROP FUNCTION refuse_thaw CASCADE;
    CREATE OR REPLACE FUNCTION others_are_as_planned(run bigint, step integer, others integer, node bigint,
                                                     list_moves_of integer)
      RETURNS boolean LANGUAGE sql RETURN true;
    CREATE FUNCTION no_longer_there(number integer) RETURNS integer LANGUAGE sql RETURN number;
    CREATE VIEW no_longer_seen AS SELECT 1;
    UPDATE routine SET files_digest = 'of older files';
    INSERT INTO routine VALUES ('routine', 'no_longer_there(integer)', 'of older files');
    INSERT INTO routine VALUES ('view', 'no_longer_seen', 'of older files');
    CREATE FUNCTION of_the_operator() RETURNS integer LANGUAGE sql RETURN 1;
    CREATE VIEW also_of_the_operator AS SELECT of_the_operator();
"""


@pytest.fixture
def empty(empty_database_url: str) -> Iterator[Engine]:
    engine = make_engine(empty_database_url)
    yield engine
    engine.dispose()


def execute(engine: Engine, statements: str) -> None:
    with engine.begin() as connection:
        connection.connection.cursor().execute(statements.encode())


def test_the_schema_file_shows_what_a_migrated_database_has(
    empty: Engine, empty_database_url: str, engine: Engine, database_url: str
) -> None:
    """`make docs` writes the file. Both are dumped from the same server, since `pg_dump` depends on its version."""
    execute(empty, "SET LOCAL check_function_bodies = off;" + SCHEMA_FILE.read_text(encoding="utf-8"))
    assert dump_schema(empty_database_url) == dump_schema(database_url)


class TestRoutines:
    def test_changed_routines_are_recreated_and_removed_routines_are_dropped(
        self, engine: Engine, database_url: str
    ) -> None:
        fresh = dump_schema(database_url)
        execute(engine, _AS_AN_OLDER_PROGRAM)
        with pytest.raises(SchemaBehindError, match="run 'relink migrate'"):
            require_schema(engine)
        migrate(engine)
        require_schema(engine)
        execute(engine, "DROP VIEW also_of_the_operator; DROP FUNCTION of_the_operator()")
        assert dump_schema(database_url) == fresh

    def test_unchanged_routines_are_not_recreated(self, engine: Engine) -> None:
        procedure = text("SELECT oid FROM pg_proc WHERE proname = 'apply_run'")
        with engine.begin() as connection:
            before = connection.execute(procedure).scalar_one()
        migrate(engine)
        with engine.begin() as connection:
            assert connection.execute(procedure).scalar_one() == before

    def test_check_and_migrate_report_changed_routines(self, engine: Engine, database_url: str) -> None:
        relink = Relink({"RELINK_DATABASE_URL": database_url})
        execute(engine, _AS_AN_OLDER_PROGRAM)
        shown = relink("check").stdout
        assert "functions in the database differ from those of this program: run 'relink migrate'" in shown
        assert "replaced by those of this program" in relink("migrate").stdout
        assert relink("check").exit_code == 0
        assert "nothing to do" in relink("migrate").stdout

    def test_a_long_transaction_delays_the_routines_and_no_other_session(self, engine: Engine) -> None:
        execute(engine, _AS_AN_OLDER_PROGRAM)
        with engine.connect() as busy, engine.connect() as watching, ThreadPoolExecutor(1) as other:
            busy.execute(text("LOCK TABLE node IN ACCESS SHARE MODE"))
            migrated = other.submit(migrate, engine)
            eventually(lambda: waiting_sessions(engine, event="relation"))
            assert watching.execute(text("SELECT count(*) FROM node")).scalar_one() > 0
            watching.rollback()
            assert not migrated.done()
            busy.rollback()
            migrated.result()
        require_schema(engine)


def test_migrations_create_no_routine_but_the_one_that_an_index_needs() -> None:
    directory = ROOT / "app" / "database" / "migrations" / "versions"
    files = [file for kind in ("*.sql", "*.py") for file in directory.rglob(kind)]
    created = re.findall(
        r"CREATE\s+(?:OR\s+REPLACE\s+)?(?:FUNCTION|PROCEDURE|TRIGGER|VIEW)\s+(\w+)",
        "".join(file.read_text(encoding="utf-8") for file in files),
    )
    assert created == ["words_of_values"]


def test_the_names_of_the_files_are_the_migrations_that_alembic_knows() -> None:
    scripts = ScriptDirectory(str(ROOT / "app" / "database" / "migrations"))
    assert known_revisions() == {script.revision for script in scripts.walk_revisions()}
    assert expected_revision() == scripts.get_current_head()


def test_an_installed_package_has_every_sql_file(tmp_path: Path) -> None:
    """`build_py` copies what a wheel contains."""
    command = [sys.executable, "-c", "import setuptools; setuptools.setup()", "-q"]
    for part in ("egg_info", "--egg-base", str(tmp_path), "build_py", "--build-lib", str(tmp_path / "built")):
        command.append(part)
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    built = tmp_path / "built"
    installed = {path.relative_to(built) for path in built.rglob("*.sql")}
    assert installed == {path.relative_to(ROOT) for path in (ROOT / "app").rglob("*.sql")}
    for package, name in ROUTINE_FILES:
        assert Path(*package.split("."), f"{name}.sql") in installed


class TestKeptData:
    """Stores of older schemas keep their rows."""

    @pytest.mark.parametrize("store", STORES, ids=[store.stem for store in STORES])
    def test_a_kept_store_is_migrated_and_keeps_every_row(
        self, empty: Engine, empty_database_url: str, database_url: str, store: Path
    ) -> None:
        execute(empty, store.read_text(encoding="utf-8"))
        before = rows_by_table(empty)
        without = {table for table, rows in before.items() if not rows}
        assert without == ({"queue_migration"} if store is FIRST_STORE else set())
        migrate(empty)
        require_schema(empty)
        after = rows_by_table(empty, ADDED_COLUMNS if store is FIRST_STORE else {})
        del before["routine"], before["alembic_version"], before["queue_migration"]
        # A migration that changes or renames what a table has says so here.
        assert {table: after[RENAMED_TABLES.get(table, table)] for table in before} == before
        assert dump_schema(empty_database_url) == dump_schema(database_url)

    def test_the_next_migration_is_tried_against_a_value_in_every_column(self, empty: Engine) -> None:
        """A migration that adds a table or a column comes with a kept store that has rows for it: see CONTRIBUTING."""
        execute(empty, NEWEST_STORE.read_text(encoding="utf-8"))
        migrate(empty)
        columns = text("""
            SELECT c.table_name, c.column_name
            FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
            WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE'
        """)
        with empty.connect() as connection:
            without = {
                f"{table}.{column}"
                for table, column in connection.execute(columns).all()
                if not connection.execute(text(f'SELECT count("{column}") FROM {table}')).scalar_one()
            }
        assert without == set()

    def test_versions_of_the_first_store_are_kept_and_guarded_after_migration(self, empty: Engine) -> None:
        execute(empty, FIRST_STORE.read_text(encoding="utf-8"))
        migrate(empty)
        with empty.connect() as connection:
            query = "SELECT sequence, value, scale, target_node_identifier, comment FROM member"
            members = connection.execute(text(f"{query} WHERE node_identifier = 1002")).all()
        assert sorted(members, key=repr) == sorted(
            [(1, "words", None, None, None), (1, None, None, 1003, "on a link"), (2, None, 0.5, 1001, None)], key=repr
        )
        with pytest.raises(DBAPIError, match="is frozen"), empty.begin() as connection:
            connection.execute(text("UPDATE node_version SET node_name = 'x' WHERE node_identifier = 1002"))


def rows_by_table(engine: Engine, added: Mapping[str, Sequence[str]] = {}) -> dict[str, list[str]]:
    """The rows of all tables but those of the queue, as text, without columns that have been added."""
    tables = text("""
        SELECT table_name FROM information_schema.tables
        WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND NOT starts_with(table_name, 'procrastinate')
    """)
    with engine.connect() as connection:
        return {
            table: sorted(
                connection.execute(
                    text(f"SELECT (to_jsonb(t) - CAST(:added AS text[]))::text FROM {table} t"),
                    {"added": list(added.get(table, ()))},
                ).scalars()
            )
            for table in connection.execute(tables).scalars().all()
        }
