"""`relink import` of a document that is too large for the queue: it is not a run."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from app.application import create_app
from app.settings import Settings
from tests.commands.conftest import Relink, Start, served_here
from tests.commands.test_ctrl_c import states
from tests.support.builders import Graph, frozen
from tests.support.http import ADMIN, PASSWORD, SECRET_KEY, Client
from tests.support.http_proxy import FORWARD, HOLD, LOSE, HttpProxy
from tests.support.served import eventually

NODES = 100
POST = ("POST", "/service")
IMPORTED = f"Imported {NODES + 1} new nodes, {NODES + 1} new versions, 0 members.\n"
MAY_BE_IMPORTED = (
    "the whole document was sent. It is too large for the queue, so there is no run to watch. It may still be "
    "imported, completely or not at all: check whether its nodes exist before you send it again"
)


@pytest.fixture
def proxy(engine: Engine, client: Client, tmp_path: Path) -> Iterator[HttpProxy]:
    """A proxy in front of a service that keeps only small requests for its workers."""
    app = create_app(Settings(secret_key=SECRET_KEY, max_queued_bytes=64 * 1024), engine)
    with served_here(app, tmp_path / "service.log") as url:
        made = HttpProxy(url)
        with made.serving():
            yield made


@pytest.fixture
def behind(proxy: HttpProxy) -> Relink:
    return Relink({"RELINK_URL": proxy.url, "RELINK_USER": ADMIN, "RELINK_PASSWORD": PASSWORD})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A document whose random digits compress to half, which is too much for the queue."""
    graph, chance = Graph(), random.Random(1)  # noqa: S311
    for number in range(NODES):
        graph.node(f"P.N{number}", frozen(name=chance.randbytes(500).hex()))
    made = tmp_path / "graph.xml"
    made.write_text(graph.xml())
    return made


def test_it_is_imported_while_the_connection_lasts(behind: Relink, engine: Engine, file: Path) -> None:
    result = behind("import", str(file))
    assert (result.exit_code, result.stdout) == (0, IMPORTED), result.stderr
    assert states(engine) == []


@pytest.mark.ledger("DEC-396")
@pytest.mark.parametrize("fault", [LOSE, -504, -502])
def test_if_the_response_is_lost_it_may_be_imported_and_is_not_sent_again(
    behind: Relink, proxy: HttpProxy, client: Client, engine: Engine, file: Path, fault: str | int
) -> None:
    proxy.faults[POST] = [FORWARD, fault]
    result = behind("import", str(file))
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.endswith(f"; {MAY_BE_IMPORTED}\n")
    assert "nothing was imported" not in result.stderr
    assert proxy.seen.count(POST) == 2
    assert client.get("P.N0").text("nodeVersionNumber") == "1"
    assert states(engine) == []


def test_what_a_proxy_refuses_is_not_imported(behind: Relink, proxy: HttpProxy, file: Path) -> None:
    proxy.faults[POST] = [FORWARD, 413]
    result = behind("import", str(file))
    assert (result.exit_code, result.stdout) == (1, "")
    assert "returned HTTP 413" in result.stderr
    assert "may still be imported" not in result.stderr


@pytest.mark.ledger("DEC-396")
def test_ctrl_c_does_not_say_that_nothing_was_imported(
    proxy: HttpProxy, client: Client, start: Start, file: Path
) -> None:
    proxy.faults[POST] = [FORWARD, HOLD]
    command = start("import", str(file), url=proxy.url)
    eventually(lambda: client.update("P").number == 0)
    command.press_ctrl_c()
    eventually(lambda: command.says("cannot cancel it, because it is not a run; press Ctrl-C again"))
    command.press_ctrl_c()
    assert command.ended() == 130
    assert command.shown().endswith(f"{MAY_BE_IMPORTED}\n")


def test_after_ctrl_c_the_response_is_still_shown(proxy: HttpProxy, client: Client, start: Start, file: Path) -> None:
    proxy.faults[POST] = [FORWARD, HOLD]
    command = start("import", str(file), url=proxy.url)
    eventually(lambda: client.update("P").number == 0)
    command.press_ctrl_c()
    eventually(lambda: command.says("press Ctrl-C again"))
    proxy.released.set()
    assert command.ended() == 0
    assert command.shown().endswith(IMPORTED)
