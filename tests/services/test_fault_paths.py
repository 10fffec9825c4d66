"""The domain reports faults as data, and each interface writes their places in its own form."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from app.errors import FaultPath, UserError, invalid, needs_upgrade
from app.services import fault_paths
from app.services.fault_paths import described, places, xml_path

ROOT = Path(__file__).parents[2]
DOMAIN = ("identity", "nodes", "runs", "updates", "solutions")


@pytest.mark.parametrize(
    ("path", "written"),
    [
        ((), ""),
        (("node_reference",), "nodeReference"),
        (("config_values",), "ConfigValueList"),
        (("config_values", 0, "external_id"), "ConfigValueList/ConfigValue[1]/externalId"),
        (("scopes", 9), "ScopeList/scope[10]"),
        (("config_slots", 2, "ddl", "auth_slot_external_id"), "ConfigSlotList/ConfigSlot[3]/Ddl/authSlotExternalId"),
        (("nodes", 0, "versions", 1, "members", 2), "NodeList/Node[1]/VersionList/Version[2]/MemberList/Member[3]"),
    ],
)
def test_a_path_is_written_as_the_requests_have_it(path: FaultPath, written: str) -> None:
    assert xml_path(path) == written


def test_every_list_is_one_of_the_schemas() -> None:
    schemas = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "schemas").rglob("*.xsd"))
    named = set(re.findall(r'<xs:element name="(\w+)"', schemas))
    assert {element for pair in fault_paths._LISTS.values() for element in pair} <= named


def test_the_advice_to_upgrade_names_the_service() -> None:
    error = UserError(needs_upgrade(("config_values", 0, "value"), "is new"))
    assert places(error) == [
        ("ConfigValueList/ConfigValue[1]/value", "is new: use UpgradeSolutionInstance, which moves the instance")
    ]


def test_a_description_has_three_faults() -> None:
    faults = [invalid(("tags", position), "is wrong") for position in range(5)]
    assert described(UserError(*faults)) == "; ".join(f"TagList/tag[{number}]: is wrong" for number in (1, 2, 3))


def test_no_module_of_the_domain_writes_an_xml_path() -> None:
    files = [file for name in DOMAIN for kind in ("*.py", "*.sql") for file in (ROOT / "app" / name).rglob(kind)]
    assert files
    assert [file.name for file in files if re.search(r"""["'/]\w*List/\w""", file.read_text(encoding="utf-8"))] == []
