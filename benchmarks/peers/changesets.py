"""changesets, which raises the versions of the dependents of an npm package in a monorepo."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path

from benchmarks.graph import Graph
from benchmarks.peers import install

WHAT = "changesets version: a new version of all dependents, written to package.json files; one commit by hand for all"
_CONFIG = {"changelog": False, "commit": False, "access": "public", "baseBranch": "main"}


def seconds(graph: Graph, _url: str, directory: Path) -> float:
    """Make a workspace of the packages with exact dependencies, and let changesets bump the dependents of the first."""
    (directory / "package.json").write_text(
        json.dumps({"name": "root", "private": True, "version": "0.0.0", "workspaces": ["packages/*"]})
    )
    install(["npm", "install", "--no-audit", "--no-fund", "-D", "@changesets/cli"], directory, "npm and its registry")
    for place, depends in enumerate(graph):
        folder = directory / "packages" / f"p{place}"
        folder.mkdir(parents=True)
        found = {f"p{target}": "1.0.0" for target in depends}
        (folder / "package.json").write_text(
            json.dumps({"name": f"p{place}", "version": "1.0.0", "dependencies": found})
        )
    changes = directory / ".changeset"
    changes.mkdir()
    (changes / "config.json").write_text(json.dumps(_CONFIG))
    (changes / "change.md").write_text('---\n"p0": patch\n---\n\nA change.\n')
    (directory / ".gitignore").write_text("node_modules\n")
    for command in (
        ["init", "--quiet", "--initial-branch=main"],
        ["add", "."],
        ["-c", "user.name=bench", "-c", "user.email=bench@localhost", "commit", "--quiet", "-m", "start"],
    ):
        subprocess.run(["git", *command], cwd=directory, check=True, capture_output=True)
    began = time.perf_counter()
    subprocess.run(["npx", "changeset", "version"], cwd=directory, check=True, capture_output=True)
    taken = time.perf_counter() - began
    bumped = sum(
        json.loads((directory / "packages" / f"p{place}" / "package.json").read_text())["version"] != "1.0.0"
        for place in range(len(graph))
    )
    if bumped != len(graph):
        raise RuntimeError(f"changesets gave {bumped} of {len(graph)} packages a new version")
    return taken
