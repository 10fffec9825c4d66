"""A force whose response cannot be rendered releases its package."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from app.identity.rights import OPERATOR
from app.runs.held import started
from app.runs.listing import RunFilter, visible_runs
from app.runs.record import RunState
from app.runs.wanted import NodeContext, WantedRun
from app.services.call import Call
from app.services.forced import end_run
from app.services.response import Fields, Group, ServiceResponse
from app.wire.response_documents import written
from app.wire.xml_writer import write_parts
from tests.support.builders import Graph, package
from tests.support.http import Client

SERVICE = "UpdateNodeVersions"


def broken_rows() -> Iterator[Group]:
    yield Group("Update", (Fields(("nodeReference", "P")),))
    raise RuntimeError("broken")


def test_a_run_whose_response_cannot_be_rendered_ends_and_frees_its_package(client: Client, engine: Engine) -> None:
    client.load(Graph().node("P", package()))
    context = NodeContext(int(client.get("P").text("nodeIdentifier") or 0), "P", include_content=True)

    call = Call(engine, OPERATOR, written, write_parts)
    response = ServiceResponse((Group("UpdateList", broken_rows()),))
    with (
        pytest.raises(RuntimeError, match="broken"),
        started(engine, OPERATOR, WantedRun(SERVICE, context, {}), call.workload.runs, described=str) as run,
    ):
        end_run(call, SERVICE, run, response, cancelled=False)
    with engine.connect() as connection:
        (record,), _ = visible_runs(connection, OPERATOR, RunFilter())
    assert record.state is RunState.INTERRUPTED
    with call.workload.runs.turn() as turn:
        assert turn.has_come
    assert client.update("P", "force").number == 0
