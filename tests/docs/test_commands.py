"""The commands of the README and the tutorials succeed, and print what the documents show.

`RELINK_TEST_UPDATE_DOCS=1 pytest tests/docs/test_commands.py` writes what they print into the documents.
"""

from __future__ import annotations

import os
from pathlib import Path

from tests.docs.documents import ROOT, Step, comparable, run, steps

DOCUMENTS = ("README.md", "docs/tutorial-nodes.md", "docs/tutorial-solutions.md")
"""The documents tell one story: each begins where the previous one ends."""
UPDATE = bool(os.environ.get("RELINK_TEST_UPDATE_DOCS"))


def test_commands_print_what_is_shown(data_directory: Path) -> None:
    texts = {name: (ROOT / name).read_text(encoding="utf-8") for name in DOCUMENTS}
    found = [(name, step) for name, text in texts.items() for step in steps(text)]
    assert {name for name, _ in found} == set(DOCUMENTS)
    ran = run([step.commands for _, step in found], data_directory)
    if UPDATE:
        for name, text in texts.items():
            mine = [(step, output) for (of, step), output in zip(found, ran.printed, strict=True) if of == name]
            (ROOT / name).write_text(_updated(text, mine), encoding="utf-8")
    for (name, step), output in zip(found, ran.printed, strict=True):
        if step.shown is not None and not UPDATE:
            assert comparable(output) == comparable(step.shown), f"{name}: {step.commands}\n{ran.errors}"
    assert ran.failed == [], ran.errors


def _updated(document: str, printed: list[tuple[Step, str]]) -> str:
    """The document with the present output of its commands."""
    for step, output in reversed(printed):
        if step.shown is not None and comparable(step.shown) != comparable(output):
            document = document[: step.place.start] + output.strip() + "\n" + document[step.place.stop :]
    return document
