"""What a run was asked to do, in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from app.console.instances.addresses import INSTANCES
from app.console.nodes.addresses import node_url
from app.console.solutions.addresses import solution_url
from app.console.updates.requests import SCOPES
from app.runs.record import Run

_SCOPES = dict(SCOPES)


class Fact(NamedTuple):
    """A fact with its name, and the address of the page about it, if there is one."""

    name: str
    text: str
    address: str = ""


def facts_of(run: Run, solution_title: str | None) -> Iterator[Fact]:
    """Yield the context and the options of a run."""
    if run.solution_identifier is not None:
        title = solution_title or run.solution_identifier
        yield Fact("Solution", title, "" if solution_title is None else solution_url(run.solution_identifier))
    elif run.context_reference:
        yield Fact("Node", run.context_reference, node_url(run.context_reference))
    if run.plan is not None:
        yield Fact("Plan", run.plan)
    for name, value in run.options.items():
        if value not in (None, [], ""):
            yield _option(name, value)


def _option(name: str, value: object) -> Fact:
    match name, value:
        case "update_content", bool(whole):
            return Fact("What is updated", "the node and all its content" if whole else "the node alone")
        case "always_create_new_version", bool(always):
            return Fact("New versions", "of all frozen nodes" if always else "of nodes that need them")
        case "source_scope", str(scope):
            return Fact("Links move to", _SCOPES.get(scope, scope))
        case "source_reference", str(source):
            return Fact("Source", source)
        case "targetReleaseNumber", int(number):
            return Fact("To release", str(number))
        case "percent", int(percent):
            return Fact("Of the instances", f"{percent} %")
        case "owner", str(owner):
            return Fact("Only of end user", owner, f"{INSTANCES}?owner={owner}")
        case "configSlots", list(slots):
            return Fact("Values for", ", ".join(map(str, slots)))
        case _, list(texts):
            return Fact(name.replace("_", " ").capitalize(), ", ".join(map(str, texts)))
        case _:
            text = {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)
            return Fact(name.replace("_", " ").capitalize(), text)
