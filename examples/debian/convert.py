"""Turn a list of Debian packages and their dependencies into a NodeImport document.

    python examples/debian/convert.py IN.tsv[.xz|.gz] [-o OUT.xml[.xz|.gz]] [--frozen]

IN is a tab-separated file with the header line `package version section depends`, where depends is separated
by spaces; `-` reads it from standard input. Without -o the document goes to standard output.

Every Debian package becomes a node `debian.bookworm.PART`, with the Debian name as its node name and one
version of type `debian.types.Package.1`. The members of the version are its section, its release (the Debian
version) and one `depends` for each dependency, in the order of the input. All versions are drafts, unless --frozen is
given. A dependency on a package that is not in the input is left out and reported on standard error.

PART is the Debian name in the characters that a reference allows, `[A-Za-z_][A-Za-z0-9_]*`. Debian names have
only lower case letters, digits, `+`, `-` and `.`, so upper case letters can stand for the other characters:

    -                    _     openssh-client   openssh_client
    +                    X     libstdc++6       libstdcXX6
    .                    D     python3.11       python3D11
    a digit in front     N     0ad              N0ad

Every character has its own letter, and `N` comes only before a leading digit, so no two names share a part, and
`debian_name` can restore the name.
"""

import argparse
import gzip
import io
import lzma
import os
import re
import sys
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast
from xml.sax.saxutils import escape

HEADER = "package\tversion\tsection\tdepends"
PACKAGE = "debian.bookworm"
TYPES = "debian.types"

_NAME = re.compile(r"[a-z0-9][a-z0-9+.-]*")
_PART = re.compile(r"(?:[a-z]|N[0-9])[a-z0-9_XD]*")
_TO_PART = str.maketrans("-+.", "_XD")
_TO_NAME = str.maketrans("_XD", "-+.")
_MISSING_SHOWN = 10


class Package(NamedTuple):
    """One line of the input, without the name, which is the key of the package."""

    version: str
    section: str
    depends: tuple[str, ...]


