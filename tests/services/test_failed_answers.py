"""A force whose answer cannot be rendered frees its package."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Engine

from app.identity.rights import OPERATOR
from app.runs import record as runs
from app.runs.record import NodeContext, RunState
from app.services.answer import Answer, Fields, Group
from app.services.call import Call
from app.services.forced import forced
from app.wire.envelope import answered
from tests.support.builders import Graph, package
from tests.support.http import Client

SERVICE = "UpdateNodeVersions"


class Nothing:
    """The outcome of a run without any steps."""

    cancelled = False
    error_number = 0


def broken_rows() -> Iterator[Group]:
    yield Group("Update", (Fields(("nodeReference", "P")),))
    raise RuntimeError("broken")


def test_a_run_whose_answer_cannot_be_rendered_ends_and_frees_its_package(client: Client, engine: Engine) -> None:
    client.load(Graph().node("P", package()))
    context = NodeContext(int(client.get("P").text("nodeIdentifier") or 0), "P", include_content=True)

    def begin(connection: Connection, state: RunState) -> int:
        return runs.begin(connection, OPERATOR, context, {}, state)

    def respond(_outcome: Nothing) -> Answer:
        return Answer((Group("UpdateList", broken_rows()),))

    call = Call(engine, OPERATOR)
    with pytest.raises(RuntimeError, match="broken"):
        answered(SERVICE, forced(call, begin, lambda _connection, _run: Nothing(), respond))
    with engine.connect() as connection:
        (run,) = runs.recent(connection, None)
    assert run.state is RunState.INTERRUPTED
    with call.workload.runs.turn() as turn:
        assert turn.has_come
    assert client.update("P", "force").number == 0
