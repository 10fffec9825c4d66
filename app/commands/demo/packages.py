"""The demo's first story: a new version of a package that most others depend on."""

from __future__ import annotations

import shlex
import subprocess
import sys
import time
from pathlib import Path

from app.commands.asynchronous import carried_out
from app.commands.demo.stage import Stage, clean, require, root, shortened
from app.commands.imports import import_document
from app.commands.sending import SmallRequest
from app.commands.service import ServiceClient, message
from app.commands.update_list import Updates, read_updates
from app.text import counted

EXAMPLES = Path(__file__).parents[3] / "examples" / "debian"
_LEAST_UPDATES = 100

_FREEZE = message("FreezeNode", {"nodeReference": "debian", "action": "force", "freezeContentIndicator": True})
_COPY = message(
    "CopyNode",
    {"nodeVersionReferenceFrom": "debian.bookworm.libc6", "nodeReferenceTo": "debian.bookworm.libc6"},
)
_IMPACT = message("UpdateNodeVersions", {"nodeReference": "debian", "action": "impact", "updateContentIndicator": True})
_FORCE = message("UpdateNodeVersions", {"nodeReference": "debian", "action": "force", "updateContentIndicator": True})

BY_HAND = f"""\
To do the same by hand, in the directory of Relink's source:

  . .venv/bin/activate
  relink serve &
  echo 'a good password' | relink user add demo --admin --password-stdin
  python examples/debian/convert.py examples/debian/bookworm-cut.tsv -o debian.xml
  post() {{
    curl -sS --retry 9 --retry-connrefused -u 'demo:a good password' -H 'Content-Type: application/xml' \\
      --data-binary "$1" http://127.0.0.1:8080/service
  }}
  post @debian.xml
  post {shlex.quote(_FREEZE.decode())}
  post {shlex.quote(_COPY.decode())}
  post {shlex.quote(_IMPACT.decode())}
  post {shlex.quote(_FORCE.decode())}

and for the solution as docs/tutorial-solutions.md shows it.
"""


def tell_of_packages(stage: Stage, service: ServiceClient, directory: Path) -> None:
    """Import the packages, change one, list the updates that this requires, make them, and list them again.

    The document is written to `directory`. Raises ClickException if a result is not as expected.
    """
    _bring_in(stage, service, directory / "debian.xml")
    _change(stage, service)
    listed = _impact(stage, service)
    _force(stage, service, listed)
    _impact_again(stage, service)


def _bring_in(stage: Stage, service: ServiceClient, document: Path) -> None:
    stage.part("1. Import the packages and freeze them: frozen versions never change")
    _convert(EXAMPLES / "bookworm-cut.tsv", document)
    stage.say(import_document(service, document))
    with service.post(_FREEZE) as reply:
        frozen = root(clean(reply)).findall("NodeList/Node")
    stage.say(f"FreezeNode of debian with its content froze {counted(len(frozen), 'version')}.")


def _change(stage: Stage, service: ServiceClient) -> None:
    stage.part("2. Make a new version of libc6")
    with service.post(_COPY) as reply:
        copy = root(clean(reply)).findtext("nodeVersionReference")
    stage.say(f"CopyNode made {copy}, a draft. Whatever depends on libc6 is now out of date.")


def _impact(stage: Stage, service: ServiceClient) -> Updates:
    stage.part("3. UpdateNodeVersions with action impact: which updates does this require?")
    with service.post(_IMPACT) as reply:
        stage.say(shortened(clean(reply)))
        updates = read_updates(reply, forced=False)
    stage.say("\nThe same as 'relink impact debian' shows it:\n")
    stage.updates(updates, 10)
    require(len(updates.rows) > _LEAST_UPDATES, "the impact is shorter than it should be")
    return updates


def _force(stage: Stage, service: ServiceClient, listed: Updates) -> None:
    stage.part("4. Action force: do it, with one commit for each node")
    began = time.monotonic()
    with carried_out(service, SmallRequest(service, _FORCE)) as ended:
        seconds = time.monotonic() - began
        updates = read_updates(clean(ended.reply), forced=True)
    stage.updates(updates, 3)
    stage.say(f"That was run {ended.run_number}; it took {seconds:.1f} seconds.")
    same = [row.reference for row in updates.rows] == [row.reference for row in listed.rows]
    require(same, "the force did not do what the impact had listed")


def _impact_again(stage: Stage, service: ServiceClient) -> None:
    stage.part("5. Action impact once more: nothing is out of date")
    with service.post(_IMPACT) as reply:
        stage.say(shortened(clean(reply)))
        updates = read_updates(reply, forced=False)
    require(not updates.rows, "the second impact is not empty")


def _convert(source: Path, document: Path) -> None:
    command = [sys.executable, str(EXAMPLES / "convert.py"), str(source), "-o", str(document)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    require(done.returncode == 0, f"the packages could not be converted: {done.stderr}")
