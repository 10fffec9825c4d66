"""Solutions whose instances wait for a roll-out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

import pytest
from lxml import etree
from sqlalchemy import Engine, text

from tests.support.http import Reply
from tests.support.solution_store import Store

SERVICE = "UpdateSolutionInstances"


def rows(reply: Reply) -> list[str]:
    """The updates in short, by name: `a 1 -> 2 upgrade (x, y)`, `b 1 -> 2 warning: on hold`."""
    return sorted(_row(update) for update in reply.tree.iterfind("UpdateList/Update"))


def _row(update: etree._Element) -> str:
    fields = ("name", "releaseNumberFrom", "releaseNumberTo", "updateType", "errorMessage")
    name, start, end, kind, message = (update.findtext(field) for field in fields)
    pending = [slot.text or "" for slot in update.iterfind("PendingSlotList/externalId")]
    listed = f" ({', '.join(pending)})" if pending else ""
    return f"{name} {start} -> {end} {kind}{listed}{f': {message}' if message else ''}"


@dataclass(frozen=True)
class Rollout:
    """Roll-outs of one solution, and its instances by name."""

    store: Store
    solution: str
    instances: dict[str, str] = field(default_factory=dict)

    def __call__(self, action: str, *content: str, **fields: str | int | None) -> Reply:
        return self.store.reply_to(SERVICE, *content, solutionId=self.solution, action=action, **fields)

    def done(self, *content: str, **fields: str | int | None) -> list[str]:
        """The rows of a force that bypasses nothing. An impact has the same rows before it, and none after it."""
        expected = self("impact", *content, **fields)
        reply = self("force", *content, **fields)
        assert reply.number == 0, reply.response.text
        assert rows(reply) == rows(expected)
        assert rows(self("impact", *content, **fields)) == []
        return rows(reply)


Make = Callable[..., Rollout]


@pytest.fixture
def rollout(store: Store) -> Make:
    """Make a solution of one release, without slots or with the config slots of `before`, with instances of these
    names, and then its second release."""

    def make(
        *names: str, before: tuple[str, ...] = (), auth: tuple[str, ...] = (), config: tuple[str, ...] = ()
    ) -> Rollout:
        solution = store.published(config=before)
        instances = {name: store.instance(solution, name=name) for name in names}
        store.republish(solution, auth=auth, config=config)
        return Rollout(store, solution, instances)

    return make


@pytest.fixture
def published_at(engine: Engine) -> Callable[[str], datetime]:
    """When the latest release of a solution was published."""

    def read(solution: str) -> datetime:
        with engine.connect() as connection:
            query = "SELECT max(published_at) FROM solution_release WHERE solution_identifier = :solution"
            at: datetime = connection.execute(text(query), {"solution": solution}).scalar_one()
            return at

    return read
