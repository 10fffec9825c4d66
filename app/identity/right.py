"""Rights as sets of bits in plain integers, and the rights that each kind of permission gives."""

from __future__ import annotations

from typing import Final

NONE: Final = 0
READ: Final = 1
LINK: Final = 2
USE_TYPE: Final = 4
USE_DRAFT: Final = 8
UPDATE: Final = 16
EXECUTE: Final = 32
ADMINISTER: Final = 64
USE: Final = 128
"""Create nodes inside the package."""
EVERYTHING: Final = 255

ON_SYSTEM_NODES: Final = READ | LINK | USE_TYPE
"""The most rights that any caller has on a node of the `system` package, which never changes."""

NODE_PERMISSIONS: Final = {
    "node-read": READ,
    "node-link": LINK | USE_TYPE | READ,
    "node-use-type": USE_TYPE | READ,
    "node-use-draft": USE_DRAFT | READ,
    "node-update": UPDATE | USE_DRAFT | READ,
    "node-execute": EXECUTE | READ,
    "node-administer": EVERYTHING,
}
"""The rights that each `node-X` permission gives on its node, including implied rights."""

PACKAGE_PERMISSIONS: Final = {
    **{f"package-{name.removeprefix('node-')}": rights for name, rights in NODE_PERMISSIONS.items()},
    "package-use": USE | READ,
}
"""The rights that each `package-X` permission gives on its node and on all its content."""

ADMINISTER_ALL: Final = "administer-all"
ADMINISTER_SOLUTIONS: Final = "administer-solutions"
"""The right to do everything with solutions, their instances and their users. `administer-all` implies it."""
GLOBAL_PERMISSIONS: Final = frozenset({ADMINISTER_ALL, ADMINISTER_SOLUTIONS})
