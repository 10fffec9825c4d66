"""Where the published schema files are."""

from __future__ import annotations

from pathlib import Path
from typing import Final

SCHEMA_DIRECTORY: Final = Path(__file__).parent.parent.parent / "schemas"
