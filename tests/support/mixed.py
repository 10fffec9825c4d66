"""Clients that send mixed requests to one store at the same time, and the conditions that must hold afterwards."""

from __future__ import annotations

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from sqlalchemy import Engine

from tests.support.builders import LIST, Graph, M, V, draft, frozen, links
from tests.support.frozen import assert_unchanged, frozen_hashes
from tests.support.http import Client, Reply

NODES = 12
DONE, PARTIAL, USER_ERROR, BUSY, IMPOSSIBLE = 0, 108, 105, 106, 109


def graph() -> Graph:
    """Package P and P.sub, each node above the next; at the bottom P.sub.Z. Each client has a node P.own.CLIENT."""
    made = Graph().node("P.sub.Z", frozen(), draft())
    for i in range(NODES):
        made.node(f"P.A{i:02}", frozen(*links(f"P.sub.B{i:02}.1", "P.sub.Z.1")))
        made.node(f"P.sub.B{i:02}", frozen(*links(f"P.sub.B{i + 1:02}.1" if i + 1 < NODES else "P.sub.Z.1")))
    return made


@dataclass
class MixedClient:
    """A client that sends random requests repeatedly, and remembers what the responses confirmed."""

    name: str
    client: Client
    chance: random.Random
    sent: Counter[str] = field(default_factory=Counter)
    written: dict[str, int] = field(default_factory=dict)
    """Per node, the highest version number that a response has named."""
    saved: int = 0

    def send(self, requests: int) -> None:
        """Send this many requests. Each response is valid, and is one that a client must expect."""
        for _ in range(requests):
            action = self.chance.choice((self.impact, self.force, self.save, self.copy, self.freeze, self.get))
            self.sent[action.__name__] += 1
            action()

    def impact(self) -> None:
        self._sent(self.client.update(self._package()), DONE, PARTIAL)

    def force(self) -> None:
        reply = self._sent(self.client.update(self._package(), "force"), DONE, PARTIAL, BUSY)
        for row in reply.updates():
            if row["updateType"] in ("version", "change"):
                self._wrote(row["nodeReference"], int(row["nodeVersionNumber"]))

    def save(self) -> None:
        """Import the client's own node as a draft with a new name; only runs write it besides."""
        self.saved += 1
        written = V((M(LIST, "P.sub.Z.1"),), draft=True, name=f"{self.name} {self.saved}")
        made = Graph().node(f"P.own.{self.name}", written)
        self._sent(self.client.post(made.xml()), DONE)

    def copy(self) -> None:
        node = self._node()
        reply = self._sent(
            self.client.post(
                f"<CopyNode><nodeVersionReferenceFrom>{node}</nodeVersionReferenceFrom>"
                f"<nodeReferenceTo>{node}</nodeReferenceTo></CopyNode>"
            ),
            DONE,
            USER_ERROR,
            BUSY,
        )
        self._wrote_of(node, reply)

    def freeze(self) -> None:
        node = self._node()
        reply = self._sent(
            self.client.post(f"<FreezeNode><nodeReference>{node}</nodeReference><action>force</action></FreezeNode>"),
            DONE,
            PARTIAL,
            BUSY,
            IMPOSSIBLE,
        )
        self._wrote_of(node, reply)

    def get(self) -> None:
        node = self._node()
        version = f"{node}.{self.written[node]}" if node in self.written else node
        self._sent(self.client.post(f"<GetNode><nodeVersionReference>{version}</nodeVersionReference></GetNode>"), DONE)

    def _sent(self, reply: Reply, *expected: int) -> Reply:
        assert reply.status == 200, reply.response.text
        assert reply.number in expected, reply.response.text
        assert "deadlock" not in reply.response.text
        assert "40P01" not in reply.response.text
        return reply

    def _wrote_of(self, node: str, reply: Reply) -> None:
        if reply.number == DONE:
            self._wrote(node, int(reply.text("nodeVersionNumber") or 0))

    def _wrote(self, node: str, number: int) -> None:
        self.written[node] = max(number, self.written.get(node, 0))

    def _package(self) -> str:
        return self.chance.choice(("P", "P.sub", "P.own"))

    def _node(self) -> str:
        number = self.chance.randrange(NODES)
        return self.chance.choice((f"P.A{number:02}", f"P.sub.B{number:02}"))


def send_mixed_requests(client: Client, engine: Engine, chance: random.Random, clients: int, requests: int) -> None:
    """Let clients send their requests at once, and check that nothing that was confirmed is lost."""
    client.load(graph())
    mixed = [MixedClient(f"C{i}", client, random.Random(chance.random())) for i in range(clients)]  # noqa: S311
    for each in mixed:
        each.save()
    before = frozen_hashes(engine)
    with ThreadPoolExecutor(clients) as threads:
        for done in [threads.submit(each.send, requests) for each in mixed]:
            done.result()
    assert_unchanged(before, frozen_hashes(engine))
    sent = sum((each.sent for each in mixed), Counter[str]())
    assert set(sent) == {"impact", "force", "save", "copy", "freeze", "get"}
    for each in mixed:
        assert client.get(f"P.own.{each.name}").text("nodeName") == f"{each.name} {each.saved}"
        for node, number in each.written.items():
            assert int(client.get(node).text("nodeVersionNumber") or 0) >= number
    forced = client.update("P", "force")
    assert forced.number == DONE, forced.response.text
    assert client.update("P").rows() == []
    assert_unchanged(before, frozen_hashes(engine))
