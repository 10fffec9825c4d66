"""`relink demo`: the whole of it once, with real packages and what they depend on."""

from __future__ import annotations

import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import click
from lxml import etree
from rich.console import Console

from app.commands.answers import Updates, print_table, read_updates
from app.commands.imports import import_document
from app.commands.progress import wait_for_force
from app.commands.service import Reply, Service, message
from app.commands.temporary import temporary_folder, temporary_service

EXAMPLES = Path(__file__).parent.parent.parent / "examples" / "debian"
_LEAST_UPDATES = 100
_WIDTH = 110

_FREEZE = message("FreezeNode", {"nodeReference": "debian", "action": "force", "freezeContentIndicator": True})
_COPY = message(
    "CopyNode",
    {"nodeVersionReferenceFrom": "debian.bookworm.libc6", "nodeReferenceTo": "debian.bookworm.libc6"},
)
_IMPACT = message("UpdateNodeVersions", {"nodeReference": "debian", "action": "impact", "updateContentIndicator": True})
_FORCE = message("UpdateNodeVersions", {"nodeReference": "debian", "action": "force", "updateContentIndicator": True})

_BY_HAND = """\
To do the same by hand, in the folder of Relink's source:

  . .venv/bin/activate
  relink serve &
  echo 'a good password' | relink user add demo --admin --password-stdin
  python examples/debian/convert.py examples/debian/bookworm-cut.tsv -o debian.xml
  post() {{
    curl -sS --retry 9 --retry-connrefused -u 'demo:a good password' -H 'Content-Type: application/xml' \\
      --data-binary "$1" http://127.0.0.1:8080/service
  }}
  post @debian.xml
  post {freeze}
  post {copy}
  post {impact}
  post {force}
"""


@click.command()
def demo() -> None:
    """Show in a few seconds what Relink does.

    Starts a service with a database of its own in a temporary folder, and takes both away at the end.
    """
    if not EXAMPLES.exists():
        raise click.ClickException(
            f"the data of the demo is not in {EXAMPLES}: run 'make demo' in the folder of Relink's source"
        )
    console = Console(highlight=False)
    if not console.file.isatty():
        console = Console(highlight=False, width=_WIDTH)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    began = time.monotonic()
    with temporary_folder() as folder:
        _Demo(console, folder).show()
    console.print(f"\nAll as it should be, in {time.monotonic() - began:.0f} seconds.\n", style="bold")
    requests = {"freeze": _FREEZE, "copy": _COPY, "impact": _IMPACT, "force": _FORCE}
    click.echo(_BY_HAND.format(**{name: shlex.quote(body.decode()) for name, body in requests.items()}))


class _Demo:
    def __init__(self, console: Console, folder: Path) -> None:
        self._console = console
        self._folder = folder

    def show(self) -> None:
        """The story. Raises ClickException where something is not as it should be."""
        self._head("Relink: 275 packages of Debian 12, and a new version of one that most others need")
        self._say("Starting a service with an embedded PostgreSQL ...")
        with temporary_service(self._folder, "demo") as service:
            self._say(f"It listens on {service.url}.")
            self._bring_in(service)
            self._change(service)
            listed = self._impact(service)
            self._force(service, listed)
            self._impact_again(service)

    def _bring_in(self, service: Service) -> None:
        self._head("1. Bring the packages in, and freeze them: what is frozen never changes")
        document = self._folder / "debian.xml"
        _convert(EXAMPLES / "bookworm-cut.tsv", document)
        self._say(import_document(service, document))
        with service.post(_FREEZE) as reply:
            frozen = etree.parse(_clean(reply).file).findall("NodeList/Node")
        self._say(f"FreezeNode of debian with its content froze {len(frozen)} versions.")

    def _change(self, service: Service) -> None:
        self._head("2. Make a new version of libc6")
        with service.post(_COPY) as reply:
            copy = etree.parse(_clean(reply).file).findtext("nodeVersionReference")
        self._say(f"CopyNode made {copy}, a draft. Whatever depends on libc6 is now out of date.")

    def _impact(self, service: Service) -> Updates:
        self._head("3. UpdateNodeVersions with action impact: what has to follow?")
        with service.post(_IMPACT) as reply:
            self._say(_shortened(_clean(reply)))
            updates = read_updates(reply, forced=False)
        self._say("\nThe same as 'relink impact debian' shows it:\n")
        self._table(updates, 10)
        _require(len(updates.rows) > _LEAST_UPDATES, "the impact is shorter than it should be")
        return updates

    def _force(self, service: Service, listed: Updates) -> None:
        self._head("4. Action force: do it, with one commit for each node")
        began = time.monotonic()
        with wait_for_force(service, "debian", lambda: service.post(_FORCE)) as reply:
            seconds = time.monotonic() - began
            updates = read_updates(_clean(reply), forced=True)
        self._table(updates, 3)
        self._say(f"That was run {reply.headers['Relink-Run']}; it took {seconds:.1f} seconds.")
        same = [row.reference for row in updates.rows] == [row.reference for row in listed.rows]
        _require(same, "the force did not do what the impact had listed")

    def _impact_again(self, service: Service) -> None:
        self._head("5. Action impact once more: nothing is out of date")
        with service.post(_IMPACT) as reply:
            self._say(_shortened(_clean(reply)))
            updates = read_updates(reply, forced=False)
        _require(not updates.rows, "the second impact is not empty")

    def _head(self, text: str) -> None:
        self._console.print(f"\n{text}\n", style="bold")

    def _say(self, text: str) -> None:
        self._console.print(text, markup=False, soft_wrap=True)

    def _table(self, updates: Updates, rows: int) -> None:
        print_table(self._console, updates.rows[:rows])
        self._say(f"... and {len(updates.rows) - rows} more\n\n{updates.summary()}")


def _convert(source: Path, document: Path) -> None:
    command = [sys.executable, str(EXAMPLES / "convert.py"), str(source), "-o", str(document)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    _require(done.returncode == 0, f"the packages could not be converted: {done.stderr}")


def _clean(reply: Reply) -> Reply:
    """The reply, which has error number 0."""
    reply.required()
    _require(reply.error_number == 0, f"an answer has error number {reply.error_number}, not 0")
    return reply


def _shortened(reply: Reply) -> str:
    """The answer for people: indented, with one update of its list."""
    root = etree.parse(reply.file).getroot()
    reply.file.seek(0)
    updates = root.find("UpdateList")
    if updates is not None and len(updates) > 1:
        more = etree.Comment(f" and {len(updates) - 1} more ")
        del updates[1:]
        updates.append(more)
    etree.indent(root)
    return etree.tostring(root, encoding="unicode")


def _require(condition: bool, otherwise: str) -> None:
    if not condition:
        raise click.ClickException(otherwise)
