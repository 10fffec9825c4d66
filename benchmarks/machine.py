"""Describes the machine and the database server on which the figures are measured."""

from __future__ import annotations

import os
import platform
import re
import shutil
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.server import connect

_GIBIBYTE = 1024**3
_SETTINGS = """
    SELECT name, current_setting(name) FROM pg_settings
    WHERE source IN ('configuration file', 'command line', 'environment variable') AND category LIKE ANY (ARRAY[
      'Resource%', 'Write-Ahead Log%', 'Query Tuning%', 'Autovacuum%', 'Connections%'])
      AND name NOT IN ('listen_addresses', 'port', 'unix_socket_directories', 'unix_socket_permissions')
    ORDER BY name
"""


def describe(url: str) -> dict[str, Any]:
    """Return the processor, memory and disk of this machine, its load, and the version and settings of the server."""
    with connect(url) as connection:
        settings: dict[str, str] = dict(connection.execute(_SETTINGS).fetchall())
        row = connection.execute("SHOW server_version").fetchone()
    return {
        "processor": _first(r"^model name\s*: (.*)$", "/proc/cpuinfo") or platform.processor(),
        "cores": os.cpu_count(),
        "memory, GiB": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / _GIBIBYTE, 1),
        "disk, GiB": round(shutil.disk_usage(tempfile.gettempdir()).total / _GIBIBYTE),
        "load": os.getloadavg()[2],
        "system": platform.platform(),
        "python": platform.python_version(),
        "postgresql": row[0] if row else "",
        "postgresql settings": settings,
    }


def _first(pattern: str, file: str) -> str:
    """Return what the pattern finds in a file; empty if there is no such file."""
    found = re.search(pattern, Path(file).read_text(), re.MULTILINE) if Path(file).exists() else None
    return found[1] if found else ""
