"""What a run is to do: its service, its context and its options."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, text

from app.identity.rights import Caller
from app.runs.keys import Key
from app.runs.record import RunState

IMPACT: Final = "impact"
FORCE: Final = "force"

_INSERT = text("""
    INSERT INTO run (service, action, user_identifier, context_node_identifier, solution_identifier, context_reference,
                     include_content, options, if_match, state, started_at, asynchronous, attempts)
    VALUES (:service, :action, :user, :node, CAST(:solution AS uuid), :reference, :content, :options, :if_match, :state,
            CASE WHEN :state = 'running' THEN now() END, :asynchronous, CASE WHEN :asynchronous THEN 0 ELSE 1 END)
    RETURNING run_identifier
""")


@dataclass(frozen=True)
class NodeContext:
    """The context of a run over a node, or over a node and its content."""

    identifier: int
    reference: str
    include_content: bool

    def columns(self) -> dict[str, object]:
        """Return the columns of the record that hold the context."""
        return {
            "node": self.identifier,
            "solution": None,
            "reference": self.reference,
            "content": self.include_content,
        }


@dataclass(frozen=True)
class SolutionContext:
    """The context of a run over the instances of a solution."""

    identifier: str

    def columns(self) -> dict[str, object]:
        """Return the columns of the record that hold the context."""
        return {"node": None, "solution": self.identifier, "reference": self.identifier, "content": False}


@dataclass(frozen=True)
class NoContext:
    """The context of a run that may write any node, such as an import."""

    def columns(self) -> dict[str, object]:
        """Return the columns of the record that hold the context."""
        return {"node": None, "solution": None, "reference": "", "content": False}


Context = NodeContext | SolutionContext | NoContext


@dataclass(frozen=True)
class WantedRun:
    """The service and the action that were requested, the context, the options for the record, and what the headers of
    the request say: the plan that must still hold, and the key of the request."""

    service: str
    context: Context
    options: Mapping[str, object]
    action: str = FORCE
    if_match: str | None = None
    key: Key | None = None

    def record(self, connection: Connection, caller: Caller, state: RunState, *, asynchronous: bool = False) -> int:
        """Insert the record of the run, without its key, and return its identifier."""
        values = {
            "service": self.service,
            "action": self.action,
            "user": caller.user_identifier,
            "options": json.dumps(self.options),
            "if_match": None if self.if_match == "*" else self.if_match,
            "state": state.value,
            "asynchronous": asynchronous,
            **self.context.columns(),
        }
        return int(connection.execute(_INSERT, values).scalar_one())
