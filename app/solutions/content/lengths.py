"""The limits of the texts in a content."""

from __future__ import annotations

from collections.abc import Iterator

from app.errors import Fault, FaultPath
from app.solutions.content.model import Content
from app.solutions.texts import MOST_DESCRIPTION, MOST_EXTERNAL_ID, MOST_LABEL, MOST_NAME, text_faults


def length_faults(content: Content) -> list[Fault]:
    """Return the faults of texts that are too long, or that have characters which cannot be stored."""
    return [
        fault
        for path, text, most in _texts(content)
        if text
        for fault in text_faults(path, text, most=most, required=False)
    ]


def _texts(content: Content) -> Iterator[tuple[FaultPath, str | None, int]]:
    """Yield each text with its place and the number of characters that it may have."""
    for number, slot in enumerate(content.auth_slots):
        path: FaultPath = ("auth_slots", number)
        yield (*path, "external_id"), slot.external_id, MOST_EXTERNAL_ID
        yield (*path, "title"), slot.title, MOST_NAME
        yield (*path, "service"), slot.service, MOST_LABEL
        yield (*path, "service_version"), slot.service_version, MOST_LABEL
        yield (*path, "service_environment"), slot.service_environment, MOST_LABEL
        for scope in sorted(slot.scopes):
            yield (*path, "scopes"), scope, MOST_LABEL
    for number, config_slot in enumerate(content.config_slots):
        path = ("config_slots", number)
        yield (*path, "external_id"), config_slot.external_id, MOST_EXTERNAL_ID
        yield (*path, "title"), config_slot.title, MOST_NAME
        if (ddl := config_slot.ddl) is not None:
            yield (*path, "ddl", "connector"), ddl.connector, MOST_LABEL
            yield (*path, "ddl", "connector_version"), ddl.connector_version, MOST_LABEL
            yield (*path, "ddl", "operation"), ddl.operation, MOST_LABEL
            yield (*path, "ddl", "auth_slot_external_id"), ddl.auth_slot_external_id, MOST_EXTERNAL_ID
    for number, workflow in enumerate(content.workflows):
        path = ("workflows", number)
        yield (*path, "source_workflow_id"), workflow.source_workflow_id, MOST_EXTERNAL_ID
        yield (*path, "source_workflow_name"), workflow.name, MOST_NAME
    for number, screen in enumerate(content.screens):
        path = ("screens", number)
        yield (*path, "title"), screen.title, MOST_NAME
        yield (*path, "text"), screen.text, MOST_DESCRIPTION
        for position, external_id in enumerate(screen.slots):
            yield (*path, "slots", position), external_id, MOST_EXTERNAL_ID
