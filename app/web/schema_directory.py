"""Where the published schema files are."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

SCHEMA_DIRECTORY: Final = Path(__file__).parent.parent.parent / "schemas"


def check_schema_files(services: Iterable[str]) -> None:
    """Raise FileNotFoundError if the schema file of the request or the response of a service does not exist."""
    for name in services:
        for file in (SCHEMA_DIRECTORY / folder / f"{name}.xsd" for folder in ("requests", "responses")):
            if not file.exists():
                raise FileNotFoundError(f"the service {name} needs the schema file {file}, which does not exist")
