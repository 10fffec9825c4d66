"""Reads SQL from files beside the module that runs it."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import LiteralString


@cache
def sql_file(package: str, name: str) -> LiteralString:
    """Return the text of the file `NAME.sql` in a package of the program."""
    text: LiteralString = resources.files(package).joinpath(f"{name}.sql").read_text(encoding="utf-8")
    return text
