"""The workflows of an instance: one of its own for each workflow of the release that it is on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from secrets import token_urlsafe

from sqlalchemy import Connection, text

from app.solutions.content.model import Content, Trigger

_KEY_BYTES = 24

_REMOVE = text("""
    DELETE FROM workflow_instance
    WHERE instance_identifier = :instance AND NOT source_workflow_identifier = ANY (:workflows)
""")
# One that stays keeps its key, and with it the URL that others know.
_ADD = text("""
    INSERT INTO workflow_instance AS held (instance_identifier, source_workflow_identifier, trigger_key)
    SELECT :instance, * FROM unnest(cast(:workflows AS text[]), cast(:keys AS text[]))
    ON CONFLICT (instance_identifier, source_workflow_identifier)
    DO UPDATE SET trigger_key = EXCLUDED.trigger_key WHERE held.trigger_key IS NULL
""")
_READ = text("""
    SELECT instance_identifier::text, workflow_instance_identifier::text, source_workflow_identifier, trigger_key
    FROM workflow_instance WHERE instance_identifier = ANY (cast(:instances AS uuid[]))
    ORDER BY source_workflow_identifier
""")


@dataclass(frozen=True)
class WorkflowInstance:
    """A workflow of an instance. `trigger_key` is the secret part of the URL of a webhook; it may be left from a
    release in which the workflow was one."""

    workflow_instance_id: str
    source_workflow_id: str
    trigger_key: str | None


def set_workflows(connection: Connection, instance_id: str, content: Content) -> None:
    """Give an instance the workflows of a release, each webhook with a key of its own."""
    workflows = [workflow.source_workflow_id for workflow in content.workflows]
    keys = [
        token_urlsafe(_KEY_BYTES) if workflow.trigger is Trigger.WEBHOOK else None for workflow in content.workflows
    ]
    connection.execute(_REMOVE, {"instance": instance_id, "workflows": workflows})
    connection.execute(_ADD, {"instance": instance_id, "workflows": workflows, "keys": keys})


def read_workflows(connection: Connection, instance_ids: Iterable[str]) -> dict[str, list[WorkflowInstance]]:
    """The workflows of instances."""
    found: dict[str, list[WorkflowInstance]] = defaultdict(list)
    for instance, *workflow in connection.execute(_READ, {"instances": list(instance_ids)}):
        found[instance].append(WorkflowInstance(*workflow))
    return dict(found)
