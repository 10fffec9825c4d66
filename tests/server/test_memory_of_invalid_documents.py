"""A web process does not keep the memory that invalid documents took, whatever is wrong with them."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

import pytest

from tests.support.processes import resident
from tests.support.raw import BASIC, exchange, request
from tests.support.real_service import Service

WARM_UP = 3
DOCUMENTS = 12
# A name that is kept takes some 40 bytes: 15,000 of them in each of twelve documents are 7 MiB.
MOST_GROWTH_MIB = 5

_numbers = count()


def imported(nodes: str) -> str:
    return f"<NodeImport><NodeList>{nodes}</NodeList></NodeImport>"


def node(content: str) -> str:
    version = f"<Version><nodeVersionNumber>1</nodeVersionNumber>{content}</Version>"
    return imported(f"<Node><nodeReference>I.A</nodeReference><VersionList>{version}</VersionList></Node>")


def names(amount: int) -> str:
    """Elements with names that no other document has."""
    return "".join(f"<x{next(_numbers)}/>" for _ in range(amount))


def attributes(amount: int) -> str:
    """Attributes with names that no other document has."""
    return " ".join(f"a{next(_numbers)}='1'" for _ in range(amount))


def namespaces(amount: int) -> str:
    """Elements in namespaces that no other document has."""
    return "".join(f"<x xmlns='urn:{next(_numbers)}'/>" for _ in range(amount))


KINDS: dict[str, Callable[[], str]] = {
    "elements of an import": lambda: imported(f"<Node>{'<x/>' * 500_000}</Node>"),
    "names in an import": lambda: imported(f"<Node>{names(60_000)}</Node>"),
    "names between the nodes": lambda: imported(names(60_000)),
    "names around the nodes": lambda: f"<NodeImport>{names(60_000)}</NodeImport>",
    "members": lambda: node(f"<MemberList>{'<Member/>' * 150_000}</MemberList>"),
    "attributes of members": lambda: node("<MemberList>" + "<Member a='1'/>" * 100_000 + "</MemberList>"),
    "versions": lambda: imported(f"<Node><VersionList>{'<Version/>' * 150_000}</VersionList></Node>"),
    "attributes of a node": lambda: imported(f"<Node {attributes(80_000)}/>"),
    "values": lambda: node(f"<MemberList><Member><x>{'x' * 2_000_000}</x></Member></MemberList>"),
    "names": lambda: f"<GetNode>{names(15_000)}</GetNode>",
    "many names": lambda: f"<GetNode>{names(60_000)}</GetNode>",
    "names of attributes": lambda: f"<GetNode {attributes(15_000)}/>",
    "namespaces": lambda: (
        "<GetNode>" + "".join(f"<x xmlns='urn:{next(_numbers)}'/>" for _ in range(9_000)) + "</GetNode>"
    ),
    "instructions": lambda: f"<GetNode>{''.join(f'<?x{next(_numbers)}?>' for _ in range(15_000))}<x/></GetNode>",
    "faults": lambda: "<SetSolution><TagList>" + "<tag a='1'/>" * 9_000 + "</TagList></SetSolution>",
    "texts": lambda: f"<GetNode><memberDetailLevel>{'x' * 1_000_000}</memberDetailLevel></GetNode>",
    "depth": lambda: f"<GetNode>{'<x>' * 100_000}",
    "entities": lambda: f"<GetNode>{''.join(f'&e{next(_numbers)};' for _ in range(10_000))}</GetNode>",
}


@pytest.mark.soak
@pytest.mark.ledger("PRO-26")
def test_invalid_documents_leave_nothing_behind(
    patient_service: Service, patient_process: int, figures: Callable[[str], None]
) -> None:
    grown = {}
    for kind, document in KINDS.items():
        for number in range(WARM_UP + DOCUMENTS):
            if number == WARM_UP:
                before = resident(patient_process)
            body = document().encode()
            assert exchange(patient_service.url, request("/service", body, Authorization=BASIC)).status in {400, 413}
        grown[kind] = resident(patient_process) - before
    figures(f"the process grew by at most {max(grown.values())} MiB in {DOCUMENTS} documents of a kind")
    assert {kind: growth for kind, growth in grown.items() if growth > MOST_GROWTH_MIB} == {}
