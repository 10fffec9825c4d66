"""The objects in responses. Fields that have the same name here as in the schema need no resolver.

Decisions where the documents are silent:

- the id of a service is `service@version`; its title is its name, and it has no picture: `icon` is empty;
- an environment is identified by its name, which is also its id and title;
- Relink serves no webhooks: `triggerUrl` is a key below the URL of the webhooks in the settings, or below the path
  `/trigger` if they have none. Only workflows that a webhook starts in the instance's release have a `triggerUrl`;
- title, description, tags and custom fields are the solution's; its slots are those of its latest release;
- hidden slots are for the system: a user token sees neither these slots nor their values.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from ariadne import ObjectType
from graphql import GraphQLResolveInfo
from sqlalchemy import Connection

from app.database.engine import snapshot
from app.graphql.session import GraphQLSession
from app.solutions.content.model import AuthenticationFacts, AuthSlot, ConfigSlot, Content, Flags, SlotKind, Trigger
from app.solutions.instances.reading import Instance
from app.solutions.instances.workflows import WorkflowInstance, read_workflows
from app.solutions.people.authentications import Authentication
from app.solutions.releases.contents import contents_of_releases
from app.solutions.releases.solutions import CustomField, Solution, bytes_of_solutions, read_solutions
from app.text import collapsed

_NO_DEFAULT = "null"

config_slot = ObjectType("ConfigSlot")
TYPES = [config_slot]


@config_slot.field("defaultValue")
def _default_value(slot: ConfigSlot, _: GraphQLResolveInfo[Any]) -> str:
    return slot.default_value or _NO_DEFAULT


@dataclass(frozen=True)
class SolutionNode:
    """A solution with the slots of its latest release."""

    id: str
    title: str
    description: str | None
    tags: tuple[str, ...]
    custom_fields: tuple[CustomField, ...]
    config_slots: tuple[ConfigSlot, ...]
    auth_slots: tuple[AuthSlot, ...]


@dataclass(frozen=True)
class ConfigSlotValue:
    """The value of a config slot."""

    external_id: str
    value: str


@dataclass(frozen=True)
class AuthSlotValue:
    """The authentication in an auth slot."""

    external_id: str
    auth_id: str


@dataclass(frozen=True)
class WorkflowNode:
    """A workflow of an instance."""

    id: str
    source_workflow_id: str
    source_workflow_name: str
    trigger_url: str | None


@dataclass(frozen=True)
class ServiceNode:
    """A version of a service."""

    id: str
    name: str
    version: str
    title: str
    icon: str = ""


@dataclass(frozen=True)
class ServiceEnvironmentNode:
    """An environment of a service."""

    id: str
    name: str
    title: str


@dataclass(frozen=True)
class AuthenticationNode:
    """An authentication, without its data. Relink stores no notes about it."""

    id: str
    name: str
    service: ServiceNode
    service_environment: ServiceEnvironmentNode
    custom_fields: None = None


class InstanceNode:
    """An instance. Related objects are read when they are requested, at once for all instances of a list."""

    def __init__(self, instance: Instance, batch: InstanceBatch) -> None:
        self._instance = instance
        self._batch = batch
        self.id: str = instance.instance_id
        self.name: str = instance.name
        self.enabled: bool = instance.enabled
        self.created: datetime = instance.created
        self.owner: str = instance.owner
        self.solution_version_flags: Flags = instance.flags

    @property
    def solution(self) -> SolutionNode:
        """The solution of the instance."""
        return self._batch.solutions[self._instance.solution_id]

    @property
    def config_values(self) -> list[ConfigSlotValue]:
        """The values in its config slots."""
        return [ConfigSlotValue(*pair) for pair in self._seen(SlotKind.CONFIG, self._instance.config_values)]

    @property
    def auth_values(self) -> list[AuthSlotValue]:
        """The authentications in its auth slots."""
        return [AuthSlotValue(*pair) for pair in self._seen(SlotKind.AUTH, self._instance.auth_values)]

    def _seen(self, kind: SlotKind, values: dict[str, str]) -> Iterator[tuple[str, str]]:
        for external_id, value in values.items():
            if self._batch.sees_hidden or (kind, external_id) not in self._instance.hidden_slots:
                yield external_id, value

    @property
    def workflows(self) -> dict[str, list[dict[str, WorkflowNode]]]:
        """The workflows of the instance, as a connection."""
        return {"edges": [{"node": workflow} for workflow in self._batch.workflows.get(self.id, [])]}


class InstanceBatch:
    """Loads related data once for all instances in a list."""

    def __init__(self, session: GraphQLSession, instances: Sequence[Instance]) -> None:
        self._session = session
        self._instances = instances
        self.sees_hidden = session.token.is_master

    @property
    def nodes(self) -> list[InstanceNode]:
        """The instances as nodes."""
        return [InstanceNode(instance, self) for instance in self._instances]

    @cached_property
    def solutions(self) -> dict[str, SolutionNode]:
        """The solutions of the instances, by id."""
        ids = {instance.solution_id for instance in self._instances}
        with snapshot(self._session.engine) as connection:
            self._session.budget.read(bytes_of_solutions(connection, ids))
            return solution_nodes(connection, read_solutions(connection, ids), sees_hidden=self.sees_hidden)

    @cached_property
    def workflows(self) -> dict[str, list[WorkflowNode]]:
        """The workflows of the instances, by the instance's id."""
        releases = {(instance.solution_id, instance.release_number) for instance in self._instances}
        with snapshot(self._session.engine) as connection:
            contents = contents_of_releases(connection, releases)
            found = read_workflows(connection, [instance.instance_id for instance in self._instances])
        return {
            instance.instance_id: _workflow_nodes(
                found.get(instance.instance_id, ()),
                contents[instance.solution_id][instance.release_number],
                self._session.trigger_url or "/trigger",
            )
            for instance in self._instances
        }


