"""`relink demo`: the whole of it once, with real packages and what they depend on."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_urlsafe
from tempfile import mkdtemp

import click
from lxml import etree
from rich.console import Console

from app.commands.answers import FIRST, Updates, print_table, read_updates
from app.commands.imports import import_document
from app.commands.progress import wait_for_force
from app.commands.service import Reply, Service
from app.commands.updates import update_message

EXAMPLES = Path(__file__).parent.parent.parent / "examples" / "debian"
USER = "demo"
_RELINK = [sys.executable, "-m", "app.cli"]
_START_WITHIN = 60
_STOP_WITHIN = 60
_ROWS = 12
_LISTENS = re.compile(r"^Relink listens on (http://\S+)$", re.MULTILINE)

_BY_HAND = """\
To repeat it by hand, in the folder of Relink's source, with a service of your own:

  relink serve &
  relink user add {user} --admin
  python examples/debian/convert.py examples/debian/bookworm-cut.tsv -o debian.xml
  post() {{ curl -s -u {user} -H 'Content-Type: application/xml' -d "$1" http://127.0.0.1:8080/service; }}
  post @debian.xml
  post '{freeze}'
  post '{copy}'
  post '{impact}'
  post '{force}'
"""


@click.command()
def demo() -> None:
    """Show in a few seconds what Relink does.

    Starts a service with a database of its own in a temporary folder, and takes both away at the end.
    """
    converter = EXAMPLES / "convert.py"
    if not converter.exists():
        raise click.ClickException(
            f"the demo's data is not where it should be, in {EXAMPLES}: run it from Relink's source, with 'make demo'"
        )
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=110)
    began = time.monotonic()
    with _folder() as folder:
        _Demo(console, folder).show()
    console.print(f"\nAll as it should be, in {time.monotonic() - began:.0f} seconds.\n", style="bold")
    click.echo(_by_hand())


class _Demo:
    def __init__(self, console: Console, folder: Path) -> None:
        self._console = console
        self._folder = folder

    def show(self) -> None:
        self._head("Relink: 275 packages of Debian 12, and a new version of one that most others need")
        with _service(self._folder) as url:
            password = token_urlsafe(16)
            _add_user(self._folder, password)
            service = Service(url, USER, password)
            self._say(f"A service listens on {url}, with an embedded PostgreSQL in {self._folder}.")
            self._bring_in(service)
            self._change(service)
            listed = self._impact(service)
            self._force(service, listed)
            self._impact_again(service)

    def _bring_in(self, service: Service) -> None:
        self._head("1. Bring the packages in, and freeze them: what is frozen never changes")
        document = self._folder / "debian.xml"
        source = EXAMPLES / "bookworm-cut.tsv"
        subprocess.run(  # noqa: S603
            [sys.executable, str(EXAMPLES / "convert.py"), str(source), "-o", str(document)],
            check=True,
            capture_output=True,
        )
        self._say(import_document(service, document))
        frozen = etree.parse(_clean(service.post(_freeze())).file).findall("NodeList/Node")
        self._say(f"FreezeNode of debian with its content froze {len(frozen)} versions.")

    def _change(self, service: Service) -> None:
        self._head("2. A new version of libc6")
        copy = etree.parse(_clean(service.post(_copy())).file)
        self._say(f"CopyNode made {copy.findtext('nodeVersionReference')}, a draft. What needs libc6 needs version 1.")

    def _impact(self, service: Service) -> Updates:
        self._head("3. UpdateNodeVersions, action impact: what has to follow?")
        reply = _clean(service.post(update_message("debian", "impact")))
        self._say(_shortened(reply))
        updates = read_updates(reply, forced=False)
        self._say("The same as a table, with 'relink impact debian':\n")
        self._table(updates)
        _require(len(updates.rows) > FIRST, "the impact is shorter than it should be")
        return updates

    def _force(self, service: Service, listed: Updates) -> None:
        self._head("4. Action force: do it, one commit for each node")
        body = update_message("debian", "force")
        began = time.monotonic()
        reply = _clean(wait_for_force(service, "debian", lambda: service.post(body)))
        updates = read_updates(reply, forced=True)
        self._table(updates)
        self._say(f"That was run {reply.headers['Relink-Run']}, and took {time.monotonic() - began:.1f} s.")
        same = [row.reference for row in updates.rows] == [row.reference for row in listed.rows]
        _require(same, "the force did not do what the impact had listed")

    def _impact_again(self, service: Service) -> None:
        self._head("5. Impact once more: nothing is out of date")
        reply = _clean(service.post(update_message("debian", "impact")))
        self._say(_shortened(reply))
        updates = read_updates(reply, forced=False)
        self._say(updates.summary())
        _require(not updates.rows, "the second impact is not empty")

    def _head(self, text: str) -> None:
        self._console.print(f"\n{text}\n", style="bold")

    def _say(self, text: str) -> None:
        self._console.print(text, markup=False, soft_wrap=True)

    def _table(self, updates: Updates) -> None:
        print_table(self._console, updates.rows[:_ROWS])
        self._say(f"... and {len(updates.rows) - _ROWS} more.\n{updates.summary()}")


@contextmanager
def _folder() -> Iterator[Path]:
    """A temporary folder, which is kept when something goes wrong."""
    folder = Path(mkdtemp(prefix="relink-demo-"))
    if os.geteuid() == 0:
        folder.chmod(0o755)  # root's database server runs as another user
    try:
        yield folder
    except (click.ClickException, subprocess.CalledProcessError) as error:
        told = error.message if isinstance(error, click.ClickException) else str(error)
        raise click.ClickException(f"{told}\nThe log of the service is {folder / 'service.log'}") from error
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    shutil.rmtree(folder)


@contextmanager
def _service(folder: Path) -> Iterator[str]:
    """`relink serve` on a free port, as long as the context lasts; answers its URL."""
    log = folder / "service.log"
    with log.open("w") as output:
        command = [*_RELINK, "serve", "--bind", "127.0.0.1:0"]
        process = subprocess.Popen(command, env=_environment(folder), stdout=output, stderr=output)  # noqa: S603
    try:
        yield _address(process, log)
    finally:
        process.terminate()
        process.wait(_STOP_WITHIN)


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    deadline = time.monotonic() + _START_WITHIN
    while time.monotonic() < deadline and process.poll() is None:
        listens = _LISTENS.search(log.read_text())
        if listens:
            return listens[1]
        time.sleep(0.05)
    raise click.ClickException("the service did not start")


def _add_user(folder: Path, password: str) -> None:
    command = [*_RELINK, "user", "add", USER, "--admin", "--password-stdin"]
    done = subprocess.run(  # noqa: S603
        command, env=_environment(folder), input=password, text=True, capture_output=True, check=False
    )
    _require(done.returncode == 0, done.stderr.strip())


def _environment(folder: Path) -> dict[str, str]:
    """No setting but the default ones, and the folder."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("RELINK_")}
    return {**inherited, "RELINK_DATA_DIR": str(folder / "data")}


def _freeze() -> bytes:
    return (
        b"<FreezeNode><nodeReference>debian</nodeReference><action>force</action>"
        b"<freezeContentIndicator>true</freezeContentIndicator></FreezeNode>"
    )


def _copy() -> bytes:
    return (
        b"<CopyNode><nodeVersionReferenceFrom>debian.bookworm.libc6</nodeVersionReferenceFrom>"
        b"<nodeReferenceTo>debian.bookworm.libc6</nodeReferenceTo></CopyNode>"
    )


def _by_hand() -> str:
    return _BY_HAND.format(
        user=USER,
        freeze=_freeze().decode(),
        copy=_copy().decode(),
        impact=_short_update("impact"),
        force=_short_update("force"),
    )


def _short_update(action: str) -> str:
    return (
        f"<UpdateNodeVersions><nodeReference>debian</nodeReference><action>{action}</action>"
        "<updateContentIndicator>true</updateContentIndicator></UpdateNodeVersions>"
    )


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
        more = etree.Comment(f" {len(updates) - 1} more ")
        del updates[1:]
        updates.append(more)
    etree.indent(root)
    return etree.tostring(root, encoding="unicode")


def _require(condition: bool, otherwise: str) -> None:
    if not condition:
        raise click.ClickException(otherwise)
