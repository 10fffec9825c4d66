"""The generated reference matches the schema files and the code."""

from __future__ import annotations

import re

import pytest

from docs.generator.__main__ import REFERENCE, out_of_date
from tests.support.http import Client, message
from tests.support.solution_store import Store

_ROW = re.compile(r"^\| `(\S+)` \| (.*?) \| (.*?) \|$", re.MULTILINE)


def test_the_reference_is_up_to_date() -> None:
    """`make docs` writes it."""
    assert out_of_date() == []


def test_every_service_has_a_page_with_a_real_request_and_response() -> None:
    pages = [page for page in (REFERENCE / "services").glob("*.md") if page.name != "README.md"]
    assert len(pages) > 20
    assert [page.name for page in pages if page.read_text(encoding="utf-8").count("```xml") != 2] == []


def requested(service: str) -> dict[str, str]:
    """The elements of a request with how often they occur, as the page of a service shows them."""
    page = (REFERENCE / "services" / f"{service}.md").read_text(encoding="utf-8")
    rows = _ROW.findall(page.partition("## Request")[2].partition("## Response")[0])
    return {path: occurs for path, occurs, _ in rows}


SERVICES = sorted(page.stem for page in (REFERENCE / "services").glob("*.md") if page.name != "README.md")


@pytest.mark.parametrize("service", SERVICES)
def test_every_element_has_a_meaning(service: str) -> None:
    rows = _ROW.findall((REFERENCE / "services" / f"{service}.md").read_text(encoding="utf-8"))
    assert rows
    assert [path for path, _, meaning in rows if not meaning.strip()] == []


@pytest.mark.parametrize("service", [service for service in SERVICES if service != "NodeImport"])
def test_an_element_that_a_service_misses_is_shown_as_required(client: Client, service: str) -> None:
    """The test sends an empty request first, and then adds the elements that were missing."""
    shown, given = requested(service), dict[str, str]()
    while missing := missed(client, service, given):
        for name in missing:
            assert name not in given
            assert shown[name].startswith("required"), name
            given[name] = "1"
    if not given:
        assert "required" not in shown.values()


def missed(client: Client, service: str, given: dict[str, str]) -> list[str]:
    reply = client.post(message(service, given))
    faults = (reply.text("errorMessage") or "").splitlines()
    return [name for name, _, rest in (fault.partition(": ") for fault in faults) if rest.startswith("is missing")]


def test_required_elements_of_a_solution_and_an_instance_are_shown_as_required(store: Store) -> None:
    solution = store.published()
    assert store.faults("CreateSolutionInstance", solutionId=solution) == ["owner", "instanceName"]
    shown = requested("CreateSolutionInstance")
    assert [name for name, occurs in shown.items() if occurs == "required" and "/" not in name] == [
        "solutionId",
        "owner",
        "instanceName",
    ]
    slot = "<ConfigSlotList><ConfigSlot><type>ddl</type></ConfigSlot></ConfigSlotList>"
    assert store.faults("SetSolution", slot, title="x") == [
        "ConfigSlotList/ConfigSlot[1]/externalId",
        "ConfigSlotList/ConfigSlot[1]/Ddl",
    ]
    assert requested("SetSolution")["ConfigSlotList/ConfigSlot/externalId"] == "required"
    assert requested("SetSolution")["ConfigSlotList/ConfigSlot/Ddl"] == "required for a slot of type ddl"
