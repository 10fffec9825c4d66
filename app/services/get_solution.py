"""GetSolution: return a solution with its draft, or with the content of one of its releases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from app.database.engine import snapshot
from app.errors import UserError, not_found
from app.identity.rights import require_solutions
from app.services.call import Call, CollapsedText, Service
from app.services.response import Fields, Group, Part, ServiceResponse, edition_tag
from app.solutions.content.model import AuthSlot, ConfigSlot, Content, Screen
from app.solutions.releases.contents import read_contents
from app.solutions.releases.solutions import Release, Solution, read_releases, read_solution
from app.solutions.texts import time_text


@dataclass(frozen=True)
class GetSolutionRequest:
    """A solution and the number of a release. Without a number, or with 0, the draft is returned."""

    solution_id: CollapsedText | None = None
    release_number: int = 0


def run(request: GetSolutionRequest, call: Call) -> ServiceResponse:
    """Return the solution and its releases, and with the draft its edition; 105 if the solution or the release is not
    found."""
    require_solutions(call.caller)
    number = request.release_number
    with snapshot(call.engine) as connection:
        solution = read_solution(connection, request.solution_id or "")
        contents = read_contents(connection, solution.solution_id, [number])
        releases = read_releases(connection, solution.solution_id)
    if number and number not in contents:
        raise UserError(not_found("release_number"))
    edition = None if number else solution.edition
    parts = _parts(solution, edition, contents.get(number, solution.draft), releases)
    return ServiceResponse(tuple(parts), headers={} if edition is None else edition_tag(edition))


def _parts(solution: Solution, edition: str | None, content: Content, releases: list[Release]) -> Iterator[Part]:
    yield Fields(
        ("solutionId", solution.solution_id),
        ("solutionEdition", edition),
        ("title", solution.title),
        ("description", solution.description),
    )
    yield Group("TagList", (Fields(*(("tag", tag) for tag in solution.tags)),))
    fields = (Fields(("key", field.key), ("value", field.value)) for field in solution.custom_fields)
    yield Group("CustomFieldList", tuple(Group("CustomField", (field,)) for field in fields))
    yield Group("AuthSlotList", tuple(_auth_slot(slot) for slot in content.auth_slots))
    yield Group("ConfigSlotList", tuple(_config_slot(slot) for slot in content.config_slots))
    workflows = (
        Fields(
            ("sourceWorkflowId", workflow.source_workflow_id),
            ("sourceWorkflowName", workflow.name),
            ("trigger", workflow.trigger),
            ("schedule", workflow.schedule),
        )
        for workflow in content.workflows
    )
    yield Group("WorkflowList", tuple(Group("Workflow", (workflow,)) for workflow in workflows))
    yield Group("ScreenList", tuple(_screen(screen) for screen in content.screens))
    yield Fields(("latestReleaseNumber", solution.latest_release_number), ("held", solution.held))
    yield Group("ReleaseList", tuple(Group("Release", (_release(release),)) for release in reversed(releases)))


def _auth_slot(slot: AuthSlot) -> Group:
    head = Fields(
        ("externalId", slot.external_id),
        ("title", slot.title),
        ("service", slot.service),
        ("serviceVersion", slot.service_version),
        ("serviceEnvironment", slot.service_environment),
    )
    scopes = Group("ScopeList", (Fields(*(("scope", scope) for scope in sorted(slot.scopes))),))
    tail = Fields(("authenticationId", slot.authentication_id), ("hidden", slot.hidden), ("mandatory", slot.mandatory))
    return Group("AuthSlot", (head, scopes, tail))


def _config_slot(slot: ConfigSlot) -> Group:
    head = Fields(
        ("externalId", slot.external_id),
        ("title", slot.title),
        ("type", slot.type),
        ("defaultValue", slot.default_value),
        ("hidden", slot.hidden),
        ("mandatory", slot.mandatory),
    )
    if slot.ddl is None:
        return Group("ConfigSlot", (head,))
    ddl = Fields(
        ("connector", slot.ddl.connector),
        ("connectorVersion", slot.ddl.connector_version),
        ("operation", slot.ddl.operation),
        ("input", slot.ddl.input),
        ("authSlotExternalId", slot.ddl.auth_slot_external_id),
    )
    return Group("ConfigSlot", (head, Group("Ddl", (ddl,))))


def _screen(screen: Screen) -> Group:
    head = Fields(("title", screen.title), ("text", screen.text or None))
    slots = Group("SlotList", (Fields(*(("externalId", external_id) for external_id in screen.slots)),))
    return Group("Screen", (head, slots))


def _release(release: Release) -> Fields:
    return Fields(
        ("releaseNumber", release.number),
        ("releaseNotes", release.notes),
        ("publishedBy", release.published_by),
        ("publishedAt", time_text(release.published_at)),
    )


SERVICE = Service("GetSolution", GetSolutionRequest, run)
