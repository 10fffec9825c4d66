"""All services by name."""

from __future__ import annotations

from typing import Any

from app.services import (
    copy_node,
    create_permission,
    create_user,
    freeze_node,
    get_node,
    node_import,
    update_node_versions,
)
from app.services.call import Service

SERVICES: dict[str, Service[Any]] = {
    module.SERVICE.name: module.SERVICE
    for module in (
        copy_node,
        create_permission,
        create_user,
        freeze_node,
        get_node,
        node_import,
        update_node_versions,
    )
}
