"""`Idempotency-Key`: the same request with the same key is the same run."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from app.settings import Settings
from app.wire import queued_runs
from tests.services.asynchronous import IMPORTED, dies, rows, update
from tests.support.http import ADMIN, PASSWORD, SECRET_KEY, Client, assert_json_failure
from tests.support.workers import ASYNC, accepted, get, never, response_of, shown, work
from tests.wire.test_intake import assert_refused


class TestKeys:
    """`Idempotency-Key`: the same request with the same key is the same run."""

    @pytest.mark.ledger("DEC-167")
    def test_a_force_that_is_repeated_gets_the_response_of_the_first(self, stale: Client, engine: Engine) -> None:
        key = {"Idempotency-Key": "one"}
        first = update(stale, key)
        assert len(first.rows()) == 3
        again = update(stale, key)
        assert again.response.data == first.response.data
        assert again.response.headers["Relink-Run"] == first.response.headers["Relink-Run"]
        assert update(stale, {**key, **ASYNC}).response.data == first.response.data
        assert rows(engine, "SELECT count(*) FROM run") == 1
        assert update(stale, {"Idempotency-Key": "two"}).rows() == []

    def test_a_request_repeated_while_its_run_is_in_progress_gets_202(self, stale: Client, engine: Engine) -> None:
        key = {"Idempotency-Key": '"one"'}
        run = accepted(update(stale, {**key, **ASYNC}))
        assert accepted(update(stale, {**key, **ASYNC})) == run
        again = update(stale, key)
        assert (again.status, again.response.headers["Relink-Run"]) == (202, str(run))
        assert "Preference-Applied" not in again.response.headers
        assert work(engine) == 1
        assert update(stale, key).rows() == response_of(stale, run).rows() != []

    def test_two_at_the_same_moment_are_one_run(self, stale: Client, engine: Engine) -> None:
        with ThreadPoolExecutor(4) as threads:
            replies = list(threads.map(lambda _: update(stale, {"Idempotency-Key": "one"}), range(4)))
        assert {reply.response.headers["Relink-Run"] for reply in replies} == {"1"}
        assert {reply.number for reply in replies} == {0}
        assert rows(engine, "SELECT count(*) FROM run") == 1

    @pytest.mark.parametrize(
        ("headers", "elements"),
        [
            ({}, {"nodeReference": "Q"}),
            ({}, {"sourceScope": "latest"}),
            ({"If-Match": '"x"'}, {}),
            (ASYNC, {"action": "impact"}),
        ],
    )
    def test_a_different_request_with_the_key_is_refused(
        self, stale: Client, headers: dict[str, str], elements: dict[str, str]
    ) -> None:
        key = {"Idempotency-Key": "one"}
        run = update(stale, key).response.headers["Relink-Run"]
        refused = update(stale, {**key, **headers}, **elements)
        assert_refused(refused, 422, 105, "UpdateNodeVersions", f"run {run} was started with this key")

    def test_credentials_are_not_part_of_the_request(self, stale: Client) -> None:
        key = {"Idempotency-Key": "one"}
        first = update(stale, key)
        again = update(stale, key, userLogonReference=ADMIN, password=PASSWORD)
        assert again.response.headers["Relink-Run"] == first.response.headers["Relink-Run"]

    def test_keys_of_other_users_are_other_keys(self, stale: Client) -> None:
        key = {"Idempotency-Key": "one"}
        assert update(stale, key).response.headers["Relink-Run"] == "1"
        assert update(stale.as_user("owner"), key, nodeReference="Q").response.headers["Relink-Run"] == "2"

    def test_after_a_day_the_key_is_free(self, stale: Client, engine: Engine) -> None:
        key = {"Idempotency-Key": "one"}
        update(stale, key)
        for hours, run in ((23, "1"), (25, "2")):
            with engine.begin() as connection:
                connection.execute(text(f"UPDATE run SET queued_at = now() - interval '{hours} hours'"))
            assert update(stale, key).response.headers["Relink-Run"] == run

    def test_a_run_that_died_or_was_refused_frees_its_key(self, stale: Client, engine: Engine) -> None:
        key = {"Idempotency-Key": "one"}
        with dies(engine, 2):
            assert update(stale, key).status == 503
        assert update(stale, key).response.headers["Relink-Run"] == "2"
        refused = {"Idempotency-Key": "two", "If-Match": '"x"'}
        assert [update(stale, refused).status for _ in range(2)] == [412, 412]

    @pytest.mark.ledger("DEC-240")
    def test_a_run_that_was_cancelled_while_it_waited_keeps_its_key(self, stale: Client, engine: Engine) -> None:
        headers = {"Idempotency-Key": "one", **ASYNC}
        run = accepted(update(stale, headers))
        assert stale.app.test_client().delete(f"/runs/{run}", auth=(ADMIN, PASSWORD)).status_code == 202
        assert accepted(update(stale, headers)) == run
        assert (shown(stale, run)["state"], work(engine), rows(engine, "SELECT count(*) FROM run")) == (
            "cancelled",
            0,
            1,
        )

    @pytest.mark.ledger("DEC-240")
    def test_a_run_is_found_by_its_key(self, stale: Client) -> None:
        run = accepted(update(stale, {"Idempotency-Key": "one", **ASYNC}))
        update(stale, {"Idempotency-Key": "two", **ASYNC})
        for key, found in (("one", [run]), ('"one"', [run]), ("three", [])):
            page = get(stale, f"/runs?idempotencyKey={key}").get_json()
            assert [each["run"] for each in page["runs"]] == found
        assert get(stale.as_user("owner"), "/runs?idempotencyKey=one").get_json()["runs"] == []
        for wrong in ("", "%C3%A9", "a" * 256):
            assert_json_failure(get(stale, f"/runs?idempotencyKey={wrong}"), 400, 105, "idempotencyKey")

    def test_an_import_that_a_worker_does_has_one_too(self, client: Client, engine: Engine) -> None:
        headers = {**ASYNC, "Idempotency-Key": "one"}
        run = accepted(client.post(IMPORTED.xml(), headers=headers))
        signed = f"<userLogonReference>{ADMIN}</userLogonReference><password>{PASSWORD}</password><NodeList>"
        assert accepted(client.post(IMPORTED.xml().replace("<NodeList>", signed), headers=headers)) == run
        assert client.post(IMPORTED.xml("impact"), headers=headers).status == 422
        assert work(engine) == 1
        assert client.post(IMPORTED.xml(), headers=headers).response.data == response_of(client, run).response.data

    @pytest.mark.ledger("DEC-399")
    def test_a_repeated_request_has_the_status_of_its_error(self, stale: Client, engine: Engine) -> None:
        headers = {"Idempotency-Key": "one", "If-Match": '"x"'}
        run = accepted(update(stale, {**headers, **ASYNC}))
        assert work(engine) == 1
        for again in (update(stale, headers), update(stale, {**headers, **ASYNC})):
            assert (again.status, again.number, again.response.headers["Relink-Run"]) == (412, 106, str(run))
        assert response_of(stale, run).number == 106
        headers = {**ASYNC, "Idempotency-Key": "two"}
        broken = "<NodeImport><NodeList><Node><nodeReference>N.A</Node></NodeList></NodeImport>"
        accepted(stale.post(broken, headers=headers))
        assert work(engine) == 1
        again = stale.post(broken, headers=headers)
        assert (again.status, again.number) == (400, 103)

    @pytest.mark.ledger("DEC-400")
    def test_an_import_that_was_interrupted_can_be_sent_again_with_its_key(
        self, client: Client, engine: Engine, tmp_path: Path
    ) -> None:
        headers = {**ASYNC, "Idempotency-Key": "one"}
        run = accepted(client.post(IMPORTED.xml(), headers=headers))
        settings = Settings(secret_key=SECRET_KEY, upload_directory=tmp_path / "missing")
        assert queued_runs.do_next(engine, settings, never)
        assert shown(client, run)["state"] == "interrupted"
        again = accepted(client.post(IMPORTED.xml(), headers=headers))
        assert again != run
        assert work(engine) == 1
        assert shown(client, again)["state"] == "done"

    @pytest.mark.parametrize("key", ["", " ", "é", "a" * 256, "a\tb", '"'])
    def test_a_key_that_is_not_a_string_is_refused(self, stale: Client, key: str) -> None:
        refused = update(stale, {"Idempotency-Key": key.encode().decode("latin-1")})
        assert (refused.status, refused.number, refused.text("errorFields")) == (400, 105, "Idempotency-Key")
