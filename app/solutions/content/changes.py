"""What changed between two releases of a solution, slot by slot, and which changes are breaking.

Which changes are breaking follows "What comprises a breaking change" of "Updating vs Upgrading instances", and adds the
slot that newly needs a value (`CreatedMandatorySlot`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.solutions.content.model import (
    AuthSlot,
    ConfigSlot,
    ConfigType,
    Content,
    Ddl,
    Screen,
    Slot,
    Workflow,
    same_json,
)


class ChangeKind(StrEnum):
    """What a change is about."""

    AUTH = "auth"
    CONFIG = "config"
    WORKFLOW = "workflow"
    SCREENS = "screens"


class ChangeCode(StrEnum):
    """What happened to a slot, a workflow or the screens.

    Tray has published only one of these codes, `CreatedMandatorySlot`.
    """

    AUTH_SCOPES_ADDED = "AuthScopesAdded"
    AUTH_SERVICE_VERSION_CHANGED = "AuthServiceVersionChanged"
    AUTH_SERVICE_ENVIRONMENT_CHANGED = "AuthServiceEnvironmentChanged"
    AUTH_RECREATED_FOR_OTHER_ENVIRONMENT = "AuthRecreatedForOtherEnvironment"
    CONFIG_TYPE_CHANGED = "ConfigTypeChanged"
    DDL_PROPERTIES_CHANGED = "DdlPropertiesChanged"
    DDL_AUTH_SLOT_CHANGED = "DdlAuthSlotChanged"
    CREATED_MANDATORY_SLOT = "CreatedMandatorySlot"
    AUTH_SCOPES_REMOVED = "AuthScopesRemoved"
    AUTHENTICATION_ID_CHANGED = "AuthenticationIdChanged"
    CREATED_OPTIONAL_SLOT = "CreatedOptionalSlot"
    REMOVED_SLOT = "RemovedSlot"
    TITLE_CHANGED = "TitleChanged"
    DEFAULT_CHANGED = "DefaultChanged"
    HIDDEN_CHANGED = "HiddenChanged"
    WORKFLOW_ADDED = "WorkflowAdded"
    WORKFLOW_REMOVED = "WorkflowRemoved"
    WORKFLOW_CHANGED = "WorkflowChanged"
    SCREENS_CHANGED = "ScreensChanged"


BREAKING_CODES = frozenset(
    {
        ChangeCode.AUTH_SCOPES_ADDED,
        ChangeCode.AUTH_SERVICE_VERSION_CHANGED,
        ChangeCode.AUTH_SERVICE_ENVIRONMENT_CHANGED,
        ChangeCode.AUTH_RECREATED_FOR_OTHER_ENVIRONMENT,
        ChangeCode.CONFIG_TYPE_CHANGED,
        ChangeCode.DDL_PROPERTIES_CHANGED,
        ChangeCode.DDL_AUTH_SLOT_CHANGED,
        ChangeCode.CREATED_MANDATORY_SLOT,
    }
)


@dataclass(frozen=True)
class Change:
    """One change of a slot or workflow, or the change of all screens together. `message` is a sentence for people.

    `hidden` says whether the slot is hidden in the new content, or, if it was removed, in the old content. It is False
    for workflows and screens. Screens have no external id: it is empty.
    """

    kind: ChangeKind
    external_id: str
    code: ChangeCode
    message: str
    breaking: bool
    hidden: bool


def changes(old: Content, new: Content) -> list[Change]:
    """Return what changed from one content to another: auth slots, then config slots, then workflows, then the
    screens.

    Each kind is in the order of the new content, followed by what was removed in the order of the old content. A slot
    is identified by its external id, so a slot with another external id is another slot. A new order of the slots is
    not a change, but the order on screens is one. A change of the screens never breaks anything.
    """
    return [
        *_changes_of_slots(old.auth_slots, new.auth_slots),
        *_changes_of_slots(old.config_slots, new.config_slots),
        *_changes_of_workflows(old.workflows, new.workflows),
        *_changes_of_screens(old.screens, new.screens),
    ]


def breaking_changes_of_slot(old_slot: Slot | None, new_slot: Slot) -> list[Change]:
    """Return the breaking changes of one slot, which is new if `old_slot` is None."""
    return [change for change in _changes_of_slot(old_slot, new_slot) if change.breaking]


_Finding = tuple[ChangeCode, str]
"""A code, and the end of a sentence that begins with the slot."""


def _changes_of_slots(old_slots: Sequence[Slot], new_slots: Sequence[Slot]) -> Iterator[Change]:
    old_by_id = {slot.external_id: slot for slot in old_slots}
    for slot in new_slots:
        yield from _changes_of_slot(old_by_id.pop(slot.external_id, None), slot)
    for slot in old_by_id.values():
        yield _change(slot, (ChangeCode.REMOVED_SLOT, "is removed"))


def _changes_of_slot(old: Slot | None, new: Slot) -> Iterator[Change]:
    if old == new:
        return
    for finding in _created(new) if old is None else _changed(old, new):
        yield _change(new, finding)


def _change(slot: Slot, finding: _Finding) -> Change:
    kind = ChangeKind.AUTH if isinstance(slot, AuthSlot) else ChangeKind.CONFIG
    code, predicate = finding
    message = f"{kind.capitalize()} slot {_quoted(slot.external_id)} {predicate}"
    return Change(kind, slot.external_id, code, message, code in BREAKING_CODES, slot.hidden)


def _created(slot: Slot) -> Iterator[_Finding]:
    if slot.needs_input:
        yield ChangeCode.CREATED_MANDATORY_SLOT, f"is new and needs {_input(slot)}"
    elif slot.mandatory and isinstance(slot, ConfigSlot):
        yield ChangeCode.CREATED_OPTIONAL_SLOT, f"is new, with the default {_json(slot.default_value)}"
    else:
        yield ChangeCode.CREATED_OPTIONAL_SLOT, "is new and optional"


def _changed(old: Slot, new: Slot) -> Iterator[_Finding]:
    match old, new:
        case AuthSlot(), AuthSlot():
            yield from _auth_findings(old, new)
        case ConfigSlot(), ConfigSlot():
            yield from _config_findings(old, new)
        case _:
            raise TypeError("an auth slot cannot become a config slot, nor a config slot an auth slot")
    yield from _newly_needed(old, new)
    if old.title != new.title:
        yield ChangeCode.TITLE_CHANGED, _from_to("its title", old.title, new.title)
    if old.hidden != new.hidden:
        yield ChangeCode.HIDDEN_CHANGED, f"was {_visibility(old)} and is now {_visibility(new)}"


def _newly_needed(old: Slot, new: Slot) -> Iterator[_Finding]:
    """Yield that a slot now needs a value from the end user.

    A slot that has become mandatory, or a mandatory slot that has lost its default, is a new mandatory slot for the
    instances that left it empty. Otherwise a lazy update would leave these instances incomplete. A slot that no longer
    needs a value requires no action, so that change has no code.
    """
    if new.needs_input and not old.needs_input:
        was = "had a default" if old.mandatory else "was optional"
        yield ChangeCode.CREATED_MANDATORY_SLOT, f"{was} and now needs {_input(new)}"


def _auth_findings(old: AuthSlot, new: AuthSlot) -> Iterator[_Finding]:
    """Yield the "authentication changes requiring upgrade". Another service counts as another version."""
    if added := new.scopes - old.scopes:
        yield ChangeCode.AUTH_SCOPES_ADDED, f"now also needs the scopes {_quoted_scopes(added)}"
    if removed := old.scopes - new.scopes:
        yield ChangeCode.AUTH_SCOPES_REMOVED, f"no longer needs the scopes {_quoted_scopes(removed)}"
    service = [
        *_difference("its service", old.service, new.service),
        *_difference("its service version", old.service_version, new.service_version),
    ]
    if service:
        yield ChangeCode.AUTH_SERVICE_VERSION_CHANGED, _and(service)
    for environment in _difference("its service environment", old.service_environment, new.service_environment):
        yield ChangeCode.AUTH_SERVICE_ENVIRONMENT_CHANGED, environment
    for authentication in _difference("its authentication", old.authentication_id, new.authentication_id):
        if old.service_environment == new.service_environment:
            yield ChangeCode.AUTHENTICATION_ID_CHANGED, authentication
        else:
            other = f"{authentication}, for the service environment {_quoted(new.service_environment)}"
            yield ChangeCode.AUTH_RECREATED_FOR_OTHER_ENVIRONMENT, other


def _config_findings(old: ConfigSlot, new: ConfigSlot) -> Iterator[_Finding]:
    """Yield the "config changes requiring upgrade", and changes of the default.

    If a slot becomes or was a drop-down list, its type has changed, and how its list is filled is not reported as
    another change.
    """
    if old.type != new.type:
        yield ChangeCode.CONFIG_TYPE_CHANGED, _from_to("its type", old.type, new.type)
    elif new.type is ConfigType.DDL:
        yield from _ddl_findings(old.ddl or _NO_DDL, new.ddl or _NO_DDL)
    for default in _json_difference("its default", old.default_value, new.default_value):
        yield ChangeCode.DEFAULT_CHANGED, default


_NO_DDL = Ddl("", "", "")


def _ddl_findings(old: Ddl, new: Ddl) -> Iterator[_Finding]:
    properties = [
        *_difference("the connector of its list", old.connector, new.connector),
        *_difference("the connector version of its list", old.connector_version, new.connector_version),
        *_difference("the operation of its list", old.operation, new.operation),
        *_json_difference("the input of its list", old.input, new.input),
    ]
    if properties:
        yield ChangeCode.DDL_PROPERTIES_CHANGED, _and(properties)
    for auth_slot in _difference("the auth slot of its list", old.auth_slot_external_id, new.auth_slot_external_id):
        yield ChangeCode.DDL_AUTH_SLOT_CHANGED, auth_slot


def _changes_of_workflows(old: Sequence[Workflow], new: Sequence[Workflow]) -> Iterator[Change]:
    old_by_id = {workflow.source_workflow_id: workflow for workflow in old}
    for workflow in new:
        before = old_by_id.pop(workflow.source_workflow_id, None)
        if before is None:
            yield _workflow_change(workflow, ChangeCode.WORKFLOW_ADDED, "is new")
        elif before != workflow:
            yield _workflow_change(workflow, ChangeCode.WORKFLOW_CHANGED, _workflow_difference(before, workflow))
    for workflow in old_by_id.values():
        yield _workflow_change(workflow, ChangeCode.WORKFLOW_REMOVED, "is removed")


def _workflow_difference(old: Workflow, new: Workflow) -> str:
    return _and(
        [
            *_difference("its name", old.name, new.name),
            *_difference("its trigger", old.trigger, new.trigger),
            *_difference("its schedule", old.schedule, new.schedule),
        ]
    )


def _workflow_change(workflow: Workflow, code: ChangeCode, predicate: str) -> Change:
    message = f"Workflow {_quoted(workflow.name or workflow.source_workflow_id)} {predicate}"
    return Change(ChangeKind.WORKFLOW, workflow.source_workflow_id, code, message, code in BREAKING_CODES, False)


def _changes_of_screens(old: Sequence[Screen], new: Sequence[Screen]) -> Iterator[Change]:
    if old == new:
        return
    before, after = _titles(old), _titles(new)
    difference = f"changed from {before} to {after}" if before != after else "changed their texts or their slots"
    code = ChangeCode.SCREENS_CHANGED
    yield Change(ChangeKind.SCREENS, "", code, f"The screens {difference}", code in BREAKING_CODES, False)


def _titles(screens: Iterable[Screen]) -> str:
    return _short(", ".join(_quoted(screen.title) for screen in screens)) or "none"


def _difference(what: str, old: str | None, new: str | None) -> Iterator[str]:
    if old != new:
        yield _from_to(what, old, new)


def _json_difference(what: str, old: str | None, new: str | None) -> Iterator[str]:
    if not same_json(old, new):
        yield f"changed {what} from {_json(old)} to {_json(new)}"


def _from_to(what: str, old: str | None, new: str | None) -> str:
    return f"changed {what} from {_quoted(old)} to {_quoted(new)}"


def _input(slot: Slot) -> str:
    return "an authentication" if isinstance(slot, AuthSlot) else "a value"


def _visibility(slot: Slot) -> str:
    return "hidden" if slot.hidden else "visible"


def _and(differences: Sequence[str]) -> str:
    return " and ".join(differences)


def _quoted_scopes(scopes: Iterable[str]) -> str:
    return ", ".join(map(_quoted, sorted(scopes)))


def _quoted(name: str | None) -> str:
    return "none" if name is None else f'"{_short(name)}"'


def _json(text: str | None) -> str:
    return "none" if text is None else _short(text)


def _short(text: str) -> str:
    return text if len(text) <= 80 else text[:77] + "..."
