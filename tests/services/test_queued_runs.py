"""Long work that a process cannot do at once waits for its turn. Further work is refused with a time to retry."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from threading import Event
from typing import Any

import pytest
from sqlalchemy import Engine, text

from app.application import create_app
from app.errors import BusyError
from app.nodes.patterns import BUDGET_OF_AN_EDIT, PatternCheck
from app.runs.turns import Turns
from app.settings import Settings
from tests.support.builders import Graph, draft, frozen, links
from tests.support.http import ADMIN, PASSWORD, SECRET_KEY, Client, Reply, message
from tests.support.run_records import insert_run
from tests.support.solution_store import Store

WITHIN = 30
PACKAGES = "PQRST"


@pytest.fixture
def stale(client: Client, engine: Engine) -> Client:
    """Five packages that are out of date, in a process that works on one run and one impact at once."""
    graph = Graph()
    for package in PACKAGES:
        graph.node(f"{package}.A", frozen(*links(f"{package}.B.1"))).node(f"{package}.B", frozen(), draft())
    client.load(graph)
    return process(engine)


def process(engine: Engine) -> Client:
    """Return a client of a process that works on one run at once."""
    return Client(create_app(Settings(threads=8, runs_at_work=1, secret_key=SECRET_KEY), engine))


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as pool:
        yield pool


def eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WITHIN
    while not condition():
        assert time.monotonic() < deadline, f"not within {WITHIN} s"
        time.sleep(0.02)


def json_of(client: Client, path: str, method: str = "GET") -> Any:  # noqa: ANN401
    response = client.app.test_client().open(path, method=method, auth=(ADMIN, PASSWORD))
    assert response.status_code in (200, 202), response.text
    return response.json


def states(client: Client) -> dict[str, str]:
    return {run.get("nodeReference") or run["solutionId"]: run["state"] for run in json_of(client, "/runs")["runs"]}


@contextmanager
def locked(engine: Engine, statement: str) -> Iterator[None]:
    """Hold a lock, so that requests that need it wait until the context ends."""
    with engine.connect() as connection:
        connection.execute(text(statement))
        try:
            yield
        finally:
            connection.rollback()


@contextmanager
def one_at_work(stale: Client, engine: Engine, threads: ThreadPoolExecutor) -> Iterator[Future[Reply]]:
    """A run that works as long as the context lasts."""
    with locked(engine, "SELECT FROM node WHERE node_reference = 'P.A' FOR UPDATE"):
        first = threads.submit(stale.update, "P", "force")
        eventually(lambda: states(stale) == {"P": "running"})
        yield first


@pytest.mark.ledger("PRO-14")
def test_a_run_beyond_those_at_work_is_queued_until_one_is_done(
    stale: Client, engine: Engine, threads: ThreadPoolExecutor
) -> None:
    with one_at_work(stale, engine, threads) as first:
        second = threads.submit(stale.update, "Q", "force")
        eventually(lambda: states(stale) == {"P": "running", "Q": "queued"})
        assert [run["nodeReference"] for run in json_of(stale, "/runs?state=queued")["runs"]] == ["Q"]
        assert not second.done()
    assert (first.result().number, second.result().number) == (0, 0)
    assert states(stale) == {"P": "done", "Q": "done"}
    assert stale.get("Q.A").text("nodeVersionNumber") == "2"


def test_a_queued_run_holds_its_package(stale: Client, engine: Engine, threads: ThreadPoolExecutor) -> None:
    with one_at_work(stale, engine, threads):
        second = threads.submit(stale.update, "Q", "force")
        eventually(lambda: states(stale).get("Q") == "queued")
        refused = process(engine).update("Q.A", "force")
        assert refused.number == 106
        assert "holds this package" in (refused.text("errorDescription") or "")
    assert second.result().number == 0


def test_a_queued_run_can_be_cancelled(stale: Client, engine: Engine, threads: ThreadPoolExecutor) -> None:
    with one_at_work(stale, engine, threads):
        second = threads.submit(stale.update, "Q", "force")
        eventually(lambda: states(stale).get("Q") == "queued")
        [run] = json_of(stale, "/runs?state=queued")["runs"]
        json_of(stale, f"/runs/{run['run']}", "DELETE")
        cancelled = second.result(WITHIN)
        assert cancelled.number == 106
        assert "cancelled before it began" in (cancelled.text("errorDescription") or "")
        assert states(stale) == {"P": "running", "Q": "cancelled"}
    assert stale.get("Q.A").text("nodeVersionNumber") == "1"


@pytest.mark.ledger("PRO-14")
def test_when_too_many_runs_of_a_user_are_queued_the_next_is_refused_with_a_time_to_retry(
    stale: Client, engine: Engine, threads: ThreadPoolExecutor
) -> None:
    with one_at_work(stale, engine, threads):
        queued = [threads.submit(stale.update, "Q", "force")]
        eventually(lambda: list(states(stale).values()).count("queued") == len(queued))
        refused = stale.update("S", "force")
        assert (refused.status, refused.number) == (503, 106)
        assert refused.response.headers["Retry-After"] == "5"
        assert "S" not in states(stale)
    assert [run.result().number for run in queued] == [0]
    assert stale.update("S", "force").number == 0


def test_a_solution_s_roll_out_waits_in_the_same_queue(
    stale: Client, engine: Engine, threads: ThreadPoolExecutor
) -> None:
    solution = stale.post("<SetSolution><title>a</title></SetSolution>").text("solutionId")
    of_solution = f"<solutionId>{solution}</solutionId>"
    stale.post(f"<PublishSolutionRelease>{of_solution}</PublishSolutionRelease>")
    body = f"<UpdateSolutionInstances>{of_solution}<action>force</action></UpdateSolutionInstances>"
    with one_at_work(stale, engine, threads):
        roll_out = threads.submit(stale.post, body)
        eventually(
            lambda: any(run.get("solutionId") == solution for run in json_of(stale, "/runs?state=queued")["runs"])
        )
    assert roll_out.result().number == 0


@pytest.mark.ledger("DEC-103")
def test_a_roll_out_leaves_an_instance_that_has_moved_further_while_it_waited(
    stale: Client, engine: Engine, threads: ThreadPoolExecutor
) -> None:
    """It was sent when release 2 was the latest."""
    store = Store(stale)
    solution = store.published()
    instances = [store.instance(solution) for _ in range(2)]
    store.publish(solution)
    with one_at_work(stale, engine, threads):
        roll_out = threads.submit(store.done, "UpdateSolutionInstances", solutionId=solution, action="force")
        eventually(lambda: states(stale).get(solution) == "queued")
        store.publish(solution)
        assert store.upgrade(instances[0]).release == 3
    assert len(roll_out.result().tree.findall("UpdateList/Update")) == 1
    assert [store.get(instance).release for instance in instances] == [3, 2]


def test_long_impacts_leave_threads_for_others(stale: Client, engine: Engine, threads: ThreadPoolExecutor) -> None:
    """One impact works and one waits; a third is refused as soon as the first turns out to be long."""
    with locked(engine, "LOCK TABLE node_version"):
        impacts = [threads.submit(stale.update, package) for package in PACKAGES]
        eventually(lambda: sum(impact.done() for impact in impacts) == len(impacts) - 2)
        assert stale.app.test_client().get("/healthz").status_code == 200
    replies = [impact.result() for impact in impacts]
    assert sorted((reply.status, reply.number) for reply in replies) == [(200, 0)] * 2 + [(503, 106)] * 3


@pytest.mark.parametrize("service", ["NodeImport", "FreezeNode", "PreviewSolutionRelease", "GetSolutionInstances"])
def test_other_long_work_leaves_threads_for_others(
    stale: Client, engine: Engine, threads: ThreadPoolExecutor, service: str
) -> None:
    """One such request works, and the next ones are refused as soon as the first turns out to be long."""
    solution = stale.post("<SetSolution><title>a</title></SetSolution>").text("solutionId")
    requests = {
        "NodeImport": Graph().node("N.A", frozen()).xml(),
        "FreezeNode": message("FreezeNode", {"nodeReference": "P", "freezeContentIndicator": "true"}),
        "PreviewSolutionRelease": message("PreviewSolutionRelease", {"solutionId": str(solution)}),
        "GetSolutionInstances": message("GetSolutionInstances", {"solutionId": str(solution)}),
    }
    with locked(engine, "LOCK TABLE node_version, solution, solution_instance"):
        sent = [threads.submit(stale.post, requests[service]) for _ in range(3)]
        eventually(lambda: sum(each.done() for each in sent) == len(sent) - 1)
        refused = [each.result() for each in sent if each.done()]
        assert {(reply.status, reply.number) for reply in refused} == {(503, 106)}
        assert {reply.response.headers["Retry-After"] for reply in refused} == {"5"}
    assert sorted(each.result().status for each in sent) == [200, 503, 503]


def test_short_work_waits_for_each_other_in_any_number(threads: ThreadPoolExecutor) -> None:
    turns = Turns("impacts", 1, 0)

    def work(number: int) -> int:
        with turns.soon(seconds=WITHIN):
            return number

    assert list(threads.map(work, range(200))) == list(range(200))


@pytest.mark.ledger("DEC-411")
def test_few_requests_of_one_user_wait_for_short_work(threads: ThreadPoolExecutor) -> None:
    """Requests beyond the limit are refused at once, and other users can still wait."""
    turns = Turns("impacts", 1, 0, long=WITHIN, patient=2)
    end = Event()

    def work(user: str) -> str:
        try:
            with turns.soon(user, WITHIN):
                return "done" if end.wait(WITHIN) else "late"
        except BusyError:
            return "refused"

    anns = [threads.submit(work, "ann") for _ in range(10)]
    eventually(lambda: sum(each.done() for each in anns) == 7)
    bobs = [threads.submit(work, "bob") for _ in range(2)]
    assert not any(each.done() for each in bobs)
    end.set()
    assert sorted(each.result() for each in anns) == ["done"] * 3 + ["refused"] * 7
    assert [each.result() for each in bobs] == ["done"] * 2


def test_long_requests_of_one_user_leave_a_place_for_another_user(
    client: Client, engine: Engine, threads: ThreadPoolExecutor
) -> None:
    """Many imports of the administrator wait for a lock; an anonymous caller and another user find a place."""
    graph = Graph().node("busy.A", frozen()).node("free.A", frozen())
    client.load(graph)
    with locked(engine, "SELECT FROM node WHERE node_reference = 'busy.A' FOR UPDATE"):
        again = Graph().node("busy.A", draft()).xml()
        sent = [threads.submit(client.post, again) for _ in range(6)]
        eventually(lambda: sum(each.done() for each in sent) >= 4)
        assert {each.result().status for each in sent if each.done()} == {503}
        assert client.as_user(None).post(message("FreezeNode", {"nodeReference": "free.A"})).status != 503
    for each in sent:
        each.result()


def test_waiting_users_are_served_in_rotation() -> None:
    turns = Turns("impacts", 1, 6)
    with ExitStack() as stack:
        first = stack.enter_context(ExitStack())
        first.enter_context(turns.turn("ann"))
        anns = [stack.enter_context(ExitStack()) for _ in range(2)]
        second, third = [each.enter_context(turns.turn("ann")) for each in anns]
        bobs = stack.enter_context(ExitStack())
        bob = bobs.enter_context(turns.turn("bob"))
        assert not any(turn.has_come for turn in (second, third, bob))
        first.close()
        assert [turn.has_come for turn in (second, third, bob)] == [False, False, True]
        bobs.close()
        assert [turn.has_come for turn in (second, third)] == [True, False]
        anns[0].close()
        assert third.has_come


@pytest.mark.parametrize(
    ("at_work", "waiting", "working", "queued"), [(2, 2, 1, 1), (3, 3, 2, 2), (4, 8, 2, 4), (5, 1, 3, 1)]
)
def test_one_user_never_takes_all_places(at_work: int, waiting: int, working: int, queued: int) -> None:
    turns = Turns("runs", at_work, waiting)
    with ExitStack() as stack:
        anns = [stack.enter_context(turns.turn("ann")) for _ in range(working + queued)]
        with pytest.raises(BusyError):
            stack.enter_context(turns.turn("ann"))
        assert sum(turn.has_come for turn in anns) == working
        assert stack.enter_context(turns.turn("bob")).has_come


def test_a_queued_run_whose_process_has_died_is_found_interrupted(stale: Client, engine: Engine) -> None:
    insert_run(engine, "queued")
    assert states(stale) == {"P": "interrupted"}
    assert stale.update("P", "force").number == 0


def test_an_expensive_check_of_an_edit_takes_a_turn_and_a_cheap_one_does_not() -> None:
    taken: list[bool] = []
    check = PatternCheck(BUDGET_OF_AN_EDIT, before_much=lambda: taken.append(True))
    assert check.matches("a+", "aaa")
    assert not taken
    for number in range(3):
        check.matches("[0-9]*x*|.{0,900}y", f"{number}" * 2000)
    assert taken == [True]
