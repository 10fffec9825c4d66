"""The nodes of the `system` package: fixed identifiers, always frozen, exactly one version.

The first migration creates them. This module names those that rules refer to; statements take them as parameters.
"""

from __future__ import annotations

from typing import Final

SYSTEM: Final = 1
TYPE_TYPE: Final = 2
MEMBER_TYPE_CLASS: Final = 3
PACKAGE_LISTING: Final = 4
MEMBER_TYPE_LIST: Final = 21
MANIFEST_ITEMS: Final = 22
USE_VALUE: Final = 31
USE_SCALE: Final = 32
USE_TARGET: Final = 33
MINIMUM_CARDINALITY: Final = 34
MAXIMUM_CARDINALITY: Final = 35
VALUE_PATTERN: Final = 36
TARGET_TYPE_LIST: Final = 37
NODE_NAME: Final = 41

RULES: Final = (
    MEMBER_TYPE_LIST,
    USE_VALUE,
    USE_SCALE,
    USE_TARGET,
    MINIMUM_CARDINALITY,
    MAXIMUM_CARDINALITY,
    VALUE_PATTERN,
    TARGET_TYPE_LIST,
)
"""The member types with which a type lists member types, and a member type states its rules."""

LAST_SYSTEM_IDENTIFIER: Final = 1000
"""Identifiers up to here belong to the `system` package; nobody administers it."""
