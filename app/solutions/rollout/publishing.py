"""Publishing: makes a draft the next release, and reports what that means for the instances.

"When you hit the 'Publish draft' button, you could get one of the two popups" (Updating vs Upgrading instances).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from sqlalchemy import Connection, text

from app.database.sql_files import sql_file
from app.editions import ANY_EDITION, KnownEdition
from app.errors import refuse
from app.identity import audit
from app.identity.audit import Action, Event
from app.solutions.content.documents import to_document
from app.solutions.content.flags import Contents, PublishJudgement, judge_publish
from app.solutions.content.model import Content, Flags
from app.solutions.instances.flags import OnRelease, read_flags
from app.solutions.messages import announce
from app.solutions.releases.contents import read_contents
from app.solutions.releases.draft_content import released_content
from app.solutions.releases.solutions import Solution, check_edition, lock_solution, read_solution
from app.solutions.texts import MOST_DESCRIPTION, text_faults

_PUBLISH = audit.statement(sql_file("app.solutions.rollout", "publish"))
_INSTANCES = text("""
    SELECT instance_identifier::text, release_number, held FROM solution_instance
    WHERE solution_identifier = :solution
""")


class Notice(StrEnum):
    """Which of the two notices a person sees on publishing: rolled out automatically, or upgrade needed."""

    AUTOMATIC = "automatic"
    UPGRADE = "upgrade"


@dataclass(frozen=True)
class InstanceCounts:
    """How many instances move automatically, and how many need an upgrade.

    `user_input` counts the upgrades that need input from the end user, and `system_input` those that need input from
    the system; an instance may need both. `held` counts all instances that are on hold, or whose solution is.
    """

    automatic: int = 0
    held: int = 0
    upgrade: int = 0
    user_input: int = 0
    system_input: int = 0


@dataclass(frozen=True)
class AffectedInstances:
    """The instances that would wait for input after a publication, and the releases of those that would not.

    An instance may wait for its user and for the system. `moving_from` are the releases that have instances which move
    by themselves: they need no input and are not on hold.
    """

    for_users: list[str]
    for_system: list[str]
    moving_from: frozenset[int]


@dataclass(frozen=True)
class PublishPreview:
    """A release that was or would be published, and how many instances move automatically or need an upgrade.

    `edition` is that of the draft, after the publication if it was published.
    """

    solution_id: str
    edition: str
    release_number: int
    judgement: PublishJudgement
    instances: InstanceCounts

    @property
    def notice(self) -> Notice:
        """Which of the two notices a person should see: an upgrade is needed if any instance needs one.

        The instances decide, not the changes since the release before. An instance on an older release may need an
        upgrade although this release breaks nothing, and no instance may need one if this release undoes a breaking
        change before any instance has moved.
        """
        return Notice.UPGRADE if self.instances.upgrade else Notice.AUTOMATIC

    @property
    def notice_message(self) -> str:
        """The notice in sentences: how many instances move or need an upgrade, and who must act."""
        counts = self.instances
        automatic = f"Instances that move by themselves: {counts.automatic}."
        if self.notice is Notice.AUTOMATIC:
            sentences = ["The release is rolled out automatically."]
            if self.judgement.breaking_changes:
                sentences.append("No instance needs an upgrade for its breaking changes.")
            sentences.append(automatic)
        else:
            by_whom = (
                f"{counts.user_input} by the end user in the configuration wizard,"
                f" {counts.system_input} by the system with values for hidden slots"
            )
            sentences = [f"An upgrade is needed. Instances to upgrade: {counts.upgrade} ({by_whom}). {automatic}"]
        if counts.held:
            sentences.append(f"On hold: {counts.held}.")
        return " ".join(sentences)


def preview(connection: Connection, solution_id: str) -> PublishPreview:
    """Return what publishing the draft now would do, without doing it. Raises UserError about `solution_id`."""
    return preview_with_instances(connection, solution_id)[0]


def preview_with_instances(connection: Connection, solution_id: str) -> tuple[PublishPreview, AffectedInstances]:
    """Return what `preview` returns, and the instances that it would affect."""
    solution = read_solution(connection, solution_id)
    return _preview(connection, solution, released_content(connection, solution.draft))


def publish(
    connection: Connection,
    user_identifier: int | None,
    solution_id: str,
    notes: str | None,
    known: KnownEdition = ANY_EDITION,
) -> PublishPreview:
    """Make the draft the next release, and write messages about the instances that need their end users.

    Numbers of releases have no gaps. Raises UserError about `solution_id` and `release_notes`, and StateError if the
    draft no longer has the edition that the caller knows.
    """
    refuse(text_faults("release_notes", notes, most=MOST_DESCRIPTION, required=False))
    solution = lock_solution(connection, solution_id)
    check_edition(solution, known)
    content = released_content(connection, solution.draft)
    previewed, affected = _preview(connection, solution, content)
    values = {
        "solution": solution.solution_id,
        "content": json.dumps(to_document(content)),
        "number": previewed.release_number,
        "notes": notes,
        "user": user_identifier,
    }
    done = Event(Action.RELEASE_PUBLISHED, "solution", solution.solution_id, {"release": previewed.release_number})
    connection.execute(_PUBLISH, {**values, **audit.parameters(done)})
    audit.log_on_commit(connection, done)
    announce(connection, solution.solution_id, previewed.release_number, affected.for_users)
    return replace(previewed, edition=replace(solution, latest_release_number=previewed.release_number).edition)


def _preview(connection: Connection, solution: Solution, content: Content) -> tuple[PublishPreview, AffectedInstances]:
    """Return what publishing a content would do, and the instances that it would affect."""
    latest = solution.latest_release_number
    contents = read_contents(connection, solution.solution_id)
    rows = connection.execute(_INSTANCES, {"solution": solution.solution_id}).all()
    releases = {row[0]: row[1] for row in rows}
    flags = _flags(connection, solution, {**contents, latest + 1: content}, releases)
    held = {row[0] for row in rows if solution.held or row.held}
    moving = {instance for instance, its in flags.items() if not _needs_something(its)}.difference(held)
    judgement = judge_publish(contents.get(latest), content)
    affected = AffectedInstances(
        [instance for instance, its in flags.items() if its.requires_user_input_to_update_version],
        [instance for instance, its in flags.items() if its.requires_system_input_to_update_version],
        frozenset(releases[instance] for instance in moving),
    )
    counts = _counts(flags, held, moving)
    return PublishPreview(solution.solution_id, solution.edition, latest + 1, judgement, counts), affected


def _flags(
    connection: Connection, solution: Solution, contents: Contents, releases: Mapping[str, int]
) -> dict[str, Flags]:
    """Return the flags that instances would have after the publication. `releases` are their releases by instance."""
    number = solution.latest_release_number + 1
    instances = [OnRelease(instance, solution.solution_id, on, number) for instance, on in releases.items()]
    return read_flags(connection, instances, {solution.solution_id: contents})


def _counts(flags: Mapping[str, Flags], held: Collection[str], moving: Collection[str]) -> InstanceCounts:
    return InstanceCounts(
        automatic=len(moving),
        held=len(held),
        upgrade=sum(map(_needs_something, flags.values())),
        user_input=sum(its.requires_user_input_to_update_version for its in flags.values()),
        system_input=sum(its.requires_system_input_to_update_version for its in flags.values()),
    )


def _needs_something(flags: Flags) -> bool:
    return flags.requires_user_input_to_update_version or flags.requires_system_input_to_update_version
