"""Functions, procedures, triggers and views: created from `.sql` files beside the modules that use them.

Migrations hold tables and data, and `words_of_values`, a function that an index needs. A routine has no data to keep,
so its file is its only definition: `relink migrate` drops and recreates all routines when the text of any of these
files has changed, or when there is a migration to apply. A file is executed unchanged and may hold any statements.
"""

from __future__ import annotations

from hashlib import sha256
from importlib import resources

from sqlalchemy import Connection, text

ROUTINE_FILES = (
    ("app.nodes", "members"),
    ("app.nodes", "large_versions"),
    ("app.nodes", "version_checks"),
    ("app.nodes", "frozen_versions"),
    ("app.nodes", "deletion"),
    ("app.runs", "conditions"),
    ("app.solutions.releases", "published_releases"),
    ("app.solutions.instances", "waiting_instances"),
    ("app.solutions.instances", "move_instances"),
    ("app.updates", "apply_run"),
)
"""The package and the name of each file, in the order in which they are executed."""

# Operators may have functions and views of their own in the same schema: only those that these files created are
# dropped. Triggers go with their functions.
_DROP = text("""
    SELECT format('DROP %s IF EXISTS %s CASCADE', kind, signature) FROM routine
    WHERE CASE kind WHEN 'view' THEN to_regclass(signature) IS NOT NULL ELSE to_regprocedure(signature) IS NOT NULL END
    ORDER BY kind DESC
""")
_PRESENT = """
    SELECT 'routine' AS kind, oid, oid::regprocedure::text AS signature FROM pg_proc
    WHERE pronamespace = current_schema()::regnamespace
    UNION ALL
    SELECT 'view', oid, oid::regclass::text FROM pg_class
    WHERE relnamespace = current_schema()::regnamespace AND relkind = 'v'
"""
_OIDS = text(f"SELECT oid FROM ({_PRESENT}) present")  # noqa: S608 - all of it is in this module
_RECORD = text(f"""
    INSERT INTO routine (kind, signature, files_digest)
    SELECT kind, signature, :digest FROM ({_PRESENT}) present WHERE oid <> ALL (:before)
""")  # noqa: S608 - all of it is in this module


def routines_are_current(connection: Connection) -> bool:
    """Return whether the database has exactly the routines of these files."""
    if not _has_record(connection):
        return False
    return set(connection.execute(text("SELECT DISTINCT files_digest FROM routine")).scalars()) == {_files_digest()}


def drop_routines(connection: Connection) -> None:
    """Drop the routines that were created from the files, if any, in the current transaction."""
    if _has_record(connection):
        for statement in connection.execute(_DROP).scalars().all():
            connection.execute(text(statement))
        connection.execute(text("DELETE FROM routine"))


def create_routines(connection: Connection) -> None:
    """Execute all files in the current transaction, and record the routines that they create."""
    before = connection.execute(_OIDS).scalars().all()
    for package, name in ROUTINE_FILES:
        # Without parameters: a file may contain text that SQLAlchemy or psycopg would take for a placeholder.
        connection.connection.cursor().execute(_text(package, name))
    connection.execute(_RECORD, {"digest": _files_digest(), "before": list(before)})


def _has_record(connection: Connection) -> bool:
    return connection.execute(text("SELECT to_regclass('routine')")).scalar_one() is not None


def _files_digest() -> str:
    digest = sha256()
    for package, name in ROUTINE_FILES:
        digest.update(f"{package}/{name}\n{_text(package, name)}".encode())
    return digest.hexdigest()


def _text(package: str, name: str) -> str:
    return resources.files(package).joinpath(f"{name}.sql").read_text(encoding="utf-8")
