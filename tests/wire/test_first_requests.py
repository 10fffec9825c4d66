"""The first requests of a process, which arrive at the same time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

# Each child process has compiled no schema yet; eight threads want one at the same time. Prints how many children fail.
CHILDREN = """
import os, sys, threading
from app.wire.schemas import compiled

GRAMMARS = ["NodeImport/Node", "GetNode", "NodeImport", "SetSolution"] * 2

def failed():
    sys.setswitchinterval(1e-6)
    gate = threading.Barrier(len(GRAMMARS))
    failures = []

    def compile_one(grammar):
        gate.wait()
        try:
            with compiled(grammar):
                pass
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=compile_one, args=(grammar,)) for grammar in GRAMMARS]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return bool(failures)

statuses = []
for _ in range(30):
    child = os.fork()
    if child == 0:
        os._exit(failed())
    statuses.append(os.waitpid(child, 0)[1])
print(sum(status != 0 for status in statuses))
"""
ROOT = Path(__file__).parent.parent.parent


def test_threads_that_compile_the_first_schemas_at_the_same_time_do_not_disturb_each_other() -> None:
    """Without a lock, libxml2 fails or crashes in one of eight processes."""
    done = subprocess.run([sys.executable, "-c", CHILDREN], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout == "0\n", done.stderr
