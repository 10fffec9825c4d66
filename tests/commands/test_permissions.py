"""`relink permission`."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.commands.conftest import Relink
from tests.support.builders import Graph, frozen
from tests.support.http import Client, message


@pytest.fixture
def on_database(relink_on: Callable[[str], Relink], database_url: str) -> Relink:
    return relink_on(database_url)


def reads(client: Client, reference: str) -> bool:
    return client.as_user("ann").post(message("GetNode", {"nodeVersionReference": reference})).number == 0


def test_permissions_are_listed_and_removed_at_once(
    on_database: Relink, client: Client, make_user: Callable[..., None]
) -> None:
    client.load(Graph().node("P.A", frozen()).node("P.B", frozen()))
    make_user("ann")
    ids = [on_database("permission", "add", "node-read", "ann", "--on", f"P.{name}").stdout.strip() for name in "AB"]
    assert (reads(client, "P.A"), reads(client, "P.B")) == (True, True)
    lines = [f"{number}\tnode-read\tann\tP.{name}\n" for number, name in zip(ids, "AB", strict=True)]
    assert on_database("permission", "list", "--group", "ann").stdout == "".join(lines)
    assert on_database("permission", "list", "--on", "P.B").stdout == lines[1]
    assert "\tadminister-all\tadmin\t\n" in on_database("permission", "list").stdout
    result = on_database("permission", "remove", ids[0])
    assert (result.exit_code, result.stdout) == (0, f"Removed permission {ids[0]}.\n")
    assert (reads(client, "P.A"), reads(client, "P.B")) == (False, True)


def test_administer_all_is_removed_at_once(on_database: Relink, client: Client, make_user: Callable[..., None]) -> None:
    client.load(Graph().node("P.A", frozen()))
    make_user("ann", "administer-all")
    assert reads(client, "P.A")
    identifier = on_database("permission", "list", "--group", "ann").stdout.split("\t")[0]
    assert on_database("permission", "remove", identifier).exit_code == 0
    assert not reads(client, "P.A")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["add", "node-write", "admin", "--on", "system"], 'there is no permission type "node-write": use one of '),
        (["add", "node-read", "nobody", "--on", "Q"], "--on Q is not found"),
        (["add", "node-read", "admin", "--on", "system"], "not authorised to administer system"),
        (["add", "administer-all", "nobody"], 'Error: there is no user or group "nobody"\n'),
        (["list", "--on", "Q"], "--on Q is not found"),
        (["list", "--group", "a b"], 'Error: there is no user or group "a b"\n'),
        (["list", "--group", "nobody"], 'Error: there is no user or group "nobody"\n'),
        (["remove", "999999"], "there is no permission 999999"),
    ],
)
def test_faults_of_arguments_are_reported(on_database: Relink, client: Client, arguments: list[str], said: str) -> None:
    result = on_database("permission", *arguments)
    assert (result.exit_code, said in result.stderr) == (1, True), result.output


def test_arguments_are_collapsed(on_database: Relink, client: Client, make_user: Callable[..., None]) -> None:
    client.load(Graph().node("P.A", frozen()))
    make_user("ann")
    assert on_database("permission", "add", " node-read", "ann\n", "--on", "\tP.A ").exit_code == 0
    assert reads(client, "P.A")
    assert on_database("permission", "list", "--group", " ann ", "--on", "P.A\t").stdout.endswith("\tann\tP.A\n")
