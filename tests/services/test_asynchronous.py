"""`Prefer: respond-async`: the request is a run that waits for a worker, which carries it out as the service would."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, text

from tests.services.asynchronous import FORCE, dies, numbers, rows, stored, update, work_and_die
from tests.support.builders import LIST_TYPE
from tests.support.http import ADMIN, PASSWORD, Client, Reply, message
from tests.support.run_records import held_run
from tests.support.solution_store import Store, config_slot, element, values
from tests.support.workers import ASYNC, accepted, get, response_of, shown, work
from tests.updates.test_force import interfere

VERSION = {
    "nodeVersionNumber": 1,
    "frozenIndicator": True,
    "nodeName": "from JSON",
    "nodeVersionReferenceType": LIST_TYPE,
}


class TestForce:
    @pytest.mark.ledger("DEC-163")
    def test_it_is_queued_until_a_worker_does_it_as_the_service_would(self, stale: Client, engine: Engine) -> None:
        at_once = stale.update("Q", "force")
        run = accepted(update(stale))
        waiting = shown(stale, run)
        assert (waiting["state"], waiting["user"], waiting["attempts"]) == ("queued", ADMIN, 0)
        assert [waiting[name] for name in ("startedAt", "finishedAt", "left")] == [None] * 3
        assert numbers(stale) == ["1", "1", "1", "2"]
        assert get(stale, f"/runs/{run}/response").status_code == 404
        assert work(engine) == 1
        done = shown(stale, run)
        assert (done["state"], done["errorNumber"], done["done"], done["attempts"]) == ("done", 0, 3, 1)
        assert done["queuedAt"] <= done["startedAt"] <= done["finishedAt"]
        reply = response_of(stale, run)
        assert [row.replace("P.", "Q.") for row in reply.rows()] == at_once.rows()
        assert stale.update("P").rows() == []
        assert stored(engine) == 0

    def test_it_has_the_rights_that_its_starter_has_when_it_is_done(self, stale: Client, engine: Engine) -> None:
        owner = stale.as_user("owner")
        run = accepted(update(owner))
        with engine.begin() as connection:
            permission = "DELETE FROM permission p USING node n WHERE n.node_identifier = p.node_identifier"
            connection.execute(text(f"{permission} AND n.node_reference = 'P'"))
        assert work(engine) == 1
        record = shown(owner, run)
        assert (record["state"], record["errorNumber"]) == ("cancelled", 101)
        assert numbers(stale) == ["1", "1", "1", "2"]
        reply = response_of(stale, run)
        assert (reply.number, reply.tree.tag) == (101, "UpdateNodeVersions")

    def test_a_disabled_starter_ends_it(self, stale: Client, engine: Engine) -> None:
        run = accepted(update(stale.as_user("owner")))
        other = accepted(update(stale, nodeReference="Q"))
        stale.post(message("UpdateUserStatus", {"userLogonReferenceUpdate": "owner", "action": "disable"}))
        record = shown(stale, run)
        assert (record["state"], stored(engine)) == ("cancelled", 1)
        assert "was disabled" in record["reason"]
        assert work(engine) == 1
        assert (shown(stale, run)["state"], shown(stale, other)["state"]) == ("cancelled", "done")
        assert numbers(stale) == ["1", "1", "1", "2"]

    def test_a_queued_run_whose_starter_was_disabled_ends_when_it_would_begin(
        self, stale: Client, engine: Engine
    ) -> None:
        run = accepted(update(stale.as_user("owner")))
        with engine.begin() as connection:
            connection.execute(text("UPDATE account SET enabled = false WHERE user_logon_reference = 'owner'"))
        assert work(engine) == 0
        record = shown(stale, run)
        assert (record["state"], record["reason"]) == (
            "cancelled",
            "the account of the user who started the run was disabled",
        )
        assert stored(engine) == 0

    def test_it_is_cancelled_before_it_begins(self, stale: Client, engine: Engine) -> None:
        run = accepted(update(stale.as_user("owner")))
        response = stale.app.test_client().delete(f"/runs/{run}", auth=("owner", PASSWORD))
        assert response.status_code == 202
        record = shown(stale, run)
        assert response.get_json() == record
        assert (record["state"], record["reason"]) == ("cancelled", "cancelled by owner")
        assert record["finishedAt"] is not None
        assert (work(engine), stored(engine)) == (0, 0)
        assert numbers(stale) == ["1", "1", "1", "2"]

    def test_it_is_cancelled_while_a_worker_does_it(self, stale: Client, engine: Engine) -> None:
        run = accepted(update(stale))
        interfere(engine, "IF nextval('step') = 2 THEN UPDATE run SET cancel_requested = true, reason = 'x'; END IF;")
        assert work(engine) == 1
        record = shown(stale, run)
        assert (record["state"], record["done"], record["left"], record["reason"]) == ("cancelled", 2, 1, "x")
        assert response_of(stale, run).number == 108

    def test_with_if_match_it_does_that_plan_or_nothing(self, stale: Client, engine: Engine) -> None:
        tag = stale.update("P").response.headers["ETag"]
        run = accepted(update(stale, {**ASYNC, "If-Match": tag}))
        assert work(engine) == 1
        assert shown(stale, run)["state"] == "done"
        other = accepted(update(stale, {**ASYNC, "If-Match": tag}, nodeReference="Q"))
        assert work(engine) == 1
        record = shown(stale, other)
        assert (record["state"], record["errorNumber"]) == ("cancelled", 106)
        assert "the plan has changed" in record["reason"]
        assert response_of(stale, other).number == 106
        assert numbers(stale, "Q") == ["1", "1", "1", "2"]

    def test_a_refusal_that_is_known_at_once_is_reported_at_once(self, stale: Client, engine: Engine) -> None:
        for client, reference, scope, number in (
            (stale, "P.Unheard", "node", 105),
            (stale.as_user(None), "P", "node", 101),
            (stale, "P", "nonsense", 105),
        ):
            reply = update(client, nodeReference=reference, sourceScope=scope)
            assert (reply.number, "Relink-Run" in reply.response.headers) == (number, False)
        assert rows(engine, "SELECT count(*) FROM run") == 0

    def test_a_user_who_may_update_nothing_gets_the_list_of_bypassed_updates_at_once(
        self, stale: Client, make_user: Callable[..., None]
    ) -> None:
        make_user("reader", "package-read P", "package-use-draft P")
        reply = update(stale.as_user("reader"))
        assert (reply.status, reply.number) == (200, 108)
        assert "Preference-Applied" not in reply.response.headers


class TestPackages:
    @pytest.mark.ledger("DEC-164")
    def test_a_force_in_a_package_that_is_at_work_waits_and_does_not_hold_up_others(
        self, stale: Client, engine: Engine
    ) -> None:
        first, second, other = (accepted(update(stale, nodeReference=node)) for node in ("P", "P.N0", "Q"))
        with held_run(engine):
            assert work(engine) == 1
            assert [shown(stale, run)["state"] for run in (first, second, other)] == ["queued", "queued", "done"]
            impact = accepted(update(stale, action="impact"))
            assert work(engine) == 1
            assert shown(stale, impact)["state"] == "done"
        stale.app.test_client().get("/runs", auth=(ADMIN, PASSWORD))  # finds that the other run is dead
        assert work(engine) == 2
        assert [shown(stale, run)["state"] for run in (first, second)] == ["done", "done"]

    def test_a_waiting_force_does_not_hold_its_package(self, stale: Client, engine: Engine) -> None:
        run = accepted(update(stale))
        assert stale.update("P", "force").number == 0
        assert work(engine) == 1
        assert response_of(stale, run).rows() == []

    def test_a_run_is_done_by_one_worker_only(self, stale: Client, engine: Engine) -> None:
        runs = [accepted(update(stale, nodeReference=node)) for node in "PQPQPQ"]
        with ThreadPoolExecutor(3) as workers:
            done = sum(workers.map(lambda _: work(engine), range(3)))
        done += work(engine)
        assert done == len(runs)
        assert {shown(stale, run)["attempts"] for run in runs} == {1}
        assert rows(engine, "SELECT count(*) FROM run_outcome") == 6


class TestImpact:
    def test_its_response_and_its_plan_are_kept(self, stale: Client, engine: Engine) -> None:
        at_once = stale.update("P")
        run = accepted(update(stale, action="impact"))
        assert work(engine) == 1
        record = shown(stale, run)
        assert (record["action"], record["state"]) == ("impact", "done")
        again = get(stale, f"/runs/{run}/response")
        assert (again.data, again.headers["ETag"]) == (at_once.response.data, at_once.response.headers["ETag"])
        assert f'"{record["plan"]}"' == again.headers["ETag"]
        forced = accepted(update(stale, {**ASYNC, "If-Match": again.headers["ETag"]}))
        assert work(engine) == 1
        assert shown(stale, forced)["state"] == "done"


class TestRollOut:
    @pytest.fixture
    def solution(self, store: Store) -> str:
        solution = store.published(config=[config_slot("a")])
        for number in range(3):
            store.instance(solution, name=f"I{number}", config={"a": '"x"'})
        store.republish(solution, config=[config_slot("a", title="b"), config_slot("h", hidden=True)])
        return solution

    def test_impact_and_force(self, store: Store, solution: str, engine: Engine) -> None:
        client = store.client

        def ask(action: str, headers: dict[str, str]) -> Reply:
            value = '"hidden value"'
            body = element("UpdateSolutionInstances", *values({"h": value}), solutionId=solution, action=action)
            return client.post(body, headers=headers)

        at_once = ask("impact", {})
        impact = accepted(ask("impact", ASYNC))
        force = accepted(ask("force", ASYNC))
        assert work(engine) == 2
        assert response_of(client, impact).response.data == at_once.response.data
        record = shown(client, force)
        assert (record["state"], record["done"], record["solutionId"]) == ("done", 3, solution)
        reply = response_of(client, force)
        assert len(reply.tree.findall("UpdateList/Update")) == 3
        assert "hidden value" not in str(record)

    def test_a_roll_out_whose_worker_dies_is_taken_up_again_and_moves_the_rest(
        self, store: Store, solution: str, engine: Engine
    ) -> None:
        body = element("UpdateSolutionInstances", *values({"h": '"v"'}), solutionId=solution, action="force")
        run = accepted(store.client.post(body, headers=ASYNC))
        with dies(engine, 3):
            work_and_die(engine)
        assert (shown(store.client, run)["state"], shown(store.client, run)["done"]) == ("queued", 2)
        assert work(engine) == 1
        record = shown(store.client, run)
        assert (record["state"], record["done"], record["steps"], record["left"]) == ("done", 3, 3, 0)
        reply = response_of(store.client, run)
        assert "2 updates were made before the run was taken up again" in (reply.text("errorDescription") or "")


class TestPreference:
    @pytest.mark.parametrize(
        ("header", "is_async"),
        [
            ("respond-async", True),
            ("Respond-Async, wait=10", True),
            ('foo; bar="a, respond-async"', False),
            ("return=minimal,respond-async;x=1", True),
            ("respond-asynchronously", False),
            ("", False),
            ('"', False),
        ],
    )
    def test_the_prefer_header_decides_whether_a_request_is_asynchronous(
        self, stale: Client, header: str, is_async: bool
    ) -> None:
        reply = update(stale, {"Prefer": header})
        assert (reply.status == 202) == is_async
        assert reply.number == 0

    def test_a_get_begins_no_run(self, stale: Client, engine: Engine) -> None:
        headers = {**ASYNC, "Idempotency-Key": "one"}
        path = "/service/UpdateNodeVersions?nodeReference=P&updateContentIndicator=true"
        response = stale.app.test_client().get(path, auth=(ADMIN, PASSWORD), headers=headers)
        assert (response.status_code, response.headers["Relink-Error-Number"]) == (200, "0")
        assert rows(engine, "SELECT count(*) FROM run") == 0

    def test_requests_in_json(self, stale: Client, engine: Engine) -> None:
        nodes = {"Node": [{"nodeReference": "N.A", "VersionList": {"Version": [VERSION]}}]}
        for path, content in (
            ("UpdateNodeVersions", {**FORCE, "updateContentIndicator": True}),
            ("NodeImport", {"NodeList": nodes, "userLogonReference": ADMIN, "password": PASSWORD}),
        ):
            response = stale.app.test_client().post(
                f"/servicejson/{path}", json=content, auth=(ADMIN, PASSWORD), headers=ASYNC
            )
            assert (response.status_code, response.get_json()) == (202, {"errorNumber": 0})
            assert work(engine) == 1
            assert shown(stale, int(response.headers["Relink-Run"]))["state"] == "done"
        assert stale.get("N.A").text("nodeName") == "from JSON"

    def test_services_that_are_never_runs_ignore_it(self, stale: Client) -> None:
        reply = stale.post(message("GetNode", {"nodeVersionReference": "P"}), headers=ASYNC)
        assert (reply.status, reply.number) == (200, 0)
        assert "Preference-Applied" not in reply.response.headers

    def test_too_many_waiting_runs_of_one_user_are_refused(self, stale: Client, engine: Engine) -> None:
        run = accepted(update(stale))
        with engine.begin() as connection:
            connection.execute(
                text(
                    "INSERT INTO run (service, user_identifier, context_node_identifier, context_reference,"
                    " include_content, options, state, asynchronous) SELECT service, user_identifier,"
                    " context_node_identifier, context_reference, include_content, options, state, true"
                    f" FROM run, generate_series(1, 99) WHERE run_identifier = {run}"
                )
            )
        refused = update(stale)
        assert (refused.status, refused.number) == (503, 106)
        assert accepted(update(stale.as_user("owner")))
