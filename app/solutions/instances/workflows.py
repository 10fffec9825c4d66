"""The workflows of an instance: one for each workflow of its release."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from secrets import token_urlsafe

from sqlalchemy import Connection, text

from app.solutions.content.model import Content, Trigger

_KEY_BYTES = 24

_ADD = text("""
    INSERT INTO workflow_instance (instance_identifier, source_workflow_identifier, trigger_key)
    SELECT :instance, * FROM unnest(cast(:workflows AS text[]), cast(:keys AS text[]))
""")
_READ = text("""
    SELECT instance_identifier::text, workflow_instance_identifier::text, source_workflow_identifier, trigger_key
    FROM workflow_instance WHERE instance_identifier = ANY (cast(:instances AS uuid[]))
    ORDER BY source_workflow_identifier
""")


@dataclass(frozen=True)
class WorkflowInstance:
    """A workflow of an instance. `trigger_key` is the secret part of the URL of a webhook. The key is kept if the
    workflow is no longer a webhook in a later release."""

    workflow_instance_id: str
    source_workflow_id: str
    trigger_key: str | None


def set_workflows(connection: Connection, instance_id: str, content: Content) -> None:
    """Give a new instance the workflows of a release, each webhook with a key of its own."""
    workflows = [workflow.source_workflow_id for workflow in content.workflows]
    connection.execute(_ADD, {"instance": instance_id, "workflows": workflows, "keys": trigger_keys(content)})


def trigger_keys(content: Content) -> list[str | None]:
    """Make a new key for each workflow of a release that is a webhook, and None for each of the others."""
    return [
        token_urlsafe(_KEY_BYTES) if workflow.trigger is Trigger.WEBHOOK else None for workflow in content.workflows
    ]


def read_workflows(connection: Connection, instance_ids: Iterable[str]) -> dict[str, list[WorkflowInstance]]:
    """Return the workflows of instances, by instance."""
    found: dict[str, list[WorkflowInstance]] = defaultdict(list)
    for instance, *workflow in connection.execute(_READ, {"instances": list(instance_ids)}):
        found[instance].append(WorkflowInstance(*workflow))
    return dict(found)
