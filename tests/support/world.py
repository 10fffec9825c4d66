"""A solution with an end user, used through the domain's own functions."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Engine, text

from app.database.engine import snapshot
from app.solutions.content.model import ConfigSlot, ConfigType, Content, Ddl
from app.solutions.instances.changing import Move, create_instance, move_instance, update_instance, upgrade_instance
from app.solutions.instances.reading import Instance, InstanceFilter, read_instance, read_instances
from app.solutions.instances.workflows import read_workflows
from app.solutions.releases.solutions import SolutionDraft, set_draft
from app.solutions.rollout.publishing import publish


def config(*slots: ConfigSlot | str) -> Content:
    """A content with these config slots."""
    return Content(config_slots=tuple(ConfigSlot(slot) if isinstance(slot, str) else slot for slot in slots))


def ddl(name: str, operation: str, *, hidden: bool = False) -> ConfigSlot:
    return ConfigSlot(name, type=ConfigType.DDL, ddl=Ddl("slack", "1", operation), hidden=hidden)


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
            self.solution = set_draft(connection, draft)
            return publish(connection, None, self.solution, None).release_number

    def make(self, name: str = "Mine", **values: str) -> str:
        with self.engine.begin() as connection:
            return create_instance(connection, self.solution, self.owner, name, values, {}).instance_id

    def move(self, instance: str, release: int, **values: str) -> Instance:
        with self.engine.begin() as connection:
            return move_instance(connection, instance, release, values, how=Move.BULK)

    def upgrade(self, instance: str, **values: str) -> Instance:
        with self.engine.begin() as connection:
            return upgrade_instance(connection, instance, values, {})

    def update(self, instance: str, **values: str) -> Instance:
        with self.engine.begin() as connection:
            return update_instance(connection, instance, config_values=values)

    def read(self, instance: str) -> Instance:
        with self.engine.connect() as connection:
            return read_instance(connection, instance)

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
