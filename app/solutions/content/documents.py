"""Converts contents to documents for the database and back, and finds the faults of a content in a request.

A document is what `json` writes: dictionaries, lists, texts, booleans and None. Its keys are a format of their own,
which stays the same when a field of the model gets another name. Reading ignores unknown keys and uses the model's
default for absent ones, so that documents of earlier and later versions of Relink can be read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from typing import TypeVar

from app.errors import Fault, FaultPath, duplicate, invalid, missing
from app.solutions.content.model import (
    AuthSlot,
    ConfigSlot,
    ConfigType,
    Content,
    Ddl,
    NotJsonError,
    Screen,
    Trigger,
    Workflow,
    read_json,
)
from app.solutions.content.values import type_fault
from app.text import is_blank

_Member = TypeVar("_Member", bound=StrEnum)


class MalformedDocumentError(ValueError):
    """A document that `to_document` did not write."""


def to_document(content: Content) -> dict[str, object]:
    """Return the document of a content. Equal contents have equal documents."""
    return {
        "authSlots": [_auth_slot_document(slot) for slot in content.auth_slots],
        "configSlots": [_config_slot_document(slot) for slot in content.config_slots],
        "workflows": [_workflow_document(workflow) for workflow in content.workflows],
        "screens": [_screen_document(screen) for screen in content.screens],
    }


def from_document(document: object) -> Content:
    """Return the content of a document. Raises `MalformedDocumentError`."""
    fields = _Fields(document)
    return Content(
        auth_slots=tuple(map(_auth_slot, fields.parts("authSlots"))),
        config_slots=tuple(map(_config_slot, fields.parts("configSlots"))),
        workflows=tuple(map(_workflow, fields.parts("workflows"))),
        screens=tuple(map(_screen, fields.parts("screens"))),
    )


def content_faults(content: Content, is_schedule: Callable[[str], bool]) -> list[Fault]:
    """Return what is wrong with a content, in the order of the content.

    External ids must be present and unique within their kind. An auth slot must name a service or an authentication.
    A default must be of its slot's type. A drop-down list, and no other slot, must say where its list comes from; an
    auth slot that it names must be in the same content. A scheduled workflow, and no other, must have a schedule.
    `is_schedule` returns whether a text is a cron expression. A screen must have a title, and a slot that it names must
    be in the same content, and may appear only once on all screens.
    """
    return [
        *_auth_slot_faults(content),
        *_config_slot_faults(content),
        *_workflow_faults(content, is_schedule),
        *_screen_faults(content),
    ]


def _auth_slot_faults(content: Content) -> Iterator[Fault]:
    seen: set[str] = set()
    for number, slot in enumerate(content.auth_slots):
        path = ("auth_slots", number)
        yield from _id_faults((*path, "external_id"), slot.external_id, seen)
        if is_blank(slot.service) and slot.authentication_id is None:
            yield missing((*path, "service"), why="a slot without an authentication must name its service")


def _config_slot_faults(content: Content) -> Iterator[Fault]:
    auth_slot_ids = {slot.external_id for slot in content.auth_slots}
    seen: set[str] = set()
    for number, slot in enumerate(content.config_slots):
        path = ("config_slots", number)
        yield from _id_faults((*path, "external_id"), slot.external_id, seen)
        default_fault = None if slot.default_value is None else type_fault(slot.type, slot.default_value)
        if default_fault is not None:
            yield invalid((*path, "default_value"), default_fault)
        yield from _ddl_faults((*path, "ddl"), slot, auth_slot_ids)


def _ddl_faults(path: FaultPath, slot: ConfigSlot, auth_slot_ids: set[str]) -> Iterator[Fault]:
    if slot.ddl is None:
        if slot.type is ConfigType.DDL:
            yield missing(path, why="a slot of type ddl must say where its list comes from")
        return
    if slot.type is not ConfigType.DDL:
        yield invalid(path, f"is only for a slot of type ddl, and the type is {slot.type}")
    if is_blank(slot.ddl.connector):
        yield missing((*path, "connector"))
    if is_blank(slot.ddl.operation):
        yield missing((*path, "operation"))
    if slot.ddl.input is not None:
        try:
            read_json(slot.ddl.input)
        except NotJsonError as fault:
            yield invalid((*path, "input"), str(fault))
    if slot.ddl.auth_slot_external_id is not None and slot.ddl.auth_slot_external_id not in auth_slot_ids:
        yield invalid((*path, "auth_slot_external_id"), "is not an auth slot of this solution")


def _workflow_faults(content: Content, is_schedule: Callable[[str], bool]) -> Iterator[Fault]:
    seen: set[str] = set()
    for number, workflow in enumerate(content.workflows):
        path = ("workflows", number)
        yield from _id_faults((*path, "source_workflow_id"), workflow.source_workflow_id, seen)
        schedule = (*path, "schedule")
        if workflow.trigger is not Trigger.SCHEDULED:
            if workflow.schedule is not None:
                yield invalid(schedule, f"is only for a scheduled workflow, and the trigger is {workflow.trigger}")
        elif workflow.schedule is None:
            yield missing(schedule, why="a scheduled workflow must have one")
        elif not is_schedule(workflow.schedule):
            reason = "must be a cron expression of five fields that has a next time, with at most 200 characters"
            yield invalid(schedule, reason)


def _screen_faults(content: Content) -> Iterator[Fault]:
    external_ids = content.external_ids
    seen: set[str] = set()
    for number, screen in enumerate(content.screens):
        path = ("screens", number)
        if is_blank(screen.title):
            yield missing((*path, "title"))
        for position, external_id in enumerate(screen.slots):
            slot = (*path, "slots", position)
            yield from _id_faults(slot, external_id, seen)
            if not is_blank(external_id) and external_id not in external_ids:
                yield invalid(slot, "is not a slot of this solution")


def _id_faults(path: FaultPath, identifier: str, seen: set[str]) -> Iterator[Fault]:
    """Return what is wrong with an id, and add the id to `seen`."""
    if is_blank(identifier):
        yield missing(path, "is empty")
    elif identifier in seen:
        yield duplicate(path)
    seen.add(identifier)


def _auth_slot_document(slot: AuthSlot) -> dict[str, object]:
    return {
        "externalId": slot.external_id,
        "title": slot.title,
        "service": slot.service,
        "serviceVersion": slot.service_version,
        "serviceEnvironment": slot.service_environment,
        "scopes": sorted(slot.scopes),
        "authenticationId": slot.authentication_id,
        "hidden": slot.hidden,
        "mandatory": slot.mandatory,
    }


def _config_slot_document(slot: ConfigSlot) -> dict[str, object]:
    return {
        "externalId": slot.external_id,
        "title": slot.title,
        "type": slot.type.value,
        "defaultValue": slot.default_value,
        "hidden": slot.hidden,
        "mandatory": slot.mandatory,
        "ddl": None if slot.ddl is None else _ddl_document(slot.ddl),
    }


def _ddl_document(ddl: Ddl) -> dict[str, object]:
    return {
        "connector": ddl.connector,
        "connectorVersion": ddl.connector_version,
        "operation": ddl.operation,
        "input": ddl.input,
        "authSlotExternalId": ddl.auth_slot_external_id,
    }


def _workflow_document(workflow: Workflow) -> dict[str, object]:
    return {
        "sourceWorkflowId": workflow.source_workflow_id,
        "sourceWorkflowName": workflow.name,
        "trigger": workflow.trigger.value,
        "schedule": workflow.schedule,
    }


def _screen_document(screen: Screen) -> dict[str, object]:
    return {"title": screen.title, "text": screen.text, "slots": list(screen.slots)}


def _auth_slot(fields: _Fields) -> AuthSlot:
    return AuthSlot(
        external_id=fields.text("externalId"),
        title=fields.text("title", ""),
        service=fields.text("service", ""),
        service_version=fields.text("serviceVersion", ""),
        service_environment=fields.text("serviceEnvironment", ""),
        scopes=frozenset(fields.texts("scopes")),
        authentication_id=fields.text_or_none("authenticationId"),
        hidden=fields.flag("hidden", False),
        mandatory=fields.flag("mandatory", True),
    )


def _config_slot(fields: _Fields) -> ConfigSlot:
    ddl = fields.part_or_none("ddl")
    return ConfigSlot(
        external_id=fields.text("externalId"),
        title=fields.text("title", ""),
        type=fields.member("type", ConfigType.STRING),
        default_value=fields.text_or_none("defaultValue"),
        hidden=fields.flag("hidden", False),
        mandatory=fields.flag("mandatory", True),
        ddl=None if ddl is None else _ddl(ddl),
    )


def _ddl(fields: _Fields) -> Ddl:
    return Ddl(
        connector=fields.text("connector"),
        connector_version=fields.text("connectorVersion"),
        operation=fields.text("operation"),
        input=fields.text_or_none("input"),
        auth_slot_external_id=fields.text_or_none("authSlotExternalId"),
    )


def _workflow(fields: _Fields) -> Workflow:
    return Workflow(
        source_workflow_id=fields.text("sourceWorkflowId"),
        name=fields.text("sourceWorkflowName", ""),
        trigger=fields.member("trigger", Trigger.MANUAL),
        schedule=fields.text_or_none("schedule"),
    )


def _screen(fields: _Fields) -> Screen:
    return Screen(fields.text("title"), fields.text("text", ""), tuple(fields.texts("slots")))


class _Fields:
    """The fields of one object of a document. Each method reads a field as one type."""

    def __init__(self, document: object) -> None:
        if not isinstance(document, dict):
            raise MalformedDocumentError(f"a document must be an object, not a {type(document).__name__}")
        self._fields: Mapping[object, object] = document

    def text(self, key: str, default: str | None = None) -> str:
        """Return a text, which is required if there is no default."""
        value = self._fields.get(key, default)
        if not isinstance(value, str):
            raise MalformedDocumentError(f"{key} is not a text")
        return value

    def text_or_none(self, key: str) -> str | None:
        return None if self._fields.get(key) is None else self.text(key)

    def texts(self, key: str) -> list[str]:
        values = self._list(key)
        texts = [value for value in values if isinstance(value, str)]
        if len(texts) < len(values):
            raise MalformedDocumentError(f"{key} has something that is not a text")
        return texts

    def flag(self, key: str, default: bool) -> bool:
        value = self._fields.get(key, default)
        if not isinstance(value, bool):
            raise MalformedDocumentError(f"{key} is neither true nor false")
        return value

    def member(self, key: str, default: _Member) -> _Member:
        """Return a member of the enumeration of the default."""
        text = self.text(key, default.value)
        try:
            return type(default)(text)
        except ValueError:
            raise MalformedDocumentError(f"{key} is not a {type(default).__name__}") from None

    def part_or_none(self, key: str) -> _Fields | None:
        part = self._fields.get(key)
        return None if part is None else _Fields(part)

    def parts(self, key: str) -> Iterator[_Fields]:
        return map(_Fields, self._list(key))

    def _list(self, key: str) -> list[object]:
        value = self._fields.get(key, [])
        if not isinstance(value, list):
            raise MalformedDocumentError(f"{key} is not a list")
        return value
