"""The commands in documents, run as a reader would run them, and what the documents say they print.

A fenced block marked `sh` holds commands. A block marked `xml`, `json` or `text` that follows shows what they print.
Ids, times and tokens, which differ between two runs, compare as equal.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_FENCE = re.compile(r"^```(?P<kind>sh|xml|json|text)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_UUID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
_VARIES = (
    (re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.\d]*(?:Z|\+00:00)"), "{time}"),
    (re.compile(r"\b(?=[A-Za-z_-]*[0-9])[A-Za-z0-9_-]{32,}=*"), "{token}"),
    (re.compile(r'(?<="perSecond": )\d+(?:\.\d+)?'), "{number}"),
)
_WITHIN = 300
# Takes the place of `.venv/bin/activate`: the reader's port and address become those of the test.
_ACTIVATE = """
relink() {
  if [ "$1" = serve ]; then exec relink "$@" --bind "127.0.0.1:$PORT"; else command relink "$@"; fi
}
curl() { command curl "${@//localhost:8080/127.0.0.1:$PORT}"; }
"""


@dataclass(frozen=True)
class Step:
    """Commands, and what the document shows of their output, if it shows any: the text and its place."""

    commands: str
    shown: str | None
    place: slice


def steps(document: str) -> Iterator[Step]:
    """The steps of a document, in order."""
    blocks = list(_FENCE.finditer(document))
    for block, following in zip(blocks, [*blocks[1:], None], strict=True):
        if block["kind"] == "sh":
            shown = following if following is not None and following["kind"] != "sh" else None
            place = slice(0, 0) if shown is None else slice(*shown.span("text"))
            yield Step(block["text"], None if shown is None else shown["text"], place)


@dataclass(frozen=True)
class Ran:
    """What commands did: what each text of them printed, all that they wrote to standard error, and failed commands.

    A failed command is a line with its exit code, `8 relink impact acme`.
    """

    printed: list[str]
    errors: str
    failed: list[str]


def run(commands: Iterable[str], folder: Path) -> Ran:
    """Run texts of commands.

    One bash runs them all, in a directory that has the examples and nothing else of Relink's source.
    """
    (folder / "examples").symlink_to(ROOT / "examples")
    activate = folder / ".venv" / "bin" / "activate"
    activate.parent.mkdir(parents=True)
    activate.write_text(_ACTIVATE)
    outputs: list[Path] = []
    failed = folder / "failed"
    failed.touch()
    script = [
        "set -u -o pipefail",
        "trap 'kill $(jobs -p); wait' EXIT",
        f"""trap 'echo "$? $BASH_COMMAND" >> "{failed}"' ERR""",
    ]
    for text in commands:
        outputs.append(folder / f"{len(outputs)}.out")
        script += [f"exec 1>'{outputs[-1]}'", text]
    errors = folder / "errors"
    with errors.open("w") as standard_error:
        bash = subprocess.Popen(
            ["/bin/bash", "-c", "\n".join(script)],
            cwd=folder,
            env=_environment(folder, _free_port()),
            stdin=subprocess.DEVNULL,
            stderr=standard_error,
            start_new_session=True,
        )
        try:
            bash.wait(_WITHIN)
        finally:
            # Whatever a document has started ends with it, also if it takes too long.
            with suppress(ProcessLookupError):
                os.killpg(bash.pid, signal.SIGTERM)
            bash.wait()
    printed = [output.read_text() if output.exists() else "" for output in outputs]
    return Ran(printed, errors.read_text(), failed.read_text().splitlines())


def comparable(text: str) -> str:
    """The text, in which everything that differs between two runs is replaced by the same word."""
    known: dict[str, str] = {}
    text = _UUID.sub(lambda found: known.setdefault(found[0], f"{{id:{len(known) + 1}}}"), text)
    for pattern, word in _VARIES:
        text = pattern.sub(word, text)
    return text.strip()


def _environment(folder: Path, port: int) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("RELINK_")}
    return {
        **inherited,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "RELINK_DATA_DIR": str(folder / "data"),
        "RELINK_URL": f"http://127.0.0.1:{port}",
        "PORT": str(port),
        "COLUMNS": "120",
    }


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
