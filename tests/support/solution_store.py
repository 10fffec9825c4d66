"""Solutions for tests, made and read through the XML services."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import count
from xml.sax.saxutils import escape

from lxml import etree

from tests.support.http import Client, Reply

_numbers = count(1)

DATA = '{"access_token": "xoxb-very-secret"}'
SLACK = {"service": "slack", "serviceVersion": "2.0", "serviceEnvironment": "production"}


def element(tag: str, /, *content: str, **fields: str | int | bool | None) -> str:
    """An element with a text for each field, then parts that are XML already. A field of None is left out."""
    texts = (leaf(field, text) for field, text in fields.items() if text is not None)
    return f"<{tag}>{''.join(texts)}{''.join(content)}</{tag}>"


def leaf(name: str, text: str | int | bool) -> str:
    """An element with a text."""
    return f"<{name}>{escape(str(text).lower() if isinstance(text, bool) else str(text))}</{name}>"


def leaves(list_name: str, name: str, texts: Iterable[str]) -> str:
    """A list of texts."""
    return element(list_name, *(leaf(name, text) for text in texts))


def config_slot(external_id: str, *content: str, **fields: str | int | bool | None) -> str:
    return element("ConfigSlot", *content, externalId=external_id, **fields)


def auth_slot(external_id: str, scopes: Iterable[str] = (), **fields: str | int | bool | None) -> str:
    """An auth slot for Slack, unless it says otherwise."""
    return element("AuthSlot", leaves("ScopeList", "scope", scopes), externalId=external_id, **{**SLACK, **fields})


def ddl(**fields: str) -> str:
    """The source of a drop-down list."""
    given = {"connector": "slack", "connectorVersion": "2.0", "operation": "list_channels", **fields}
    return element("Ddl", **given)


def workflow(source: str, **fields: str | int | bool | None) -> str:
    return element("Workflow", sourceWorkflowId=source, **fields)


def screen(title: str, *external_ids: str, **fields: str) -> str:
    """A screen with slots."""
    return element("Screen", leaves("SlotList", "externalId", external_ids), title=title, **fields)


def slots(*, auth: Iterable[str] = (), config: Iterable[str] = (), workflows: Iterable[str] = ()) -> tuple[str, ...]:
    """The lists of a SetSolution request; those without items are emptied."""
    return (
        element("AuthSlotList", *(auth or ["<AuthSlot/>"])),
        element("ConfigSlotList", *(config or ["<ConfigSlot/>"])),
        element("WorkflowList", *(workflows or ["<Workflow/>"])),
    )


def values(config: Mapping[str, str] | None = None, auth: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """The value lists of a request for an instance; one that is None is left out."""
    lists = []
    if config is not None:
        given = (element("ConfigValue", externalId=name, value=value) for name, value in config.items())
        lists.append(element("ConfigValueList", *given))
    if auth is not None:
        given = (element("AuthValue", externalId=name, authId=value) for name, value in auth.items())
        lists.append(element("AuthValueList", *given))
    return tuple(lists)


@dataclass(frozen=True)
class Shown:
    """An instance in a response. `flags` are the letters N, U and S of those that are true."""

    id: str
    name: str
    enabled: bool
    held: bool
    release: int
    flags: str
    config: dict[str, str]
    auth: dict[str, str]
    pending: list[str]


@dataclass(frozen=True)
class Store:
    """Sends requests that must succeed, except with `reply_to` and `faults`."""

    client: Client

    def reply_to(self, service: str, /, *content: str, **fields: str | int | bool | None) -> Reply:
        return self.client.post(element(service, *content, **fields))

    def done(self, service: str, /, *content: str, **fields: str | int | bool | None) -> Reply:
        reply = self.reply_to(service, *content, **fields)
        assert reply.number == 0, reply.response.text
        return reply

    def faults(self, service: str, /, *content: str, **fields: str | int | bool | None) -> list[str]:
        """Return the invalid fields of a request that gets 105."""
        reply = self.reply_to(service, *content, **fields)
        assert (reply.status, reply.number) == (200, 105), reply.response.text
        return (reply.text("errorFields") or "").split("\n")

    def set(self, *content: str, solution: str | None = None, **fields: str | int | bool | None) -> str:
        """SetSolution: a new solution has a title."""
        title = {"title": "Support"} if solution is None else {}
        return self.done("SetSolution", *content, solutionId=solution, **{**title, **fields}).text("solutionId") or ""

    def publish(self, solution: str, **fields: str) -> Reply:
        return self.done("PublishSolutionRelease", solutionId=solution, **fields)

    def published(self, *, config: Iterable[str] = (), auth: Iterable[str] = (), workflows: Iterable[str] = ()) -> str:
        """A new solution with a release."""
        solution = self.set(*slots(config=config, auth=auth, workflows=workflows))
        self.publish(solution)
        return solution

    def republish(
        self, solution: str, *, config: Iterable[str] = (), auth: Iterable[str] = (), workflows: Iterable[str] = ()
    ) -> Reply:
        """Change the draft and publish it."""
        self.set(*slots(config=config, auth=auth, workflows=workflows), solution=solution)
        return self.publish(solution)

    def user(self, name: str = "Ann") -> str:
        reply = self.done("CreateExternalUser", name=name, externalUserId=f"{name}-{next(_numbers)}")
        return reply.text("userId") or ""

    def authentication(
        self, owner: str | None, scopes: Iterable[str] = (), data: str = DATA, **fields: str | None
    ) -> str:
        """An authentication for Slack, unless it says otherwise."""
        scope_list = leaves("ScopeList", "scope", scopes)
        given = {"name": "Slack", "owner": owner, "data": data, **SLACK, **fields}
        return self.done("SetAuthentication", scope_list, **given).text("authenticationId") or ""

    def instance(
        self,
        solution: str,
        owner: str | None = None,
        name: str = "Mine",
        config: Mapping[str, str] | None = None,
        auth: Mapping[str, str] | None = None,
    ) -> str:
        fields = {"solutionId": solution, "owner": owner or self.user(), "instanceName": name}
        reply = self.done("CreateSolutionInstance", *values(config, auth), **fields)
        return reply.text("SolutionInstance/solutionInstanceId") or ""

    def update(
        self,
        instance: str,
        *,
        config: Mapping[str, str] | None = None,
        auth: Mapping[str, str] | None = None,
        **fields: str | bool,
    ) -> Shown:
        given = values(config, auth)
        return shown(self.done("UpdateSolutionInstance", *given, solutionInstanceId=instance, **fields))[0]

    def upgrade(
        self, instance: str, *, config: Mapping[str, str] | None = None, auth: Mapping[str, str] | None = None
    ) -> Shown:
        return shown(self.done("UpgradeSolutionInstance", *values(config, auth), solutionInstanceId=instance))[0]

    def get(self, instance: str) -> Shown:
        (found,) = shown(self.done("GetSolutionInstances", solutionInstanceId=instance))
        return found

    def find(self, **fields: str | int | bool) -> list[str]:
        """Return the names of the instances that GetSolutionInstances returns."""
        return [instance.name for instance in shown(self.done("GetSolutionInstances", **fields))]


def shown(reply: Reply) -> list[Shown]:
    """Return the instances in a response."""
    return [_shown(found) for found in reply.tree.iter("SolutionInstance")]


def changes(reply: Reply) -> list[str]:
    """The changes in a response: `config x CreatedMandatorySlot`, with `!` if breaking, and `hidden` if hidden."""
    return [_change(change) for change in reply.tree.iterfind("SlotChangeList/SlotChange")]


def _change(change: etree._Element) -> str:
    kind, name, code = (change.findtext(field) for field in ("slotKind", "externalId", "code"))
    breaking = "!" if change.findtext("breakingChange") == "true" else ""
    hidden = " hidden" if change.findtext("hidden") == "true" else ""
    return f"{kind} {name} {code}{breaking}{hidden}"


def _shown(found: etree._Element) -> Shown:
    flags = found.find("SolutionVersionFlags")
    assert flags is not None
    return Shown(
        id=found.findtext("solutionInstanceId") or "",
        name=found.findtext("name") or "",
        enabled=found.findtext("enabled") == "true",
        held=found.findtext("held") == "true",
        release=int(found.findtext("releaseNumber") or "0"),
        flags="".join(letter for letter, flag in zip("NUS", flags, strict=True) if flag.text == "true"),
        config=_pairs(found, "ConfigValueList", "value"),
        auth=_pairs(found, "AuthValueList", "authId"),
        pending=[slot.text or "" for slot in found.iterfind("PendingSlotList/externalId")],
    )


def _pairs(found: etree._Element, list_name: str, value: str) -> dict[str, str]:
    return {item.findtext("externalId") or "": item.findtext(value) or "" for item in found.iterfind(f"{list_name}/*")}
