"""What an update that a run has not finished is going to do, read from its staged steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, text

from app.database.sql_files import sql_file
from app.identity import right
from app.identity.rights import Caller, rights_on

_STAGED: Final = text(sql_file("app.updates", "staged"))


@dataclass(frozen=True)
class StagedUpdate:
    """A node that a run updates from its version `number`. `uses` are the references of versions that it comes to link
    to. `done`: the node has been updated."""

    reference: str
    number: int
    name: str
    kind: str
    done: bool
    uses: tuple[str, ...]


def read_staged(connection: Connection, caller: Caller, run: int, most: int) -> list[StagedUpdate]:
    """Return the nodes in the staged steps of a run that the caller may read, in the order of the steps.

    There are none before the run has planned, and after its last step. At most `most` nodes are read.
    """
    rows = connection.execute(_STAGED, {"run": run, "most": most}).all()
    references = {row.node_reference for row in rows} | {used[1] for row in rows for used in row.uses or ()}
    rights = rights_on(connection, caller, references)
    return [
        StagedUpdate(
            row.node_reference,
            row.version_number,
            row.node_name,
            row.kind,
            row.done,
            tuple(f"{used[1]}.{used[3]}" for used in row.uses or () if rights.on(*used[:3]) & right.READ),
        )
        for row in rows
        if rights.on(row.node_identifier, row.node_reference, row.owner_identifier) & right.READ
    ]
