"""The converter from Debian package lists to NodeImport documents, and the cut that comes with it."""

import gzip
import lzma
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from convert import HEADER, Package, debian_name, load, read_packages, reference_part, write_document
from cut import closure, write_lines
from lxml import etree

EXAMPLE = Path(__file__).parents[2] / "examples" / "debian"
CUT = EXAMPLE / "bookworm-cut.tsv"
LEGAL_PART = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
SMALL = f"{HEADER}\na\t1:2.0~rc1-1\tutils\tb missing\nb\t1\tlibs\ta\n"


@pytest.fixture(scope="module")
def cut() -> dict[str, Package]:
    return load(str(CUT))


class Node(NamedTuple):
    """What a document says of one node; members are (member type, value or target)."""

    name: str
    type: str
    number: str
    frozen: str
    members: list[tuple[str, str]]


def parse(document: bytes) -> dict[str, Node]:
    root = etree.fromstring(document)
    assert root.tag == "NodeImport"
    assert [child.tag for child in root] == ["NodeList"]
    nodes: dict[str, Node] = {}
    for element in root.iterfind("NodeList/Node"):
        reference = element.findtext("nodeReference") or ""
        assert reference not in nodes
        (version,) = element.iterfind("VersionList/Version")
        assert not version.findtext("nodeVersionComment")
        nodes[reference] = Node(
            version.findtext("nodeName") or "",
            version.findtext("nodeVersionReferenceType") or "",
            version.findtext("nodeVersionNumber") or "",
            version.findtext("frozenIndicator") or "",
            [
                (
                    member.findtext("nodeVersionReferenceMemberType") or "",
                    member.findtext("nodeMemberValue") or member.findtext("nodeVersionReferenceTarget") or "",
                )
                for member in version.iterfind("MemberList/Member")
            ],
        )
    return nodes


def document_of(packages: dict[str, Package], frozen: bool = False) -> dict[str, Node]:
    return parse("".join(write_document(packages, frozen)).encode())


def script(name: str, *arguments: str | Path, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, str(EXAMPLE / name), *map(str, arguments)]
    return subprocess.run(command, input=stdin, capture_output=True, check=False, timeout=60)


# The cut


def test_the_names_in_the_cut_have_legal_and_different_parts(cut: dict[str, Package]) -> None:
    found = {reference_part(name) for name in cut}
    assert len(found) == len(cut)
    assert all(LEGAL_PART.fullmatch(part) for part in found)
    assert [debian_name(reference_part(name)) for name in cut] == list(cut)


def test_the_cut_is_closed_and_of_a_good_size(cut: dict[str, Package]) -> None:
    assert 250 <= len(cut) <= 450
    assert all(dependency in cut for package in cut.values() for dependency in package.depends)
    assert list(cut) == sorted(cut)


def test_most_of_the_cut_reaches_libc6_and_some_does_not(cut: dict[str, Package]) -> None:
    assert set(closure(cut, ["libc6"])) == {"libc6", "libgcc-s1", "gcc-12-base"}
    assert cut["libc6"].depends == ("libgcc-s1",)
    assert "libc6" in cut["libgcc-s1"].depends
    reaching = [name for name in cut if "libc6" in closure(cut, [name])]
    assert (len(cut), len(reaching)) == (275, 229)  # the README says so


def test_the_readme_makes_the_cut_again(cut: dict[str, Package]) -> None:
    text = (EXAMPLE / "README.md").read_text(encoding="utf-8")
    command = re.search(r"cut\.py bookworm\.tsv -o \S+ \\\n(.*?)```", text, re.DOTALL)
    assert command
    again = closure(cut, command[1].replace("\\\n", " ").split())
    assert "".join(write_lines(again)) == CUT.read_text(encoding="utf-8")


def test_a_cut_holds_what_its_roots_need_in_the_order_of_the_input() -> None:
    packages = read_packages([HEADER, "z\t1\tlibs\ty", "a\t1\tlibs\t", "y\t1\tlibs\tz gone"])
    assert closure(packages, ["y"]) == {"z": packages["z"], "y": Package("1", "libs", ("z",))}
    assert list(closure(packages, ["y", "a"])) == ["z", "a", "y"]
    with pytest.raises(ValueError, match="not in the input: nothing"):
        closure(packages, ["nothing"])


