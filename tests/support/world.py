"""A solution with an end user, used through the domain's own functions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, text

from app.database.engine import snapshot
from app.errors import refuse
from app.solutions.content.model import ConfigSlot, ConfigType, Content, Ddl
from app.solutions.instances.changing import create_instance, update_instance, upgrade_instance
from app.solutions.instances.moving import Move, lock_to_move, move
from app.solutions.instances.reading import Instance, InstanceFilter, read_instances, read_instances_of
from app.solutions.instances.values import GivenValues, Recipient, checked
from app.solutions.instances.workflows import read_workflows
from app.solutions.releases.contents import read_contents
from app.solutions.releases.solutions import SolutionDraft, set_draft
from app.solutions.rollout.publishing import publish


def config(*slots: ConfigSlot | str) -> Content:
    """A content with these config slots."""
    return Content(config_slots=tuple(ConfigSlot(slot) if isinstance(slot, str) else slot for slot in slots))


def ddl(name: str, operation: str, *, hidden: bool = False) -> ConfigSlot:
    return ConfigSlot(name, type=ConfigType.DDL, ddl=Ddl("slack", "1", operation), hidden=hidden)


def move_instance(connection: Connection, instance: str, release: int, values: Mapping[str, str]) -> None:
    """Move an instance to any release, as a roll-out does."""
    locked = lock_to_move(connection, instance)
    assert locked is not None
    row, contents = locked.row, read_contents(connection, locked.row.solution_id)
    recipient = Recipient(row.owner, release, row.latest_release_number, contents)
    given, faults = checked(connection, recipient, GivenValues(values, {}))
    refuse(faults)
    if release != row.release_number:
        move(connection, locked, release, contents, given, how=Move.BULK)


@dataclass
class World:
    """A solution with an end user."""

    engine: Engine
    solution: str = ""
    owner: str = ""

    def release(self, content: Content) -> int:
        draft = SolutionDraft(
            self.solution or None,
            "Support",
            tags=("crm",),
            auth_slots=content.auth_slots,
            config_slots=content.config_slots,
            workflows=content.workflows,
        )
        with self.engine.begin() as connection:
            self.solution = set_draft(connection, draft).solution_id
            return publish(connection, None, self.solution, None).release_number

    def make(self, name: str = "Mine", **values: str) -> str:
        with self.engine.begin() as connection:
            return create_instance(connection, self.solution, self.owner, name, values, {}).instance_id

    def move(self, instance: str, release: int, **values: str) -> Instance:
        with self.engine.begin() as connection:
            move_instance(connection, instance, release, values)
            return read_instances_of(connection, [instance])[0]

    def upgrade(self, instance: str, **values: str) -> Instance:
        with self.engine.begin() as connection:
            return upgrade_instance(connection, instance, values, {})

    def update(self, instance: str, **values: str) -> Instance:
        with self.engine.begin() as connection:
            return update_instance(connection, instance, config_values=values)

    def read(self, instance: str) -> Instance:
        with self.engine.connect() as connection:
            return read_instances_of(connection, [instance])[0]

    def find(self, wanted: InstanceFilter, page: int = 1, page_size: int = 100) -> tuple[list[Instance], int]:
        with snapshot(self.engine) as connection:
            return read_instances(connection, wanted, page, page_size)

    def keys(self, instance: str) -> dict[str, str | None]:
        """The trigger keys of an instance's workflows."""
        with self.engine.connect() as connection:
            found = read_workflows(connection, [instance]).get(instance, [])
        return {workflow.source_workflow_id: workflow.trigger_key for workflow in found}

    def rows(self, query: str) -> list[tuple[object, ...]]:
        with self.engine.begin() as connection:
            return [tuple(row) for row in connection.execute(text(query))]
