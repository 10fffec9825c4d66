"""A process does not keep the memory that invalid documents took, whatever is wrong with them.

`make soak` tries all kinds of documents, `make test` a few.
"""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import count
from pathlib import Path

import pytest
from flask import Flask

# Run in a process of its own: from four threads it posts documents of one kind, each with names of its own, and prints
# what the process holds in KiB after the first 4 and after 24 more. Memory that is free counts for nothing: it is
# collected and given back to the operating system first.
MEASURED = """
import ctypes, gc, logging, sys
from concurrent.futures import ThreadPoolExecutor
import structlog
from app.application import create_app
from app.database.engine import make_engine
from app.settings import Settings
from tests.wire.test_memory import KINDS, WARM_UP

structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
app = create_app(Settings(), make_engine(sys.argv[1]))

def post(body):
    response = app.test_client().post(
        "/service", data=body, content_type="application/xml", auth=("admin", "correct horse")
    )
    assert response.status_code in {400, 413}, (response.status_code, response.text)

def memory():
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmRSS"))

def post_many(amount):
    list(pool.map(post, (KINDS[sys.argv[2]]().encode() for _ in range(amount))))
    return memory()

with ThreadPoolExecutor(4) as pool:
    list(pool.map(post, [body.encode() for body in WARM_UP * 4]))
    print(post_many(4), post_many(24))
"""

ROOT = Path(__file__).parent.parent.parent
_numbers = count()


def imported(nodes: str) -> str:
    return f"<NodeImport><NodeList>{nodes}</NodeList></NodeImport>"


def node(content: str) -> str:
    version = f"<Version><nodeVersionNumber>1</nodeVersionNumber>{content}</Version>"
    return imported(f"<Node><nodeReference>I.A</nodeReference><VersionList>{version}</VersionList></Node>")


def names(amount: int) -> str:
    """Elements with names that no other document has."""
    return "".join(f"<x{next(_numbers)}/>" for _ in range(amount))


def attributes(amount: int) -> str:
    """Attributes with names that no other document has."""
    return " ".join(f"a{next(_numbers)}='1'" for _ in range(amount))


def namespaces(amount: int) -> str:
    """Elements in namespaces that no other document has."""
    return "".join(f"<x xmlns='urn:{next(_numbers)}'/>" for _ in range(amount))


KINDS = {
    "elements of an import": lambda: imported(f"<Node>{'<x/>' * 500_000}</Node>"),
    "names in an import": lambda: imported(f"<Node>{names(60_000)}</Node>"),
    "names between the nodes": lambda: imported(names(60_000)),
    "names around the nodes": lambda: f"<NodeImport>{names(60_000)}</NodeImport>",
    "members": lambda: node(f"<MemberList>{'<Member/>' * 150_000}</MemberList>"),
    "attributes of members": lambda: node("<MemberList>" + "<Member a='1'/>" * 100_000 + "</MemberList>"),
    "versions": lambda: imported(f"<Node><VersionList>{'<Version/>' * 150_000}</VersionList></Node>"),
    "attributes of a node": lambda: imported(f"<Node {attributes(80_000)}/>"),
    "values": lambda: node(f"<MemberList><Member><x>{'x' * 2_000_000}</x></Member></MemberList>"),
    "names": lambda: f"<GetNode>{names(15_000)}</GetNode>",
    "many names": lambda: f"<GetNode>{names(60_000)}</GetNode>",
    "names of attributes": lambda: f"<GetNode {attributes(15_000)}/>",
    "namespaces": lambda: (
        "<GetNode>" + "".join(f"<x xmlns='urn:{next(_numbers)}'/>" for _ in range(9_000)) + "</GetNode>"
    ),
    "instructions": lambda: f"<GetNode>{''.join(f'<?x{next(_numbers)}?>' for _ in range(15_000))}<x/></GetNode>",
    "faults": lambda: "<SetSolution><TagList>" + "<tag a='1'/>" * 9_000 + "</TagList></SetSolution>",
    "texts": lambda: f"<GetNode><memberDetailLevel>{'x' * 1_000_000}</memberDetailLevel></GetNode>",
    "depth": lambda: f"<GetNode>{'<x>' * 100_000}",
    "entities": lambda: f"<GetNode>{''.join(f'&e{next(_numbers)};' for _ in range(10_000))}</GetNode>",
}
ORDINARY = ["names in an import", "members", "many names", "faults"]
WARM_UP = ["<GetNode><x/></GetNode>", "<SetSolution><x/></SetSolution>", imported("<Node/>"), node("<x/>")]


@pytest.mark.parametrize("kind", KINDS if os.environ.get("RELINK_TEST_SOAK") else ORDINARY)
def test_invalid_documents_leave_nothing_behind(app: Flask, database_url: str, kind: str) -> None:
    command = [sys.executable, "-c", MEASURED, database_url, kind]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr
    before, after = map(int, done.stdout.split()[-2:])
    # What is free may lie in pieces. A name that is kept takes some 60 bytes: 60,000 in each document are 86 MB.
    assert after - before < 80_000