def test_the_cut_script(tmp_path: Path) -> None:
    out = tmp_path / "out.tsv"
    done = script("cut.py", "-", "a", "-o", out, stdin=SMALL.encode())
    assert (done.returncode, done.stderr) == (0, b"2 of 2 packages\ndependencies left out: 1\n")
    assert out.read_text() == SMALL.replace(" missing", "")
    done = script("cut.py", "-", "c", stdin=SMALL.encode())
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.strip() == b"cut.py: not in the input: c"


# The document


def test_every_package_is_one_node_with_its_dependencies_as_members(cut: dict[str, Package]) -> None:
    nodes = document_of(cut)
    packages = {ref: node for ref, node in nodes.items() if ref.startswith("debian.bookworm.")}
    assert [node.name for node in packages.values()] == list(cut)
    for reference, node in packages.items():
        package = cut[node.name]
        assert reference == f"debian.bookworm.{reference_part(node.name)}"
        assert (node.type, node.number, node.frozen) == ("debian.types.Package.1", "1", "false")
        assert node.members == [
            ("debian.types.section.1", package.section),
            ("debian.types.release.1", package.version),
            *(("debian.types.depends.1", f"debian.bookworm.{reference_part(d)}.1") for d in package.depends),
        ]


def test_a_known_package(cut: dict[str, Package]) -> None:
    assert document_of(cut)["debian.bookworm.libgcc_s1"] == Node(
        "libgcc-s1",
        "debian.types.Package.1",
        "1",
        "false",
        [
            ("debian.types.section.1", "libs"),
            ("debian.types.release.1", "12.2.0-14+deb12u1"),
            ("debian.types.depends.1", "debian.bookworm.gcc_12_base.1"),
            ("debian.types.depends.1", "debian.bookworm.libc6.1"),
        ],
    )


def test_the_document_has_the_packages_and_types_of_its_nodes() -> None:
    nodes = document_of({})
    assert {reference: node.type for reference, node in nodes.items()} == {
        "debian": "system.PACKAGE_LISTING.1",
        "debian.bookworm": "system.PACKAGE_LISTING.1",
        "debian.types": "system.PACKAGE_LISTING.1",
        "debian.types.Package": "system.TYPE_TYPE.1",
        "debian.types.section": "system.MEMBER_TYPE_CLASS.1",
        "debian.types.release": "system.MEMBER_TYPE_CLASS.1",
        "debian.types.depends": "system.MEMBER_TYPE_CLASS.1",
    }

    def rules(label: str) -> dict[str, str]:
        return {kind.removeprefix("system."): value for kind, value in nodes[f"debian.types.{label}"].members}

    value = {"USE_VALUE.1": "true", "USE_SCALE.1": "false", "USE_TARGET.1": "false"}
    link = {"USE_VALUE.1": "false", "USE_SCALE.1": "false", "USE_TARGET.1": "true"}
    one = {"MINIMUM_CARDINALITY.1": "0", "MAXIMUM_CARDINALITY.1": "1"}
    many = {"MINIMUM_CARDINALITY.1": "0", "MAXIMUM_CARDINALITY.1": "0"}
    assert rules("section") == rules("release") == value | one
    assert rules("depends") == link | many | {"TARGET_TYPE_LIST.1": "debian.types.Package.1"}


def test_the_member_type_list_has_short_references() -> None:
    root = etree.fromstring("".join(write_document({})).encode())
    members = [
        [(child.tag, child.text) for child in member]
        for node in root.iterfind("NodeList/Node")
        if node.findtext("nodeReference") == "debian.types.Package"
        for member in node.iterfind(".//Member")
    ]
    assert members == [
        [
            ("nodeVersionReferenceMemberType", "system.MEMBER_TYPE_LIST.1"),
            ("nodeMemberValue", label),
            ("nodeVersionReferenceTarget", f"debian.types.{label}.1"),
        ]
        for label in ("section", "release", "depends")
    ]


def test_every_link_leads_to_a_version_in_the_document_or_in_system(cut: dict[str, Package]) -> None:
    nodes = document_of(cut)
    versions = {f"{reference}.{node.number}" for reference, node in nodes.items()}
    root = etree.fromstring("".join(write_document(cut)).encode())
    links = {
        element.text or ""
        for tag in (
            "nodeVersionReferenceType",
            "nodeVersionReferenceMemberType",
            "nodeVersionReferenceTarget",
        )
        for element in root.iter(tag)
    }
    assert {link for link in links if not link.startswith("system.")} <= versions


def test_frozen_versions_on_request(cut: dict[str, Package]) -> None:
    assert {node.frozen for node in document_of(cut).values()} == {"false"}
    assert {node.frozen for node in document_of(cut, frozen=True).values()} == {"true"}


