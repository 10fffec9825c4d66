"""Imports that a worker carries out: their documents are stored until then, without credentials."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from app.application import create_app
from app.runs.requests import kept
from app.settings import Settings
from app.wire import queued_runs
from tests.services.asynchronous import IMPORTED, dies, rows, stored, work_and_die
from tests.support.builders import Graph, frozen, links
from tests.support.http import ADMIN, SECRET_KEY, Client, message
from tests.support.workers import ASYNC, accepted, get, never, response_of, shown, work
from tests.updates.test_force import interfere
from tests.wire.test_intake import assert_refused


class TestImport:
    @pytest.mark.ledger("DEC-165")
    def test_it_is_done_by_a_worker_and_its_request_is_gone_then(self, client: Client, engine: Engine) -> None:
        run = accepted(client.post(IMPORTED.xml(), headers=ASYNC))
        record = shown(client, run)
        assert (record["service"], record["action"], record["state"]) == ("NodeImport", "force", "queued")
        assert stored(engine) == 1
        assert work(engine) == 1
        reply = response_of(client, run)
        assert (reply.number, reply.text("nodesCreated"), reply.text("membersWritten")) == (0, "3", "1")
        assert (shown(client, run)["state"], stored(engine)) == ("done", 0)
        assert client.get("N.A").text("nodeName") == "secret"

    def test_an_impact_changes_nothing(self, client: Client, engine: Engine) -> None:
        run = accepted(client.post(IMPORTED.xml("impact"), headers=ASYNC))
        assert work(engine) == 1
        assert (shown(client, run)["action"], response_of(client, run).text("nodesCreated")) == ("impact", "3")
        assert client.post(message("GetNode", {"nodeVersionReference": "N.A"})).number == 105

    @pytest.mark.ledger("DEC-401")
    def test_faults_are_reported_in_the_response_and_as_the_reason(self, client: Client, engine: Engine) -> None:
        run = accepted(client.post(Graph().node("N.A", frozen(*links("N.Unheard.1"))).xml(), headers=ASYNC))
        assert work(engine) == 1
        record = shown(client, run)
        assert (record["state"], record["errorNumber"], stored(engine)) == ("cancelled", 105, 0)
        reply = response_of(client, run)
        assert "N.Unheard" in (reply.text("errorMessage") or "")
        assert (reply.text("errorFields") or "").startswith("NodeList/Node[1]")
        assert record["reason"] == reply.text("errorDescription")
        assert record["reason"].startswith("NodeList/Node[1]/VersionList/Version[1]/")

    def test_a_document_that_is_not_right_is_refused_by_the_worker(self, client: Client, engine: Engine) -> None:
        broken = "<NodeImport><NodeList><Node><nodeReference>N.A</Node></NodeList></NodeImport>"
        run = accepted(client.post(broken, headers=ASYNC))
        assert work(engine) == 1
        assert (shown(client, run)["state"], shown(client, run)["errorNumber"]) == ("cancelled", 103)
        assert "not well-formed" in (response_of(client, run).text("errorDescription") or "")

    def test_only_users_who_may_import_can_queue_an_import(
        self, client: Client, engine: Engine, make_user: Callable[..., None]
    ) -> None:
        make_user("nobody")
        assert client.as_user("nobody").post(IMPORTED.xml(), headers=ASYNC).number == 101
        assert client.as_user(None).post(IMPORTED.xml(), headers=ASYNC).number == 101
        assert rows(engine, "SELECT count(*) FROM run") == 0

    def test_only_its_starter_and_administrators_see_it(
        self, client: Client, engine: Engine, make_user: Callable[..., None]
    ) -> None:
        client.load(Graph().node("N", frozen()))
        make_user("owner", "package-administer N")
        make_user("other", "package-administer N", "administer-solutions")
        run = accepted(client.as_user("owner").post(IMPORTED.xml(), headers=ASYNC))
        assert work(engine) == 1
        assert [get(client.as_user(user), f"/runs/{run}").status_code for user in ("owner", "other")] == [200, 404]
        assert get(client.as_user("other"), "/runs").get_json()["runs"] == []
        assert response_of(client.as_user("owner"), run).number == 0

    @pytest.mark.ledger("DEC-243")
    def test_a_worker_that_cannot_store_the_document_interrupts_it(
        self, client: Client, engine: Engine, tmp_path: Path
    ) -> None:
        run = accepted(client.post(IMPORTED.xml(), headers=ASYNC))
        settings = Settings(secret_key=SECRET_KEY, upload_directory=tmp_path / "missing")
        assert queued_runs.do_next(engine, settings, never)
        record = shown(client, run)
        assert (record["state"], record["errorNumber"], stored(engine)) == ("interrupted", 100, 0)
        assert "the directory in which imports are stored while they are read is full" in record["reason"]
        assert "nothing was imported" in (response_of(client, run).text("errorDescription") or "")

    def test_a_cancelled_import_imports_nothing(self, client: Client, engine: Engine) -> None:
        run = accepted(client.post(IMPORTED.xml(), headers=ASYNC))
        interfere(
            engine, "UPDATE run SET cancel_requested = true, reason = 'cancelled by x';", "UPDATE OF attempts ON run"
        )
        assert work(engine) == 1
        record = shown(client, run)
        assert (record["state"], record["reason"], stored(engine)) == ("cancelled", "cancelled by x", 0)
        assert client.post(message("GetNode", {"nodeVersionReference": "N.A"})).number == 105

    def test_an_import_whose_worker_dies_is_done_once(self, client: Client, engine: Engine) -> None:
        run = accepted(client.post(IMPORTED.xml(), headers=ASYNC))
        with dies(engine, 1):
            interfere_with_the_end = (
                "CREATE TRIGGER at_end AFTER INSERT ON run_response FOR EACH ROW EXECUTE FUNCTION interfere()"
            )
            with engine.begin() as connection:
                connection.execute(text(interfere_with_the_end))
            work_and_die(engine)
        assert shown(client, run)["state"] == "queued"
        assert client.post(message("GetNode", {"nodeVersionReference": "N.A"})).number == 105
        assert work(engine) == 1
        assert (shown(client, run)["state"], shown(client, run)["attempts"]) == ("done", 2)
        assert response_of(client, run).text("nodesCreated") == "3"

    @pytest.mark.usefixtures("client")
    def test_a_large_one_is_kept_in_parts_up_to_a_limit(self, engine: Engine) -> None:
        """Random digits compress to less than half."""
        graph, chance = Graph(), random.Random(1)  # noqa: S311 - not for a secret
        for number in range(500):
            graph.node(f"N.N{number}", frozen(name=chance.randbytes(400).hex()))
        body = graph.xml()
        limited = Client(create_app(Settings(secret_key=SECRET_KEY, max_queued_bytes=100_000), engine))
        assert_refused(
            limited.post(body, headers=ASYNC),
            413,
            103,
            "NodeImport",
            "50000 bytes, compressed",
            "without 'Prefer: respond-async'",
        )
        assert (rows(engine, "SELECT count(*) FROM run"), stored(engine)) == (0, 0)
        room = len(body)
        limited = Client(create_app(Settings(secret_key=SECRET_KEY, max_queued_bytes=2 * room), engine))
        runs = []
        while (reply := limited.post(body, headers=ASYNC)).status == 202:
            runs.append(accepted(reply))
        assert (reply.status, reply.number, reply.response.headers["Retry-After"]) == (503, 106, "30")
        assert runs
        assert rows(engine, "SELECT sum(octet_length(content)) FROM run_request") <= 2 * room
        assert work(engine) == len(runs)
        assert accepted(limited.post(body, headers=ASYNC))


class TestCredentials:
    """No password is stored, wherever it stands."""

    SECRET = "a very secret password"  # noqa: S105

    @pytest.fixture
    def signed(self, client: Client) -> str:
        client.post(message("UpdatePassword", {"userLogonReferenceUpdate": ADMIN, "newPassword": self.SECRET}))
        return f"<userLogonReference>{ADMIN}</userLogonReference><password>{self.SECRET}</password>"

    def contents(self, engine: Engine) -> str:
        """The stored parts of requests, and the records of runs."""
        with engine.connect() as connection:
            runs = connection.execute(text("SELECT run_identifier, to_jsonb(r)::text FROM run r")).all()
            jobs = connection.execute(text("SELECT to_jsonb(j)::text FROM procrastinate_jobs j")).scalars().all()
        found = [b"".join(kept(engine, run)).decode() for run, _ in runs]
        return " ".join([*found, *(row for _, row in runs), *jobs])

    def test_credentials_of_a_small_request_are_not_stored(self, client: Client, engine: Engine, signed: str) -> None:
        body = f"<NodeImport>{signed}<NodeList/></NodeImport>"
        reply = client.post(body, headers=ASYNC, auth=None)
        accepted(reply)
        reported = self.contents(engine)
        assert "NodeList" in reported
        assert self.SECRET not in reported

    @pytest.mark.parametrize(
        "template",
        [
            "<NodeImport>{}<NodeList>{}</NodeList></NodeImport>",
            '<?xml version="1.0"?>\n<!-- é -->\n<NodeImport>\n  {}\n  <NodeList>{}</NodeList>\n</NodeImport>\n',
            "<NodeImport><action>force</action>{}<NodeList>{}</NodeList></NodeImport>",
        ],
    )
    def test_credentials_of_an_import_are_not_stored(
        self, client: Client, engine: Engine, signed: str, template: str
    ) -> None:
        nodes = re.sub(r".*<NodeList>|</NodeList>.*", "", IMPORTED.xml())
        run = accepted(client.post(template.format(signed, nodes).encode(), headers=ASYNC, auth=None))
        reported = self.contents(engine)
        assert "N.A" in reported
        assert self.SECRET not in reported
        assert work(engine) == 1
        assert shown_to(client, self.SECRET, run) == "done"

    def test_credentials_behind_the_list_of_nodes_are_refused(
        self, client: Client, engine: Engine, signed: str
    ) -> None:
        body = f"<NodeImport><NodeList/>{signed}</NodeImport>"
        reply = client.post(body, headers=ASYNC, auth=(ADMIN, self.SECRET))
        assert_refused(reply, 400, 105, "NodeImport", "must come before the list of nodes")
        assert rows(engine, "SELECT count(*) FROM run") == 0


def shown_to(client: Client, password: str, run: int) -> str:
    state: str = client.app.test_client().get(f"/runs/{run}", auth=(ADMIN, password)).get_json()["state"]
    return state
