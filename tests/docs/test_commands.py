"""The commands of README and the tutorials print what the documents show.

`RELINK_UPDATE_DOCS=1 pytest tests/docs/test_commands.py` writes what they print into the documents.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from tests.docs.documents import ROOT, Step, comparable, run, steps

DOCUMENTS = ("README.md", "docs/tutorial-nodes.md", "docs/tutorial-solutions.md")
UPDATE = bool(os.environ.get("RELINK_UPDATE_DOCS"))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_commands_print_what_is_shown(name: str, data_directory: Path) -> None:
    document = (ROOT / name).read_text(encoding="utf-8")
    found = list(steps(document))
    assert found
    printed = run([step.commands for step in found], data_directory, _free_port())
    if UPDATE:
        (ROOT / name).write_text(_updated(document, found, printed), encoding="utf-8")
        return
    shown = [step.printed for step in found if step.printed is not None]
    got = [text for step, text in zip(found, printed, strict=True) if step.printed is not None]
    errors = (data_directory / "errors").read_text()
    assert [comparable(text) for text in got] == [comparable(text) for text in shown], errors


def _updated(document: str, found: list[Step], printed: list[str]) -> str:
    """The document with what the commands print now where that differs."""
    for step, text in reversed(list(zip(found, printed, strict=True))):
        if step.printed is not None and comparable(step.printed) != comparable(text):
            shown = text.removeprefix('<?xml version="1.0" encoding="UTF-8"?>\n').strip() + "\n"
            document = document[: step.place.start] + shown + document[step.place.stop :]
    return document


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