def solution_nodes(
    connection: Connection, solutions: Iterable[Solution], *, sees_hidden: bool
) -> dict[str, SolutionNode]:
    """Return solutions with the slots of their latest releases, by id."""
    known = list(solutions)
    contents = contents_of_releases(
        connection, [(solution.solution_id, solution.latest_release_number) for solution in known]
    )
    nodes = {}
    for solution in known:
        content = contents.get(solution.solution_id, {}).get(solution.latest_release_number, Content())
        nodes[solution.solution_id] = SolutionNode(
            solution.solution_id,
            solution.title,
            solution.description,
            solution.tags,
            solution.custom_fields,
            tuple(slot for slot in content.config_slots if sees_hidden or not slot.hidden),
            tuple(slot for slot in content.auth_slots if sees_hidden or not slot.hidden),
        )
    return nodes


def authentication_node(authentication: Authentication) -> AuthenticationNode:
    """Return the object of an authentication in responses."""
    facts = authentication.facts
    environment = facts.service_environment
    return AuthenticationNode(
        facts.authentication_id,
        authentication.name,
        ServiceNode(_service_id(facts), facts.service, facts.service_version, facts.service),
        ServiceEnvironmentNode(environment, environment, environment),
    )


def service_and_version(service_id: str) -> tuple[str, str]:
    """Return the service and the version in the id of a service. An id without a version may also lack the `@`."""
    service, separator, version = service_id.rpartition("@")
    return (collapsed(service), collapsed(version)) if separator else (version, "")


def _service_id(facts: AuthenticationFacts) -> str:
    return f"{facts.service}@{facts.service_version}"


def _workflow_nodes(found: Iterable[WorkflowInstance], content: Content, trigger_url: str) -> list[WorkflowNode]:
    """Return the workflows of an instance as they are in its release."""
    of_release = {workflow.source_workflow_id: workflow for workflow in content.workflows}
    nodes = []
    for instance in found:
        workflow = of_release.get(instance.source_workflow_id)
        webhook = workflow is not None and workflow.trigger is Trigger.WEBHOOK
        nodes.append(
            WorkflowNode(
                instance.workflow_instance_id,
                instance.source_workflow_id,
                "" if workflow is None else workflow.name,
                f"{trigger_url.rstrip('/')}/{instance.trigger_key}" if webhook and instance.trigger_key else None,
            )
        )
    return nodes
