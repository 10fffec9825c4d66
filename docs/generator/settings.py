"""The reference of the settings, from the list of variables."""

from __future__ import annotations

from collections.abc import Iterator

from app.variables import VARIABLES


def pages() -> Iterator[tuple[str, str]]:
    """The one page of the settings."""
    rows = (f"| `{name}` | {variable.default} | {variable.meaning} |" for name, variable in VARIABLES.items())
    yield (
        "settings.md",
        "# Settings\n\n"
        "Settings are environment variables. `relink check` checks them. The service and every command refuse a\n"
        "variable whose name begins with `RELINK_` and is not in this table, and name the variable that was\n"
        "probably meant.\n\n"
        "| variable | default | meaning |\n|---|---|---|\n" + "\n".join(rows) + "\n",
    )
