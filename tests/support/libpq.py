"""Variables of the environment that change how libpq connects."""

from __future__ import annotations

ENVIRONMENT = {
    "PGCLIENTENCODING": ["LATIN1", "nonsense"],
    "PGOPTIONS": ["-c datestyle=German -c search_path=nowhere", "--nonsense=1"],
    "PGTZ": ["Asia/Kathmandu", "nonsense"],
    "PGDATESTYLE": ["German", "nonsense"],
    "PGGEQO": ["off", "nonsense"],
    "PGCONNECT_TIMEOUT": ["0", "nonsense"],
    "PGHOSTADDR": ["127.0.0.255", "nonsense"],
    "PGSERVICE": ["nonsense"],
}
"""The variables that must have no effect, with values that would have one."""
HOSTILE = {name: values[-1] for name, values in ENVIRONMENT.items()}
"""Values with which libpq alone could not connect."""