def reference_part(name: str) -> str:
    """Return the part of a reference that stands for a Debian package name."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is not a Debian package name")
    part = name.translate(_TO_PART)
    return "N" + part if name[0].isdigit() else part


def debian_name(part: str) -> str:
    """Return the Debian package name that a part of a reference stands for."""
    if not _PART.fullmatch(part):
        raise ValueError(f"{part!r} does not stand for a Debian package name")
    return part.removeprefix("N").translate(_TO_NAME)


def read_packages(lines: Iterable[str]) -> dict[str, Package]:
    """Read all packages of a file, in order. Raises ValueError, which names the invalid line."""
    packages: dict[str, Package] = {}
    numbered = enumerate(lines, start=1)
    _, header = next(numbered, (1, ""))
    if header.rstrip("\r\n") != HEADER:
        raise ValueError(f"line 1: expected the header line {HEADER!r}")
    for number, line in numbered:
        fields = line.rstrip("\r\n").split("\t")
        if len(fields) != 4:
            raise ValueError(f"line {number}: expected 4 fields separated by tabs, found {len(fields)}")
        name, version, section, depends = fields
        if not _NAME.fullmatch(name):
            raise ValueError(f"line {number}: {name!r} is not a Debian package name")
        if name in packages:
            raise ValueError(f"line {number}: {name} is given twice")
        if not (version + section).isprintable():
            raise ValueError(f"line {number}: {name} has control characters in its version or section")
        packages[name] = Package(version, sys.intern(section), tuple(dict.fromkeys(map(sys.intern, depends.split()))))
    return packages


def missing_dependencies(packages: Mapping[str, Package]) -> Counter[str]:
    """Return the names of packages that are missing, and the number of dependencies on each."""
    return Counter(d for package in packages.values() for d in package.depends if d not in packages)


def write_document(packages: Mapping[str, Package], frozen: bool = False) -> Iterator[str]:
    """Yield the NodeImport document, one Node at a time."""
    yield '<?xml version="1.0" encoding="UTF-8"?>\n<NodeImport><NodeList>\n'
    yield from _packages_and_types(frozen)
    for name, package in packages.items():
        members = [
            _member(f"{TYPES}.{label}.1", value=value)
            for label, value in (("section", package.section), ("release", package.version))
            if value
        ]
        members += [
            _member(f"{TYPES}.depends.1", target=f"{PACKAGE}.{reference_part(dependency)}.1")
            for dependency in package.depends
            if dependency in packages
        ]
        yield _node(f"{PACKAGE}.{reference_part(name)}", name, f"{TYPES}.Package.1", members, frozen)
    yield "</NodeList></NodeImport>\n"


def _packages_and_types(frozen: bool) -> Iterator[str]:
    for reference, name in (("debian", "Debian"), (PACKAGE, "Debian 12 (bookworm)"), (TYPES, "Types")):
        yield _node(reference, name, "system.PACKAGE_LISTING.1", [], frozen)
    yield _node(
        f"{TYPES}.Package",
        "Package",
        "system.TYPE_TYPE.1",
        [
            _member("system.MEMBER_TYPE_LIST.1", value=label, target=f"{TYPES}.{label}.1")
            for label in ("section", "release", "depends")
        ],
        frozen,
    )
    for label, links in (("section", False), ("release", False), ("depends", True)):
        members = [
            _member("system.USE_VALUE.1", value="false" if links else "true"),
            _member("system.USE_SCALE.1", value="false"),
            _member("system.USE_TARGET.1", value="true" if links else "false"),
            _member("system.MINIMUM_CARDINALITY.1", value="0"),
            _member("system.MAXIMUM_CARDINALITY.1", value="0" if links else "1"),
        ]
        if links:
            members.append(_member("system.TARGET_TYPE_LIST.1", target=f"{TYPES}.Package.1"))
        yield _node(f"{TYPES}.{label}", label.capitalize(), "system.MEMBER_TYPE_CLASS.1", members, frozen)


def _node(reference: str, name: str, node_type: str, members: list[str], frozen: bool) -> str:
    return (
        f"<Node><nodeReference>{reference}</nodeReference><VersionList><Version>"
        "<nodeVersionNumber>1</nodeVersionNumber>"
        f"<frozenIndicator>{'true' if frozen else 'false'}</frozenIndicator>"
        f"<nodeName>{escape(name)}</nodeName><nodeVersionComment/>"
        f"<nodeVersionReferenceType>{node_type}</nodeVersionReferenceType>"
        f"<MemberList>{''.join(members)}</MemberList></Version></VersionList></Node>\n"
    )


def _member(member_type: str, value: str = "", target: str = "") -> str:
    text = f"<Member><nodeVersionReferenceMemberType>{member_type}</nodeVersionReferenceMemberType>"
    if value:
        text += f"<nodeMemberValue>{escape(value)}</nodeMemberValue>"
    if target:
        text += f"<nodeVersionReferenceTarget>{target}</nodeVersionReferenceTarget>"
    return text + "</Member>"


def load(source: str) -> dict[str, Package]:
    """Read a plain file or, depending on its suffix, a compressed one; `-` is standard input."""
    with ExitStack() as stack:
        if source == "-":
            stream = cast("BinaryIO", sys.stdin.buffer)
        else:
            stream = stack.enter_context(_opener(source)(source, "rb"))
        text = io.TextIOWrapper(stream, encoding="utf-8")
        stack.callback(text.detach)
        return read_packages(text)


def save(pieces: Iterable[str], destination: str | None) -> None:
    """Write text to a plain file or, depending on its suffix, a compressed one; None is standard output."""
    with ExitStack() as stack:
        if destination is None:
            stream = cast("BinaryIO", sys.stdout.buffer)
            stack.callback(stream.flush)
        else:
            stream = stack.enter_context(_opener(destination)(destination, "wb"))
        for piece in pieces:
            stream.write(piece.encode())


def run(program: Callable[[], None]) -> None:
    """Run a script. An error in its input is reported in one line, and a closed pipe is ignored."""
    try:
        program()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except (ValueError, OSError, EOFError, lzma.LZMAError, zlib.error) as error:
        sys.exit(f"{Path(sys.argv[0]).name}: {error}")


def _opener(path: str) -> Callable[[str, str], BinaryIO]:
    openers = {".xz": lzma.open, ".gz": gzip.open}
    return cast("Callable[[str, str], BinaryIO]", openers.get(Path(path).suffix, open))


def main() -> None:
    parser = argparse.ArgumentParser(description="Turn a list of Debian packages into a NodeImport document.")
    parser.add_argument("source", metavar="IN", help="tab-separated file (.xz, .gz); - is standard input")
    parser.add_argument("-o", dest="destination", metavar="OUT", help="XML file (.xz, .gz)")
    parser.add_argument("--frozen", action="store_true", help="write frozen versions instead of drafts")
    arguments = parser.parse_args()

    packages = load(arguments.source)
    missing = missing_dependencies(packages)
    save(write_document(packages, arguments.frozen), arguments.destination)

    written = sum(len(package.depends) for package in packages.values()) - missing.total()
    print(f"{len(packages)} packages, {written} dependencies", file=sys.stderr)
    if missing:
        names = ", ".join(list(missing)[:_MISSING_SHOWN]) + (", ..." if len(missing) > _MISSING_SHOWN else "")
        print(
            f"dependencies left out: {missing.total()}, on packages not in the input: {names}",
            file=sys.stderr,
        )


if __name__ == "__main__":
    run(main)
