"""The elements of a SetSolution request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from app.services.call import CollapsedText, Verbatim
from app.solutions.content.model import AuthSlot, ConfigSlot, ConfigType, Ddl, Screen, Trigger, Workflow
from app.solutions.releases.solutions import CustomField, SolutionDraft


@dataclass(frozen=True)
class GivenCustomField:
    """The elements of a `CustomField`."""

    key: CollapsedText | None = None
    value: Verbatim | None = None

    def field(self) -> CustomField:
        return CustomField(self.key or "", self.value or "")


@dataclass(frozen=True)
class GivenAuthSlot:
    """The elements of an `AuthSlot`."""

    external_id: CollapsedText | None = None
    title: str | None = None
    service: CollapsedText | None = None
    service_version: CollapsedText | None = None
    service_environment: CollapsedText | None = None
    scope_list: tuple[CollapsedText, ...] | None = None
    authentication_id: CollapsedText | None = None
    hidden: bool = False
    mandatory: bool = True

    def slot(self) -> AuthSlot:
        return AuthSlot(
            self.external_id or "",
            self.title or "",
            self.service or "",
            self.service_version or "",
            self.service_environment or "",
            frozenset(self.scope_list or ()),
            self.authentication_id,
            self.hidden,
            self.mandatory,
        )


@dataclass(frozen=True)
class GivenDdl:
    """The elements of a `Ddl`."""

    connector: CollapsedText | None = None
    connector_version: CollapsedText | None = None
    operation: CollapsedText | None = None
    input: str | None = None
    auth_slot_external_id: CollapsedText | None = None

    def ddl(self) -> Ddl:
        return Ddl(
            self.connector or "",
            self.connector_version or "",
            self.operation or "",
            self.input,
            self.auth_slot_external_id,
        )


@dataclass(frozen=True)
class GivenConfigSlot:
    """The elements of a `ConfigSlot`."""

    external_id: CollapsedText | None = None
    title: str | None = None
    type: ConfigType = ConfigType.STRING
    default_value: str | None = None
    hidden: bool = False
    mandatory: bool = True
    ddl: GivenDdl | None = None

    def slot(self) -> ConfigSlot:
        return ConfigSlot(
            self.external_id or "",
            self.title or "",
            self.type,
            self.default_value,
            self.hidden,
            self.mandatory,
            None if self.ddl is None else self.ddl.ddl(),
        )


@dataclass(frozen=True)
class GivenWorkflow:
    """The elements of a `Workflow`."""

    source_workflow_id: CollapsedText | None = None
    source_workflow_name: str | None = None
    trigger: Trigger = Trigger.MANUAL
    schedule: CollapsedText | None = None

    def workflow(self) -> Workflow:
        return Workflow(self.source_workflow_id or "", self.source_workflow_name or "", self.trigger, self.schedule)


@dataclass(frozen=True)
class GivenScreen:
    """The elements of a `Screen`."""

    title: str | None = None
    text: str | None = None
    slot_list: Annotated[tuple[CollapsedText, ...], "external_id"] | None = None

    def screen(self) -> Screen:
        return Screen(self.title or "", self.text or "", self.slot_list or ())


@dataclass(frozen=True)
class SetSolutionRequest:
    """A solution, or a new one if no id is given, and the edition of its draft that the caller has read. Absent fields
    keep their value."""

    solution_id: CollapsedText | None = None
    solution_edition: CollapsedText | None = None
    title: str | None = None
    description: str | None = None
    tag_list: tuple[CollapsedText, ...] | None = None
    custom_field_list: tuple[GivenCustomField, ...] | None = None
    auth_slot_list: tuple[GivenAuthSlot, ...] | None = None
    config_slot_list: tuple[GivenConfigSlot, ...] | None = None
    workflow_list: tuple[GivenWorkflow, ...] | None = None
    screen_list: tuple[GivenScreen, ...] | None = None
    held: bool | None = None

    def draft(self) -> SolutionDraft:
        fields, auth_slots, config_slots = self.custom_field_list, self.auth_slot_list, self.config_slot_list
        workflows, screens = self.workflow_list, self.screen_list
        return SolutionDraft(
            self.solution_id,
            self.title,
            self.description,
            self.tag_list,
            None if fields is None else tuple(given.field() for given in fields),
            None if auth_slots is None else tuple(given.slot() for given in auth_slots),
            None if config_slots is None else tuple(given.slot() for given in config_slots),
            None if workflows is None else tuple(given.workflow() for given in workflows),
            None if screens is None else tuple(given.screen() for given in screens),
            self.held,
        )
