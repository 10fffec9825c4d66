"""NodeImport: which rights it needs."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, text

from app.identity.rights import Caller
from app.nodes.import_document import ImportNode
from app.nodes.importing import ImportTotals
from tests.support.imports import (
    NAME,
    NODE_1,
    NODE_2,
    NOTHING,
    TYPE,
    VERSION_1,
    allow,
    bring,
    draft,
    faults,
    linking,
    member,
    node,
    nodes_of,
    targets_of,
    version,
)


class TestPermissions:
    @pytest.fixture
    def store(self, engine: Engine, admin: Caller) -> Engine:
        bring(
            engine,
            admin,
            node("acme", version(1)),
            node("acme.Widget", version(1), draft(2)),
            node("acme.secret", version(1, member(NAME, value="hidden"))),
            node("mine", version(1)),
        )
        return engine

    @pytest.fixture
    def maker(self, store: Engine, user: Caller) -> Caller:
        """A user who may create nodes inside `mine`."""
        allow(store, user, "package-use", "mine")
        return user

    def test_creating_needs_use_on_the_innermost_package(self, store: Engine, user: Caller) -> None:
        document = [node("acme.new.part", version(1)), node("acme.new", version(1))]
        assert faults(store, user, *document) == [
            (f"{NODE_1}/nodeReference", "you may not create nodes in acme.new"),
            (f"{NODE_2}/nodeReference", "you may not create nodes in acme"),
        ]
        allow(store, user, "package-use", "acme")
        assert bring(store, user, *document).nodes_created == 2

    def test_creating_does_not_reveal_whether_the_package_exists(self, store: Engine, user: Caller) -> None:
        for package in ("acme.secret", "acme.nothing"):
            assert faults(store, user, node(f"{package}.x", version(1))) == [
                (f"{NODE_1}/nodeReference", f"you may not create nodes in {package}")
            ]

    def test_the_owner_of_a_package_may_create_in_it(self, store: Engine, maker: Caller) -> None:
        bring(store, maker, node("mine.own", version(1)))
        with store.begin() as connection:
            connection.execute(text("DELETE FROM permission WHERE permission_type = 'package-use'"))
        bring(store, maker, node("mine.own.part", version(1)))
        assert "mine.own.part" in nodes_of(store)

    def test_top_level_nodes_are_for_administrators(self, store: Engine, user: Caller) -> None:
        assert faults(store, user, node("top", version(1)), node("other.part", version(1))) == [
            (f"{NODE_1}/nodeReference", "you may not create nodes outside packages"),
            (f"{NODE_2}/nodeReference", "you may not create nodes in other"),
        ]

    @pytest.mark.parametrize("document", [node("acme.Widget", draft(2)), node("acme.Widget", version(1), version(2))])
    def test_new_versions_need_administer(self, store: Engine, user: Caller, document: ImportNode) -> None:
        allow(store, user, "node-update", "acme.Widget")
        assert faults(store, user, document) == [
            (f"{NODE_1}/nodeReference", "brings new versions of a node that you may not change")
        ]
        allow(store, user, "node-administer", "acme.Widget")
        assert bring(store, user, document).versions_replaced == 1

    def test_equal_versions_need_read(self, store: Engine, user: Caller) -> None:
        allow(store, user, "node-read", "acme.Widget")
        assert bring(store, user, node("acme.Widget", version(1))) == NOTHING

    @pytest.mark.parametrize(
        "document",
        [
            node("acme.secret", version(1, member(NAME, value="hidden"))),
            node("acme.secret", version(1, member(NAME, value="guess"))),
            node("acme.secret", version(9, member(target="acme.Widget"))),
        ],
    )
    def test_nothing_is_reported_about_an_unreadable_node(
        self, store: Engine, user: Caller, document: ImportNode
    ) -> None:
        allow(store, user, "node-read", "acme.Widget")
        allow(store, user, "package-use", "mine")
        shown = faults(store, user, document)
        assert shown[0] == (f"{NODE_1}/nodeReference", "is taken by a node that you may not change")
        assert {reason for _, reason in shown[1:]} <= {"you may not link to acme.Widget.$latest"}

    def test_targets_need_link(self, store: Engine, maker: Caller) -> None:
        allow(store, maker, "node-use-type", "acme.Widget")
        document = linking("mine.a", "acme.Widget.1")
        assert faults(store, maker, document) == [
            (f"{VERSION_1}/MemberList/Member[1]/nodeVersionReferenceTarget", "you may not link to acme.Widget.1")
        ]
        allow(store, maker, "node-link", "acme.Widget")
        assert bring(store, maker, document).members_written == 1

    def test_types_need_use_type(self, store: Engine, maker: Caller) -> None:
        allow(store, maker, "node-read", "acme.Widget")
        document = node("mine.a", version(1, of="acme.Widget.1"))
        assert faults(store, maker, document) == [
            (f"{VERSION_1}/nodeVersionReferenceType", "you may not use acme.Widget.1 as a type")
        ]
        allow(store, maker, "node-use-type", "acme.Widget")
        assert bring(store, maker, document).versions_created == 1

    def test_member_types_need_read(self, store: Engine, maker: Caller) -> None:
        document = node("mine.a", version(1, member("acme.Widget.1")))
        assert faults(store, maker, document) == [
            (
                f"{VERSION_1}/MemberList/Member[1]/nodeVersionReferenceMemberType",
                "acme.Widget.1 is not found",
            )
        ]
        allow(store, maker, "node-read", "acme.Widget")
        assert bring(store, maker, document).members_written == 1

    @pytest.mark.parametrize("wanted", ["", ".1", ".7", ".$draft"])
    def test_a_hidden_node_is_treated_as_missing(self, store: Engine, maker: Caller, wanted: str) -> None:
        def shown(reference: str) -> list[tuple[str, str]]:
            link = f"{reference}{wanted}"
            document = node("mine.a", version(1, member(link, target=link), of=link))
            return [(field, reason.replace(reference, "X")) for field, reason in faults(store, maker, document)]

        assert shown("acme.secret") == shown("acme.nothing")
        assert len(shown("acme.secret")) == 3

    def test_links_of_equal_versions_stay_as_they_are(self, store: Engine, admin: Caller, user: Caller) -> None:
        bring(store, admin, linking("acme.user", "acme.Widget.1"))
        for reference in ("acme.user", "acme.Widget"):
            allow(store, user, "node-read", reference)
        assert bring(store, user, linking("acme.user", "acme.Widget.1")) == NOTHING

    def test_a_package_permission_reaches_its_content(self, store: Engine, user: Caller) -> None:
        allow(store, user, "package-administer", "acme")
        totals = bring(store, user, node("acme.Widget", draft(2)), linking("acme.sub.new", "acme.secret.1"))
        assert totals == ImportTotals(nodes_created=2, versions_created=2, versions_replaced=1, members_written=1)

    def test_everyone_may_use_the_system_package(self, store: Engine, maker: Caller) -> None:
        bring(store, maker, node("mine.a", version(1, member(target="system.NULL"), of=TYPE)))
        assert targets_of(store, "mine.a") == ["system.NULL.1"]
