"""Client commands behind a proxy that loses requests and responses, or that gives up waiting."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from tests.commands.conftest import OnTerminal, Relink
from tests.support.at_once import held
from tests.support.builders import Graph, draft, frozen, links
from tests.support.http import Client
from tests.support.http_proxy import CUT, DROP, LOSE, HttpProxy
from tests.support.served import eventually
from tests.support.workers import working

WRONG = {"RELINK_PASSWORD": "wrong"}
GRAPH = Graph().node("P.A", frozen(*links("P.B.1"))).node("P.B", frozen(), draft())
POST, RUNS, RUN, RESPONSE = ("POST", "/service"), ("GET", "/runs?"), ("GET", "/runs/1"), ("GET", "/runs/1/response")


@pytest.fixture
def proxy(service_url: str) -> Iterator[HttpProxy]:
    made = HttpProxy(service_url)
    with made.serving():
        yield made


@pytest.fixture
def behind(relink: Relink, proxy: HttpProxy) -> Relink:
    """`relink` with the proxy in front of the service."""
    return relink.with_environment(RELINK_URL=proxy.url)


def runs(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return list(connection.execute(text("SELECT state FROM run ORDER BY run_identifier")).scalars())


@pytest.mark.ledger("DEC-242")
@pytest.mark.parametrize("fault", [LOSE, -504, -502])
def test_a_request_whose_response_is_lost_is_not_done_twice(
    behind: Relink, proxy: HttpProxy, client: Client, engine: Engine, fault: str | int
) -> None:
    client.load(GRAPH)
    proxy.faults[POST] = [fault]
    result = behind("force", "P", "--yes")
    assert (result.exit_code, runs(engine)) == (0, ["done"]), result.stderr
    assert "P.A\t1 -> 2\tversion\tNODE_LIST: B 2\n" in result.stdout
    assert proxy.seen.count(POST) == 1, "the run is found by its key"


@pytest.mark.parametrize("faults", [[DROP], [502, 503, DROP], [LOSE, LOSE]])
def test_a_request_that_is_lost_is_sent_again(
    behind: Relink, proxy: HttpProxy, client: Client, engine: Engine, faults: list[str | int]
) -> None:
    client.load(GRAPH)
    proxy.faults[POST] = faults
    proxy.faults[RUNS] = [502] * len(faults)
    result = behind("force", "P", "--yes")
    assert (result.exit_code, runs(engine)) == (0, ["done"]), result.stderr
    assert "the request is sent again" in result.stderr


@pytest.mark.ledger("DEC-242")
def test_a_run_is_watched_until_the_service_responds_again(
    behind: Relink, proxy: HttpProxy, client: Client, engine: Engine
) -> None:
    client.load(GRAPH)
    proxy.faults[RESPONSE] = [CUT, 504]
    proxy.faults[RUN] = [DROP, 502, CUT]
    result = behind("force", "P", "--yes")
    assert (result.exit_code, runs(engine)) == (0, ["done"]), result.stderr
    assert "P.A\t1 -> 2\tversion\tNODE_LIST: B 2\n" in result.stdout
    assert result.stderr.count("run 1 goes on; this command keeps watching it") == 1
    assert result.stderr.count("run 1 has ended; this command requests its response again") == 1


@pytest.mark.ledger("DEC-242")
@pytest.mark.parametrize("fault", [DROP, CUT])
def test_a_command_that_loses_its_connection_says_that_the_run_goes_on(
    on_terminal: OnTerminal, proxy: HttpProxy, client: Client, engine: Engine, fault: str
) -> None:
    client.load(GRAPH)
    with working(engine):
        with held(engine, "P.A"):
            shell = on_terminal("force", "P", "--yes", columns=250, url=proxy.url)
            shell.wait_for_line("run 1: 0 of 1 step")
            proxy.faults[RUN] = [fault]
            line = shell.wait_for_line("run 1 goes on")
            assert line.endswith(
                "; run 1 goes on; this command keeps watching it, and 'relink run watch 1' watches it from another"
                " terminal"
            )
            shell.wait_for_line("run 1: 0 of 1 step")
        assert shell.ended() == 0
    assert "Done: 1 new version." in shell.shown
    assert runs(engine) == ["done"]


def test_a_command_that_cannot_watch_its_run_says_how_to_watch_it(
    on_terminal: OnTerminal, proxy: HttpProxy, client: Client, engine: Engine
) -> None:
    client.load(GRAPH)
    with working(engine):
        with held(engine, "P.A"):
            shell = on_terminal("force", "P", "--yes", url=proxy.url)
            shell.wait_for_line("run 1: 0 of 1 step")
            proxy.faults[RUN] = [403]
            assert shell.ended() == 1
            line = " ".join(shell.screen)
            assert "returned HTTP 403" in line
            assert line.endswith("run 1 may go on without this command: 'relink run watch 1' waits for its end")
            assert runs(engine) == ["running"]
        eventually(lambda: runs(engine) == ["done"])


def test_a_command_that_cannot_read_the_response_names_the_run(
    behind: Relink, proxy: HttpProxy, client: Client
) -> None:
    client.load(GRAPH)
    proxy.faults[RESPONSE] = [403]
    result = behind("force", "P", "--yes")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.endswith("; run 1 is done: 'relink run show 1' says what it did\n")


@pytest.mark.parametrize("before", [[], [LOSE]], ids=["refused", "lost and refused"])
def test_a_command_says_whether_a_refused_request_may_be_a_run(
    behind: Relink, proxy: HttpProxy, client: Client, engine: Engine, before: list[str | int]
) -> None:
    client.load(GRAPH)
    proxy.faults[POST] = [*before, 403]
    proxy.faults[RUNS] = [403] * 2
    result = behind("force", "P", "--yes")
    assert (result.exit_code, result.stdout) == (1, "")
    may_be = "the request was sent and may have become a run: if so, 'relink run list' shows it" in result.stderr
    assert (may_be, len(runs(engine))) == (bool(before), len(before))


def test_run_watch_continues_when_the_service_responds_again(behind: Relink, proxy: HttpProxy, client: Client) -> None:
    client.load(GRAPH)
    client.update("P", "force")
    proxy.faults[RUN] = [502, DROP]
    assert behind("run", "watch", "1").stdout == "run 1 is done\n"


@pytest.mark.parametrize("fault", [LOSE, -504, DROP])
def test_an_import_is_done_once(
    behind: Relink, proxy: HttpProxy, client: Client, engine: Engine, tmp_path: Path, fault: str | int
) -> None:
    file = tmp_path / "graph.xml"
    file.write_text(GRAPH.xml())
    proxy.faults[POST] = [fault]
    result = behind("import", str(file))
    assert (result.exit_code, runs(engine)) == (0, ["done"]), result.stderr
    assert result.stdout == "Imported 3 new nodes, 4 new versions, 1 member.\n"


@pytest.mark.parametrize(
    ("status", "shown"),
    [
        (413, "client_max_body_size"),
        (502, "see whether the service is running"),
        (503, "see whether the service is running"),
        (504, "raise its time-out"),
        (301, "https://relink.example/service: give the address of the service with --url"),
        (403, "refuses this request"),
        (404, "it is not a Relink service: check --url"),
        (200, "it is not a Relink service: check --url"),
    ],
)
def test_an_error_of_a_proxy_is_reported_with_what_to_do(
    behind: Relink, proxy: HttpProxy, client: Client, status: int, shown: str
) -> None:
    for path, command in ((POST, ("node", "get", "P")), (RUNS, ("run", "list"))):
        proxy.faults[path] = [status]
        result = behind(*command)
        assert (result.exit_code, result.stdout) == (1, "")
        assert f"returned HTTP {status}" in result.stderr
        assert shown in result.stderr
        assert ("is not a Relink service" in result.stderr) == (status in (200, 404))


def test_a_document_that_a_proxy_refuses_is_not_sent_again(behind: Relink, proxy: HttpProxy, tmp_path: Path) -> None:
    file = tmp_path / "graph.xml"
    file.write_text(GRAPH.xml())
    proxy.faults[POST] = [413]
    result = behind("import", str(file))
    assert (result.exit_code, result.stdout, proxy.seen) == (1, "", [POST])
    assert "HTTP 413" in result.stderr


def test_credentials_that_are_refused_while_a_run_is_watched_end_the_command(
    behind: Relink, client: Client, engine: Engine
) -> None:
    client.load(GRAPH)
    client.update("P", "force")
    result = behind.with_environment(**WRONG)("run", "watch", "1")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: 101: ")
