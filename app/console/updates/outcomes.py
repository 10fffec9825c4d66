"""What has become of the nodes and instances of a run so far, as its page shows it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import Connection

from app.console.formatting import duration
from app.console.instances.addresses import instance_url
from app.console.nodes.addresses import node_url
from app.identity.rights import Caller
from app.runs.access import may_read_response
from app.runs.listing import Outcome, count_outcomes, outcomes
from app.runs.record import Run
from app.solutions.instances.reading import read_names

SHOWN = 100
"""How many outcomes a page shows."""
_MOST_AT_ONCE = 500
_HIDDEN = "a node that you may not read"


@dataclass(frozen=True)
class OutcomeRow:
    """An outcome as a page shows it. `version` is the number of a version or a release. `node` is the reference of a
    node, by which the drawing shows it."""

    number: int
    name: str
    address: str
    version: int | None
    kind: str
    node: str = ""


def rows_of(connection: Connection, listed: Sequence[Outcome]) -> list[OutcomeRow]:
    """Return outcomes with the names of their nodes and instances."""
    instances = [each.instance_identifier for each in listed if each.instance_identifier is not None]
    names = read_names(connection, instances) if instances else {}
    return [_row(each, names.get(each.instance_identifier or "")) for each in listed]


def latest_rows(connection: Connection, caller: Caller, run: Run) -> list[OutcomeRow]:
    """Return the latest outcomes of a run, the newest first."""
    after = max(0, run.done - SHOWN)
    return rows_of(connection, outcomes(connection, caller, run.identifier, after=after, limit=SHOWN)[0])[::-1]


@dataclass
class Following:
    """Tells a reader how a run goes on. The reader has seen the outcomes up to the number `seen`."""

    seen: int

    def __post_init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._counted = 0

    def __call__(self, connection: Connection, caller: Caller, run: Run) -> dict[str, object]:
        """Return whether the run was asked to end, how long it has worked, how many outcomes it has of each kind, and
        those that the reader has not seen; if these are very many, only the latest of them. A reader who may not know
        the outcomes gets none."""
        fields: dict[str, object] = {"cancelRequested": run.cancel_requested, "worked": duration(run.seconds)}
        if not may_read_response(connection, caller, run):
            return fields
        self._counts.update(count_outcomes(connection, run, after=self._counted))
        self._counted = run.done
        after = self.seen if run.done - self.seen <= _MOST_AT_ONCE else run.done - SHOWN
        listed, _ = outcomes(connection, caller, run.identifier, after=after, limit=_MOST_AT_ONCE)
        self.seen = listed[-1].ordinal if listed else self.seen
        rows = [asdict(row) for row in rows_of(connection, listed)]
        return {**fields, "counts": dict(self._counts), "outcomes": rows}


def _row(found: Outcome, instance_name: str | None) -> OutcomeRow:
    if found.instance_identifier is not None:
        name, address = instance_name or found.instance_identifier, instance_url(found.instance_identifier)
        return OutcomeRow(found.ordinal, name, address if instance_name else "", found.number, found.update_type)
    reference = found.node_reference
    if not reference:
        return OutcomeRow(found.ordinal, _HIDDEN, "", found.number, found.update_type)
    return OutcomeRow(found.ordinal, reference, node_url(reference), found.number, found.update_type, reference)
