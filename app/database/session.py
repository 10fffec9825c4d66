"""How a connection is opened, and the settings of its session.

PostgreSQL takes the settings of a session from the server's files, from `ALTER DATABASE` and `ALTER ROLE ... SET`, from
the `PG...` variables of the environment and from `options` in the URL. Our statements and psycopg depend on some of
these settings, so every new session sets them to our values last. Connections for web requests, workers, the queue,
migrations and commands are all opened with `connection_arguments` and `settings_statement`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Any, Final, LiteralString

from psycopg import pq

CONNECT_TIMEOUT: Final = 4
"""A server must accept a connection within this many seconds. A URL may set fewer."""
_LEAST_CONNECT_TIMEOUT = 2  # as in libpq

SETTINGS: Final[Mapping[str, LiteralString]] = {
    # Settings that change how values are read and written as text.
    "client_encoding": "UTF8",
    "DateStyle": "ISO, MDY",
    "IntervalStyle": "postgres",
    "TimeZone": "UTC",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "array_nulls": "on",
    "standard_conforming_strings": "on",
    # Settings that change the meaning of our statements.
    "default_transaction_isolation": "read committed",
    "default_transaction_read_only": "off",
    "default_transaction_deferrable": "off",
    "transform_null_equals": "off",
    "session_replication_role": "origin",  # otherwise the triggers that guard frozen versions do not fire
    "gin_fuzzy_search_limit": "0",  # otherwise an index on arrays returns only some of the rows
    "check_function_bodies": "on",
    "plpgsql.extra_errors": "none",
    "plpgsql.variable_conflict": "error",
    # A long run or import must not be ended; `app.database.connection` notices a database that hangs.
    "statement_timeout": "0",
    "lock_timeout": "0",
    "transaction_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "idle_session_timeout": "0",
    "exit_on_error": "off",
    # The server ends a statement whose client has died. Otherwise a run whose process was killed would continue
    # and hold its package until it is done. The check is one poll of the socket.
    "client_connection_check_interval": "1s",
    # A client whose machine lost power or network does not close its connection: probes notice within 30 seconds.
    "tcp_keepalives_idle": "15",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "30s",
    # Speed: our plans are short, so compiling them takes longer than running them.
    "jit": "off",
    "plan_cache_mode": "auto",
    "client_min_messages": "warning",
}
"""Our values. A setting that the server does not know, because its PostgreSQL is older, is left out."""

_SCHEMA: Final = "public"
_SEARCH_PATH = re.compile(r"search[_-]path=", re.IGNORECASE)

_KEEPALIVES: Final[Mapping[str, int]] = {
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,  # milliseconds
}

_WHOLE_NUMBER = re.compile(r"-?[0-9]{1,9}")

# libpq sends the first three when it connects, and no argument of a connection overrides them. The others would connect
# to a different server from the one that the URL names.
_ENVIRONMENT = ("PGDATESTYLE", "PGTZ", "PGGEQO", "PGHOSTADDR", "PGSERVICE")
_FILES = ("PGSERVICEFILE", "PGSYSCONFDIR")


def connection_arguments(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments for psycopg from those of a URL.

    The URL's own `options` and TCP settings are kept. Variables of the environment that would change the session are
    removed from the environment of this process: an invalid value in one of them prevents any connection.
    """
    forget_environment()
    arguments = {**_KEEPALIVES, "options": "", **given}
    if isinstance(arguments["options"], (list, tuple)):
        arguments["options"] = " ".join(arguments["options"])
    if "," in str(arguments.get("host", "")):
        arguments.setdefault("target_session_attrs", "primary")
    return {**arguments, "client_encoding": "UTF8", "connect_timeout": _connect_timeout(arguments)}


def settings_statement(options: str) -> LiteralString:
    """Return the statement that gives a session our settings; `options` are those with which it was opened.

    A `search_path` in the options is kept: it names the operator's schema for the tables. Otherwise the schema is
    `public`, whatever the settings of the server or the role are.
    """
    ours = SETTINGS if _sets_search_path(options) else {**SETTINGS, "search_path": _SCHEMA}
    values = ", ".join(f"('{name}', '{value}')" for name, value in ours.items())
    # Only settings that differ are set: a role without the right to set session_replication_role needs it only if the
    # value is wrong.
    return f"""
        SET statement_timeout = 0;
        SELECT pg_catalog.set_config(ours.name, ours.value, false)
        FROM (VALUES {values}) AS ours (name, value)
        WHERE pg_catalog.current_setting(ours.name, true) <> ours.value
    """  # noqa: S608 - all of it is in this module


def forget_environment(*, embedded: bool = False) -> None:
    """Remove the environment variables that would override a URL or our settings.

    For the embedded database, all variables of libpq are removed, because they are meant for other servers.
    """
    names = {*_ENVIRONMENT}
    if embedded:
        names |= {*_FILES, *(option.envvar.decode() for option in pq.Conninfo.get_defaults() if option.envvar)}
    for name in names:
        os.environ.pop(name, None)


def _connect_timeout(arguments: Mapping[str, Any]) -> object:
    """Return the smaller one of the URL's timeout and ours. The driver refuses a text that is not a number.

    The driver waits that long for each host of the URL, so several hosts share our timeout.
    """
    given = str(arguments.get("connect_timeout", CONNECT_TIMEOUT))
    if not _WHOLE_NUMBER.fullmatch(given):
        return given
    seconds = int(given)
    hosts = str(arguments.get("host", "")).count(",") + 1
    most = max(CONNECT_TIMEOUT // hosts, _LEAST_CONNECT_TIMEOUT)
    return min(seconds, most) if seconds > 0 else most


def _sets_search_path(options: str) -> bool:
    """Return whether the options set `search_path`. PostgreSQL splits them at white space without a backslash."""
    words = re.findall(r"(?:\\.|\S)+", options, re.DOTALL)
    switches = [re.sub(r"\\(.)", r"\1", word, flags=re.DOTALL) for word in words]
    return any(
        _SEARCH_PATH.match(following if switch == "-c" else switch.removeprefix("-c").removeprefix("--"))
        for switch, following in pairwise([*switches, ""])
    )
