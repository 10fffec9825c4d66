"""Shared by the services about solutions: the check of rights, the values in requests, and parts of responses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from app.services.call import CollapsedText
from app.services.response import Fields, Group, Part, ServiceResponse, edition_tag
from app.solutions.content.changes import Change
from app.solutions.content.flags import PublishJudgement
from app.solutions.instances.reading import Instance
from app.solutions.instances.values import GivenValues
from app.solutions.rollout.publishing import PublishPreview
from app.solutions.texts import time_text


@dataclass(frozen=True)
class GivenConfigValue:
    """The value for a config slot: JSON as text."""

    external_id: CollapsedText | None = None
    value: str | None = None


@dataclass(frozen=True)
class GivenAuthValue:
    """The authentication for an auth slot."""

    external_id: CollapsedText | None = None
    auth_id: CollapsedText | None = None


@dataclass(frozen=True)
class RequestWithValues:
    """A request that gives values for slots of an instance."""

    config_value_list: tuple[GivenConfigValue, ...] | None = None
    auth_value_list: tuple[GivenAuthValue, ...] | None = None

    def values(self) -> GivenValues:
        """Return the values by slot. Raises UserError if something is missing, or if a slot is given twice."""
        config = [(given.external_id, given.value) for given in self.config_value_list or ()]
        auth = [(given.external_id, given.auth_id) for given in self.auth_value_list or ()]
        return GivenValues.of(config, auth)


def instance_group(instance: Instance) -> Group:
    """Return the element of an instance in responses."""
    head = Fields(
        ("solutionInstanceId", instance.instance_id),
        ("name", instance.name),
        ("enabled", instance.enabled),
        ("created", time_text(instance.created)),
        ("held", instance.held),
        ("owner", instance.owner),
        ("solutionId", instance.solution_id),
        ("releaseNumber", instance.release_number),
    )
    flags = Fields(
        ("hasNewerVersion", instance.flags.has_newer_version),
        ("requiresUserInputToUpdateVersion", instance.flags.requires_user_input_to_update_version),
        ("requiresSystemInputToUpdateVersion", instance.flags.requires_system_input_to_update_version),
    )
    parts = (
        head,
        Group("SolutionVersionFlags", (flags,)),
        Group("ConfigValueList", tuple(_pairs("ConfigValue", "value", instance.config_values))),
        Group("AuthValueList", tuple(_pairs("AuthValue", "authId", instance.auth_values))),
        Group("PendingSlotList", (Fields(*(("externalId", slot.external_id) for slot in instance.pending)),)),
    )
    return Group("SolutionInstance", parts)


def release_response(preview: PublishPreview) -> ServiceResponse:
    """Return the response about a release, published or only previewed, and what it means for the instances."""
    judgement = preview.judgement
    fields = Fields(
        ("solutionId", preview.solution_id),
        ("solutionEdition", preview.edition),
        ("releaseNumber", preview.release_number),
        ("breakingChanges", judgement.breaking_changes),
        ("requiresNewUserInput", judgement.requires_new_user_input),
        ("requiresNewSystemInput", judgement.requires_new_system_input),
        ("notice", preview.notice),
        ("instancesAutomatic", preview.instances.automatic),
        ("instancesUpgrade", preview.instances.upgrade),
        ("noticeMessage", preview.notice_message),
    )
    changes = Group("SlotChangeList", (_change(change) for change in judgement.changes))
    return ServiceResponse((fields, changes), headers=edition_tag(preview.edition))


def judgement_parts(judgement: PublishJudgement) -> tuple[Part, ...]:
    """Return the changes of a release, and the input that they require."""
    fields = Fields(
        ("breakingChanges", judgement.breaking_changes),
        ("requiresNewUserInput", judgement.requires_new_user_input),
        ("requiresNewSystemInput", judgement.requires_new_system_input),
    )
    return fields, Group("SlotChangeList", tuple(_change(change) for change in judgement.changes))


def _pairs(name: str, value_field: str, values: dict[str, str]) -> Iterator[Group]:
    for external_id, value in values.items():
        yield Group(name, (Fields(("externalId", external_id), (value_field, value)),))


def _change(change: Change) -> Group:
    fields = Fields(
        ("slotKind", change.kind),
        ("externalId", change.external_id or None),
        ("code", change.code),
        ("message", change.message),
        ("breakingChange", change.breaking),
        ("hidden", change.hidden),
    )
    return Group("SlotChange", (fields,))
