"""Every service, called by all users in random worlds, returns what the oracle allows and nothing else."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.application import create_app
from app.services.registry import SERVICES
from app.settings import Settings
from tests.access import oracle
from tests.access.calls import ABOUT_SOLUTIONS, CALLS, OFTEN, Call, Session
from tests.access.oracle import Node, World
from tests.access.worlds import EVERYBODY, GROUPS, MISSING, REFERENCES, load, version_name, worlds
from tests.conftest import FreshDatabase
from tests.support.databases import engine_on
from tests.support.examples import EXAMPLES
from tests.support.http import ADMIN, Client, Reply, message

WORLDS = max(2, EXAMPLES // 8)
WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*")


def test_the_oracle_knows_every_service() -> None:
    assert set(CALLS) == set(SERVICES)


def test_a_disabled_administrator_may_do_nothing(fresh_database: FreshDatabase) -> None:
    world = World({reference: Node(ADMIN, 1, draft=False) for reference in REFERENCES}, frozenset())
    with fresh_database(False, connected=True) as url, engine_on(url) as engine:
        client = Client(create_app(Settings(), engine), ADMIN)
        session = Session(client, world, load(engine, client, world))
        administer_all = message(
            "CreatePermission", {"permissionTypeReference": "administer-all", "userGroupReference": "bob"}
        )
        assert client.post(administer_all).number == 0
        call = Call("", "bob", "P.a", "X", "carl", "read", flag=False)
        assert session.post(call, "GetNode", nodeVersionReference="P.a").number == 0
        assert (
            client.post(message("UpdateUserStatus", {"userLogonReferenceUpdate": "bob", "action": "disable"})).number
            == 0
        )
        for service, ask in CALLS.items():
            reply, _ = ask(session, call)
            assert reply.number == 101, service
            assert not set(world.nodes) & set(WORD.findall(reply.response.text)) - {"P.a", "P", "X"}


@pytest.fixture
def counted(figures: Callable[[str], None]) -> Iterator[Counter[str]]:
    """Counts the calls and their results, for the figures."""
    found: Counter[str] = Counter()
    yield found
    figures(f"{found['calls']} calls in {found['worlds']} stores with users and permissions")


@pytest.mark.ledger("PRO-8")
@given(
    world=worlds(),
    calls=st.lists(
        st.builds(
            Call,
            st.sampled_from([*OFTEN, *OFTEN, *OFTEN, *ABOUT_SOLUTIONS]),
            st.sampled_from(EVERYBODY),
            st.sampled_from([*REFERENCES, *REFERENCES, *MISSING]),
            st.sampled_from([*REFERENCES, *REFERENCES, *MISSING]),
            st.sampled_from(GROUPS),
            st.sampled_from(sorted(oracle.GIVES)),
            st.booleans(),
        ),
        min_size=20,
        max_size=60,
    ),
)
@settings(max_examples=WORLDS, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_response_is_one_that_the_oracle_allows(
    fresh_database: FreshDatabase, counted: Counter[str], world: World, calls: list[Call]
) -> None:
    counted["worlds"] += 1
    with fresh_database(False, connected=True) as url, engine_on(url) as engine:
        client = Client(create_app(Settings(), engine), ADMIN)
        session = Session(client, world, load(engine, client, world))
        for call in [*sweep(world), *calls]:
            counted["calls"] += 1
            before = session.world
            reply, expected = CALLS[call.service](session, call)
            assert reply.number in expected, f"{call}: {expected} and not {reply.response.text}"
            tells_nothing_unreadable(before, call, reply)
            if session.over:
                break


def sweep(world: World) -> Iterator[Call]:
    """Calls that change nothing, for every node by some users: calls that only read, and calls that are refused."""
    for user in ("ann", "bob", None):
        for node in REFERENCES:
            for service in ("GetNode", "UpdateNodeVersions", "FreezeNode", "GetPermissionList"):
                yield Call(service, user, node, node, "public", "read", flag=service != "GetPermissionList")
            other = next(iter(world.nodes[node].targets), "X")
            yield Call("ChangeNodeType", user, node, other, "public", "read", flag=False)
            yield Call("SetNode", user, node, other, "public", "link", flag=False)
            if oracle.create(world, user, "P.none", other):
                yield Call("SetNode", user, "P.none", other, "public", "read", flag=True)
            yield Call("NodeImport", user, node, other, "public", "read", flag=False)
            for to in ("P.none", other):
                if oracle.copy(world, user, node, to):
                    yield Call("CopyNode", user, node, to, "public", "read", flag=False)
            if oracle.give(world, user, "node-read", "carl", node):
                yield Call("CreatePermission", user, node, node, "carl", "read", flag=False)


def tells_nothing_unreadable(world: World, call: Call, reply: Reply) -> None:
    shown = set(WORD.findall(reply.response.text))
    sent = {call.node, call.other}
    if call.service == "SetNode" and call.node in world.nodes and world.nodes[call.node].typed:
        sent.add(oracle.MEMBER_TYPE)
    sent |= {reference.rpartition(".")[0] for reference in sent}
    for reference, node in world.nodes.items():
        readable = world.may(call.user, "read", reference)
        assert readable or reference in sent or reference not in shown, f"{call} tells {reference}"
        for number in range(1, node.latest + 1):
            is_draft = number > node.frozen
            known = readable and (not is_draft or world.may(call.user, "use-draft", reference))
            assert known or version_name(reference, number) not in shown, f"{call} tells a name of {reference}.{number}"
