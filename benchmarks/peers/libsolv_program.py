"""Let libsolv update a package and all that depend on its exact version, and print how many seconds that took.

    python3 libsolv_program.py GRAPH

This runs with the system's Python: it imports nothing of Relink.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import solv


def main(file: str) -> None:
    """Print the seconds."""
    graph = [[int(target) for target in line.split()] for line in Path(file).read_text().split("\n")]
    pool = solv.Pool()
    pool.setdisttype(solv.Pool.DISTTYPE_RPM)
    pool.setarch("x86_64")
    repositories = {version: pool.add_repo(version) for version in ("1", "2")}
    for version, repository in repositories.items():
        for node, depends in enumerate(graph):
            package = repository.add_solvable()
            package.name, package.evr, package.arch = f"p{node}", version, "noarch"
            package.add_deparray(solv.SOLVABLE_PROVIDES, pool.rel2id(package.nameid, package.evrid, solv.REL_EQ))
            for target in depends:
                needed = pool.rel2id(pool.str2id(f"p{target}"), pool.str2id(version), solv.REL_EQ)
                package.add_deparray(solv.SOLVABLE_REQUIRES, needed)
    pool.installed = repositories["1"]
    pool.createwhatprovides()
    began = time.perf_counter()
    new = pool.rel2id(pool.str2id("p0"), pool.str2id("2"), solv.REL_EQ)
    solver = pool.Solver()
    problems = solver.solve([pool.Job(solv.Job.SOLVER_INSTALL | solv.Job.SOLVER_SOLVABLE_NAME, new)])
    if problems:
        raise SystemExit("\n".join(str(problem) for problem in problems))
    transaction = solver.transaction()
    taken = time.perf_counter() - began
    if len(transaction.newsolvables()) != len(graph):
        raise SystemExit(f"libsolv moves {len(transaction.newsolvables())} of {len(graph)} packages")
    print(taken)


if __name__ == "__main__":
    main(*sys.argv[1:])
