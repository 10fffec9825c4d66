"""`relink import`."""

from __future__ import annotations

import gzip
import json
import lzma
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.commands.conftest import Relink
from tests.support.builders import Graph, frozen, links, package
from tests.support.http import Client
from tests.support.served import ROOT, WITHIN, eventually

GRAPH = Graph().node("P", package()).node("P.A", frozen(*links("P.B.1"))).node("P.B", frozen())
PACKERS: dict[str, Callable[[bytes], bytes]] = {"xml": bytes, "xml.gz": gzip.compress, "xml.xz": lzma.compress}


@pytest.mark.parametrize("suffix", list(PACKERS))
def test_a_document_is_imported(relink: Relink, client: Client, tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"graph.{suffix}"
    file.write_bytes(PACKERS[suffix](GRAPH.xml().encode()))
    result = relink("import", str(file))
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "Imported 3 new nodes, 3 new versions, 1 member.\n"
    assert client.get("P.A.1").members() == ["system.NODE_LIST.1 -> P.B.1"]


def test_a_document_larger_than_other_requests_may_be_is_imported(relink: Relink, tmp_path: Path) -> None:
    graph = Graph()
    for number in range(2000):
        graph.node(f"P.N{number}", frozen(name=str(number) * 200))
    file = tmp_path / "graph.xml.xz"
    file.write_bytes(lzma.compress(graph.xml().encode()))
    result = relink("import", str(file))
    assert (result.exit_code, result.stdout) == (0, "Imported 2,001 new nodes, 2,001 new versions, 0 members.\n")


@pytest.mark.parametrize("suffix", ["xml.gz", "xml.xz"])
def test_a_file_that_ends_too_early_imports_nothing(
    relink: Relink, client: Client, tmp_path: Path, suffix: str
) -> None:
    file = tmp_path / f"graph.{suffix}"
    file.write_bytes(PACKERS[suffix](GRAPH.xml().encode())[:-20])
    result = relink("import", str(file))
    assert result.exit_code == 1
    assert "cannot be read" in result.stderr
    assert client.update("P").number == 105


def test_a_file_that_is_not_packed_as_it_says_is_reported(relink: Relink, tmp_path: Path) -> None:
    file = tmp_path / "graph.xml.gz"
    file.write_text(GRAPH.xml())
    result = relink("import", str(file))
    assert result.exit_code == 1
    assert "cannot be read" in result.stderr


def test_faults_are_reported_with_their_places(relink: Relink, client: Client, tmp_path: Path) -> None:
    file = tmp_path / "graph.xml"
    file.write_text(Graph().node("P.A", frozen(*links("P.Nowhere.1"))).xml())
    result = relink("import", str(file))
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: 105: NodeList/Node")
    assert "P.Nowhere.1" in result.stderr
    assert client.update("P.A").number == 105


def test_a_document_is_read_from_standard_input_and_the_response_is_json(relink: Relink, client: Client) -> None:
    result = relink("import", "-", "--json", stdin=GRAPH.xml())
    assert (result.exit_code, result.stderr) == (0, "")
    response = json.loads(result.stdout)
    assert (response["errorNumber"], response["nodesCreated"], response["membersWritten"]) == (0, 3, 1)
    assert client.get("P.A.1").members() == ["system.NODE_LIST.1 -> P.B.1"]


@pytest.mark.ledger("DEC-355")
def test_sigterm_removes_what_was_read_from_standard_input(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "ignore", "-m", "app.cli", "import", "-"]
    with subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, "TMPDIR": str(tmp_path)}, stdin=subprocess.PIPE
    ) as process:
        eventually(lambda: any(tmp_path.rglob("standard-input.xml")))
        process.terminate()
        assert process.wait(WITHIN) == 143
    assert list(tmp_path.iterdir()) == []
