"""All services by name."""

from __future__ import annotations

from typing import Any

from app.services import (
    copy_node,
    create_external_user,
    create_permission,
    create_solution_instance,
    create_user,
    delete_permission,
    freeze_node,
    get_node,
    get_permission_list,
    get_solution,
    get_solution_instances,
    list_users,
    node_import,
    preview_solution_release,
    publish_solution_release,
    remove_authentication,
    remove_external_user,
    remove_solution_instance,
    set_authentication,
    set_solution,
    update_node_versions,
    update_password,
    update_solution_instance,
    update_solution_instances,
    update_user_status,
    upgrade_solution_instance,
)
from app.services.call import Service

SERVICES: dict[str, Service[Any]] = {
    module.SERVICE.name: module.SERVICE
    for module in (
        copy_node,
        create_external_user,
        create_permission,
        create_solution_instance,
        create_user,
        delete_permission,
        freeze_node,
        get_node,
        get_permission_list,
        get_solution,
        get_solution_instances,
        list_users,
        node_import,
        preview_solution_release,
        publish_solution_release,
        remove_authentication,
        remove_external_user,
        remove_solution_instance,
        set_authentication,
        set_solution,
        update_node_versions,
        update_password,
        update_solution_instance,
        update_solution_instances,
        update_user_status,
        upgrade_solution_instance,
    )
}
