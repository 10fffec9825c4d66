"""The transaction of a command that works on the database itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import click
from sqlalchemy import Connection

from app.commands.database import opened_database
from app.errors import Fault, RelinkError, UserError


@contextmanager
def transaction(names: Mapping[str, str]) -> Iterator[Connection]:
    """Begin a transaction. An error that the arguments or options cause ends the command with a message.

    `names` are the names of the arguments and options, by the fields that they stand for.
    """
    with opened_database() as engine:
        try:
            with engine.begin() as connection:
                yield connection
        except UserError as error:
            raise click.ClickException("\n".join(_described(fault, names) for fault in error.faults)) from error
        except RelinkError as error:
            raise click.ClickException(error.description) from error


def _described(fault: Fault, names: Mapping[str, str]) -> str:
    return fault.text if fault.is_sentence else f"{names.get(fault.field, fault.field)} {fault.text}"
