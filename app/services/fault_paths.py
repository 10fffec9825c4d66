"""Describes faults for the XML services, with flat XML paths in which positions count from 1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from app.errors import DESCRIBED_FAULTS, Fault, FaultCode, FaultPath, RelinkError, UserError
from app.text import camel_case

_LISTS: Final = {
    "auth_slots": ("AuthSlotList", "AuthSlot"),
    "auth_values": ("AuthValueList", "AuthValue"),
    "config_slots": ("ConfigSlotList", "ConfigSlot"),
    "config_values": ("ConfigValueList", "ConfigValue"),
    "custom_fields": ("CustomFieldList", "CustomField"),
    "member_types": ("MemberTypeList", "MemberType"),
    "members": ("MemberList", "Member"),
    "nodes": ("NodeList", "Node"),
    "screens": ("ScreenList", "Screen"),
    "scopes": ("ScopeList", "scope"),
    "slots": ("SlotList", "externalId"),
    "tags": ("TagList", "tag"),
    "versions": ("VersionList", "Version"),
    "workflows": ("WorkflowList", "Workflow"),
}
"""The lists in requests, each with the element that contains the list and the element of one item."""

_ELEMENTS: Final = {"ddl": "Ddl", "node_reference_section": "NodeReferenceSection"}
"""Other elements whose name is not the field's name in camelCase."""

_ADVICE: Final = {FaultCode.NEEDS_UPGRADE: ": use UpgradeSolutionInstance, which moves the instance"}


def places(error: UserError) -> list[tuple[str, str]]:
    """Return the faults of an error, each as its XML path and what is wrong there."""
    return [(xml_path(fault.path), _text(fault)) for fault in error.faults]


def described(error: RelinkError) -> str:
    """Return the description of an error, in which faults have their XML paths."""
    return joined(places(error)) if isinstance(error, UserError) else error.description


def joined(found: Sequence[tuple[str, str]]) -> str:
    """Return the first faults of a list in one line."""
    return "; ".join(f"{path}: {text}" if path else text for path, text in found[:DESCRIBED_FAULTS])


def xml_path(path: FaultPath) -> str:
    """Return a path of the domain as a flat XML path: `ConfigValueList/ConfigValue[1]/value`."""
    steps: list[str] = []
    item = ""
    for step in path:
        if isinstance(step, int):
            steps.append(f"{item}[{step + 1}]")
        elif step in _LISTS:
            element, item = _LISTS[step]
            steps.append(element)
        else:
            steps.append(_ELEMENTS.get(step) or camel_case(step))
    return "/".join(steps)


def _text(fault: Fault) -> str:
    return fault.text.replace("{other}", xml_path(fault.other)) + _ADVICE.get(fault.code, "")
