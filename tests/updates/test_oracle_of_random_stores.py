"""The oracle compared with the promises of the documents about any store."""

from xml.etree import ElementTree as ET

from hypothesis import HealthCheck, given, settings

from tests.support.examples import EXAMPLES
from tests.updates.graph_documents import to_node_import
from tests.updates.graphs import MEMBER_TYPES, PACKAGES, TYPES, cases
from tests.updates.oracle import force, impact, stale_links
from tests.updates.oracle_model import Link, Request, Result, Row, Store, Version
from tests.updates.system_store import MANIFEST_TYPE, MEMBER_TYPE_CLASS, PACKAGE_LISTING, SYSTEM_NODES, TYPE_TYPE

many = settings(
    max_examples=max(1, EXAMPLES // 2),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


# Any store


def comparable(result: Result) -> list[tuple[object, ...]]:
    """Rows without the parts that may differ between impact and force."""
    rows: list[tuple[object, ...]] = []
    for row in result.rows:
        kind = "refused" if row.update_type in {"warning", "error"} else row.update_type
        number = "any" if kind == "version" else row.number
        rows.append((row.reference, number, kind, row.type, row.members, row.reasons))
    return rows


def of_kind(result: Result, *kinds: str) -> list[Row]:
    return [row for row in result.rows if row.update_type in kinds]


def links_of(version: Version) -> list[Link]:
    links = [version.type, *(member.member_type for member in version.members)]
    return links + [member.target for member in version.members if member.target is not None]


def check_store(store: Store) -> None:
    for reference, node in store.nodes.items():
        numbers = sorted(node.versions)
        assert node.reference == reference
        assert numbers == list(range(1, len(numbers) + 1))
        assert node.frozen <= len(numbers) <= node.frozen + 1
        for number, version in node.versions.items():
            keys = [(member.member_type, member.sequence) for member in version.members]
            assert len(set(keys)) == len(keys)
            for name, target in links_of(version):
                assert target in store.nodes[name].versions
                assert number > node.frozen or target <= store.nodes[name].frozen


def expected_types(reference: str) -> set[str]:
    if reference in PACKAGES:
        return {PACKAGE_LISTING}
    if reference in TYPES:
        return {TYPE_TYPE}
    if reference in MEMBER_TYPES:
        return {MEMBER_TYPE_CLASS}
    return {MANIFEST_TYPE, PACKAGE_LISTING, *TYPES}


@given(cases())
@many
def test_generated_stores_keep_the_invariants(case: tuple[Store, Request]) -> None:
    store, request = case
    check_store(store)
    assert store.rights[request.context]
    assert set(store.rights) == set(store.nodes)
    for reference in set(store.nodes) - set(SYSTEM_NODES):
        for version in store.nodes[reference].versions.values():
            assert version.type[0] in expected_types(reference)


@given(cases())
@many
def test_the_import_document_names_every_version(case: tuple[Store, Request]) -> None:
    store, _ = case
    document = ET.fromstring(to_node_import(store))  # noqa: S314 - our own text
    found = {
        (node.findtext("nodeReference"), version.findtext("nodeVersionNumber")): version
        for node in document.iter("Node")
        for version in node.iter("Version")
    }
    own = [node for reference, node in store.nodes.items() if reference not in SYSTEM_NODES]
    assert len(found) == sum(len(node.versions) for node in own)
    for node in own:
        for number, version in node.versions.items():
            written = found[node.reference, str(number)]
            assert written.findtext("nodeName") == version.name
            assert written.findtext("frozenIndicator") == str(number <= node.frozen).lower()
            values = [member.findtext("nodeMemberValue") for member in written.iter("Member")]
            assert values == [member.value for member in version.members]


@given(cases())
@many
def test_impact_equals_force(case: tuple[Store, Request]) -> None:
    store, request = case
    forecast = impact(store, request)
    _, result = force(store, request)
    assert comparable(forecast) == comparable(result)
    assert forecast.hidden == result.hidden
    assert [row.number for row in of_kind(result, "version")] == [
        row.number + 1 for row in of_kind(forecast, "version")
    ]
    assert not of_kind(forecast, "error")
    references = [row.reference for row in result.rows]
    assert references == sorted(set(references))


@given(cases())
@many
def test_a_force_leaves_nothing_to_update(case: tuple[Store, Request]) -> None:
    store, request = case
    done, _ = force(store, request)
    again = impact(done, request)
    assert not of_kind(again, "version", "change")


@given(cases())
@many
def test_a_force_never_changes_a_frozen_version(case: tuple[Store, Request]) -> None:
    store, request = case
    done, _ = force(store, request)
    check_store(done)
    for reference, node in store.nodes.items():
        assert done.nodes[reference].frozen == node.frozen
        for number in range(1, node.frozen + 1):
            assert done.nodes[reference].versions[number] == node.versions[number]


@given(cases())
@many
def test_a_clean_force_leaves_nothing_stale(case: tuple[Store, Request]) -> None:
    store, request = case
    done, result = force(store, request)
    assert stale_links(done, request) == []
    if not of_kind(result, "warning", "error") and result.hidden == 0:
        assert impact(done, request) == Result(())


@given(cases())
@many
def test_rows_list_what_the_force_did(case: tuple[Store, Request]) -> None:
    """Nodes without a version or change row are unchanged, except for members that follow a draft type."""
    store, request = case
    done, result = force(store, request)
    updated = {row.reference: row for row in of_kind(result, "version", "change")}
    for reference, node in done.nodes.items():
        before = store.nodes[reference]
        row = updated.get(reference)
        created = row is not None and row.update_type == "version"
        assert len(node.versions) == len(before.versions) + created
        if created:
            assert all(member.comment is None for member in node.versions[len(node.versions)].members)
        for number, version in before.versions.items():
            if row is None:
                now = node.versions[number]
                assert now.type == version.type
                assert [(m.value, m.target) for m in now.members] == [(m.value, m.target) for m in version.members]
