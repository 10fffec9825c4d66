"""Why a request failed, in sentences that call the fields of the domain what the pages call them."""

from __future__ import annotations

from typing import Final

from app.errors import RelinkError, UserError

_LABELS: Final = {
    "action": "The action",
    "auth_slots": "An auth slot",
    "auth_values": "The accounts",
    "config_slots": "A config slot",
    "config_values": "The values",
    "custom_fields": "A custom field",
    "description": "The description",
    "instance_name": "The name",
    "member_types": "A member",
    "name": "The name",
    "new_password": "The new password",
    "node": "The node",
    "node_name": "The name",
    "node_reference": "The node",
    "node_version_reference_new_type": "The new type",
    "object_reference": "The node",
    "old_password": "The present password",
    "owner": "The end user",
    "password_create": "The password",
    "percent": "The percentage of the instances",
    "permission_identifier": "The permission",
    "permission_type_reference": "The permission",
    "query": "The search",
    "release_notes": "The text of the release notes",
    "scope": "The choice of where links move to",
    "screens": "A screen",
    "solution_id": "The solution",
    "solution_id_after": "The solution after which the page begins",
    "solution_instance_id": "The instance",
    "source_reference": "The source",
    "tags": "A tag",
    "target_release_number": "The release",
    "title": "The title",
    "user_email_address": "The email address",
    "user_group_reference": "The user or group",
    "user_logon_reference_create": "The user",
    "user_logon_reference_update": "The user",
    "user_name": "The name",
    "workflows": "A workflow",
}
"""What the pages call the fields."""


def reasons_of(error: RelinkError) -> list[str]:
    """Return why a request failed, in sentences without a full stop."""
    if isinstance(error, UserError):
        return [fault.sentence(_LABELS, "The request") for fault in error.faults]
    return [error.description]
