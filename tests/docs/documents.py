"""The commands in a document, run as a reader would run them, and what the document says they print.

A fenced block marked `sh` is run by bash, all blocks of a document in one session. A block marked `xml`, `json` or `text`
that follows shows what the last `sh` block prints. Ids, times and tokens differ each time: they compare as equal.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_FENCE = re.compile(r"^```(?P<kind>sh|xml|json|text)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_UUID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
_VARIES = (
    (re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.\d]*(?:Z|\+00:00)"), "{time}"),
    (re.compile(r"\b[A-Za-z0-9_-]{40,}\b"), "{token}"),
    (re.compile(r"\b\d+(?:\.\d+)? s\b"), "{seconds}"),
)
_TIMEOUT = 180


@dataclass(frozen=True)
class Step:
    """Commands, and what the document shows of their output, if it shows any: the text and its place."""

    commands: str
    printed: str | None
    place: slice


def steps(document: str) -> Iterator[Step]:
    """The steps of a document, in order."""
    blocks = list(_FENCE.finditer(document))
    for block, following in zip(blocks, [*blocks[1:], None], strict=True):
        if block["kind"] != "sh":
            continue
        shown = following if following is not None and following["kind"] != "sh" else None
        place = slice(0, 0) if shown is None else slice(*shown.span("text"))
        yield Step(block["text"], None if shown is None else shown["text"], place)


def run(commands: list[str], folder: Path, port: int) -> list[str]:
    """What each list of commands prints, with the service on a port of its own and the data in a folder."""
    script = ["set -u", "trap 'kill $(jobs -p) 2>/dev/null; wait' EXIT"]
    for number, text in enumerate(commands):
        script += [f"exec 1>'{folder}/{number}.out'", _here(text, port)]
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("RELINK_")},
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "RELINK_DATA_DIR": str(folder / "data"),
        "RELINK_URL": f"http://127.0.0.1:{port}",
        "RELINK_LOG": str(folder / "relink.log"),
        "COLUMNS": "120",
    }
    subprocess.run(  # noqa: S603 - the commands are those of our own documents
        ["/bin/bash", "-c", "\n".join(script)],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stderr=(folder / "errors").open("w"),
        timeout=_TIMEOUT,
        check=False,
    )
    return [(folder / f"{number}.out").read_text() for number in range(len(commands))]


def comparable(text: str) -> str:
    """The text with the same word for everything that differs from one time to another."""
    known: dict[str, str] = {}
    text = _UUID.sub(lambda found: known.setdefault(found[0], f"{{id:{len(known) + 1}}}"), text)
    for pattern, word in _VARIES:
        text = pattern.sub(word, text)
    return text.removeprefix('<?xml version="1.0" encoding="UTF-8"?>\n').strip()


def _here(commands: str, port: int) -> str:
    """The commands, for the environment of the test instead of that of a reader."""
    return (
        commands.replace(". .venv/bin/activate", ":")
        .replace("relink serve", f"relink serve --bind 127.0.0.1:{port}")
        .replace("relink.log", '"$RELINK_LOG"')
        .replace("localhost:8080", f"127.0.0.1:{port}")
    )