def test_one_node_a_line_and_no_credentials(cut: dict[str, Package]) -> None:
    text = "".join(write_document(cut))
    assert text.count("\n<Node>") == len(cut) + 7
    assert len(text.splitlines()) == len(cut) + 7 + 3
    assert "password" not in text
    assert "userLogonReference" not in text


def test_values_are_escaped() -> None:
    nodes = document_of({"a": Package("1<&>", 'x"&amp;', ())})
    assert [value for _, value in nodes["debian.bookworm.a"].members] == ['x"&amp;', "1<&>"]


def test_a_dependency_named_twice_is_one_member_and_empty_values_are_absent() -> None:
    packages = read_packages([HEADER, "a\t\t\tb b a", "b\t1\tlibs\t"])
    assert packages["a"] == Package("", "", ("b", "a"))
    assert [value for _, value in document_of(packages)["debian.bookworm.a"].members] == [
        "debian.bookworm.b.1",
        "debian.bookworm.a.1",
    ]


# The script


def test_a_missing_dependency_is_left_out_and_reported() -> None:
    done = script("convert.py", "-", stdin=SMALL.encode())
    assert done.returncode == 0
    assert done.stderr.decode().splitlines() == [
        "2 packages, 2 dependencies",
        "dependencies left out: 1, on packages not in the input: missing",
    ]
    members = parse(done.stdout)["debian.bookworm.a"].members
    assert members[2:] == [("debian.types.depends.1", "debian.bookworm.b.1")]


@pytest.mark.parametrize(
    ("suffix", "compress", "decompress"),
    [
        ("", bytes, bytes),
        (".gz", gzip.compress, gzip.decompress),
        (".xz", lzma.compress, lzma.decompress),
    ],
)
def test_files_are_compressed_by_their_suffix(
    tmp_path: Path,
    cut: dict[str, Package],
    suffix: str,
    compress: Callable[[bytes], bytes],
    decompress: Callable[[bytes], bytes],
) -> None:
    source = tmp_path / f"in.tsv{suffix}"
    source.write_bytes(compress(CUT.read_bytes()))
    out = tmp_path / f"out.xml{suffix}"
    done = script("convert.py", source, "-o", out, "--frozen")
    assert (done.returncode, done.stdout) == (0, b"")
    assert done.stderr == b"275 packages, 842 dependencies\n"
    assert decompress(out.read_bytes()).decode() == "".join(write_document(cut, frozen=True))


def test_standard_input_to_standard_output(cut: dict[str, Package]) -> None:
    done = script("convert.py", "-", stdin=CUT.read_bytes())
    assert done.returncode == 0
    assert done.stdout.decode() == "".join(write_document(cut))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: expected the header line"),
        ("a\t1\tlibs\t\n", "line 1: expected the header line"),
        (f"{HEADER}\na\t1\tlibs\n", "line 2: expected 4 fields separated by tabs, found 3"),
        (f"{HEADER}\n\n", "line 2: expected 4 fields separated by tabs, found 1"),
        (f"{HEADER}\nA\t1\tlibs\t\n", "line 2: 'A' is not a Debian package name"),
        (f"{HEADER}\na\t1\tlibs\t\na\t2\tlibs\t\n", "line 3: a is given twice"),
        (f"{HEADER}\na\t1\x01\tlibs\t\n", "line 2: a has control characters"),
    ],
)
def test_bad_input_is_named_in_one_line_and_writes_nothing(tmp_path: Path, text: str, message: str) -> None:
    out = tmp_path / "out.xml"
    done = script("convert.py", "-", "-o", out, stdin=text.encode())
    assert done.returncode == 1
    assert message in done.stderr.decode()
    assert len(done.stderr.splitlines()) == 1
    assert not out.exists()


@pytest.mark.parametrize(
    ("suffix", "content"),
    [(".tsv", b"\xff"), (".gz", b"no gzip"), (".gz", gzip.compress(SMALL.encode(), mtime=0)[:30]), (".xz", b"no xz")],
)
def test_a_damaged_file_is_reported_in_one_line(tmp_path: Path, suffix: str, content: bytes) -> None:
    source = tmp_path / f"in{suffix}"
    source.write_bytes(content)
    done = script("convert.py", source)
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.startswith(b"convert.py: ")
    assert len(done.stderr.splitlines()) == 1


def test_windows_line_ends_make_no_difference() -> None:
    assert read_packages(SMALL.replace("\n", "\r\n").splitlines(keepends=True)) == read_packages(SMALL.splitlines())
