"""Cut a small list of Debian packages out of a large one.

    python examples/debian/cut.py IN.tsv[.xz|.gz] ROOT ... [-o OUT.tsv]

The cut has the named packages and all packages that they depend on, at any depth, in the order of the input. So
every dependency in the cut is itself in the cut. A dependency on a package that is not in the input is left out.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator, Mapping

from convert import HEADER, Package, load, missing_dependencies, run, save


def closure(packages: Mapping[str, Package], roots: Iterable[str]) -> dict[str, Package]:
    """Return the roots and all packages that they depend on, without dependencies on packages that are missing."""
    found: set[str] = set()
    waiting = list(roots)
    unknown = [root for root in waiting if root not in packages]
    if unknown:
        raise ValueError(f"not in the input: {', '.join(unknown)}")
    while waiting:
        name = waiting.pop()
        if name in packages and name not in found:
            found.add(name)
            waiting.extend(packages[name].depends)
    return {
        name: package._replace(depends=tuple(d for d in package.depends if d in found))
        for name, package in packages.items()
        if name in found
    }


def write_lines(packages: Mapping[str, Package]) -> Iterator[str]:
    """Yield the lines of a tab-separated file, as `read_packages` reads them."""
    yield HEADER + "\n"
    for name, package in packages.items():
        yield "\t".join((name, package.version, package.section, " ".join(package.depends))) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description="Cut packages with all they depend on out of a list.")
    parser.add_argument("source", metavar="IN", help="tab-separated file (.xz, .gz); - is standard input")
    parser.add_argument("roots", metavar="ROOT", nargs="+", help="name of a Debian package")
    parser.add_argument("-o", dest="destination", metavar="OUT", help="tab-separated file (.xz, .gz)")
    arguments = parser.parse_args()

    packages = load(arguments.source)
    cut = closure(packages, arguments.roots)
    save(write_lines(cut), arguments.destination)
    print(f"{len(cut)} of {len(packages)} packages", file=sys.stderr)
    missing = missing_dependencies({name: packages[name] for name in cut})
    if missing:
        print(f"dependencies left out: {missing.total()}", file=sys.stderr)


if __name__ == "__main__":
    run(main)
