"""The demo's second story, that of "Updating vs Upgrading instances": a release with a new hidden config slot."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from app.commands.demo.stage import Stage, clean, require, root
from app.commands.service import PARTIAL, ServiceClient, element

_NAME = "Slack channel > Trello > Dropbox Project"
_USERS = ("Ann", "Bob", "Cem")
_INSTANCES_EACH = 2
_EMAIL = "external_support-email"

_QUERY = """\
query {
  viewer {
    solutionInstances (criteria: {
      owner: "%s"
    }) {
      edges {
        node {
          id
          name
          enabled
          created
          solutionVersionFlags {
            hasNewerVersion
            requiresUserInputToUpdateVersion
            requiresSystemInputToUpdateVersion
          }
          solution {
            id
          }
        }
      }
    }
  }
}"""
_UPGRADE = """\
mutation {
  upgradeSolutionInstance (input: {
    solutionInstanceId: "%s",
    configValues: [{ externalId: "external_support-email", value: "\\"support@example.com\\"" }]
  })
  {
    solutionInstance {
      id
    }
  }
}"""


@dataclass(frozen=True)
class _Flagged:
    """An instance in a response to the query. `flags` are the names of the flags that are true."""

    instance_id: str
    flags: tuple[str, ...]


def tell_of_instances(stage: Stage, service: ServiceClient, master_token: str) -> None:
    """Publish a release, look at the flags, upgrade one instance alone and the others at once, and look again.

    Raises ClickException if a result is not as expected.
    """
    _Story(stage, service, master_token).tell()


@dataclass(frozen=True)
class _Story:
    stage: Stage
    service: ServiceClient
    master_token: str

    def tell(self) -> None:
        solution, owners = self._first_release()
        self._next_release(solution)
        ann = owners["Ann"]
        instances = self._flags_of(ann)
        self._upgrade_one(instances[0])
        self._bulk_impact(solution)
        self._bulk_force(solution)
        self._flags_again(owners)

    def _first_release(self) -> tuple[str, dict[str, str]]:
        self.stage.part("6. A solution, its first release, and end users with their instances")
        channel = element("ConfigSlot", externalId="external_channel", title="Channel")
        solution = self._done("SetSolution", element("ConfigSlotList", channel), title=_NAME).findtext("solutionId")
        self._done("PublishSolutionRelease", solutionId=solution)
        value = element("ConfigValueList", element("ConfigValue", externalId="external_channel", value='"#help"'))
        owners = {}
        for name in _USERS:
            user = self._done("CreateExternalUser", name=name, externalUserId=name.lower()).findtext("userId")
            owners[name] = user or ""
            for _ in range(_INSTANCES_EACH):
                self._done("CreateSolutionInstance", value, solutionId=solution, owner=user, instanceName=_NAME)
        made = f"{_INSTANCES_EACH * len(_USERS)} instances of {', '.join(_USERS)}"
        self.stage.say(f"Release 1 of {_NAME!r} is published; {made} are on it.")
        return solution or "", owners

    def _next_release(self, solution: str) -> None:
        self.stage.part(f"7. Release 2 has one more config slot, {_EMAIL}, which end users do not see")
        slots = element(
            "ConfigSlotList",
            element("ConfigSlot", externalId="external_channel", title="Channel"),
            element("ConfigSlot", externalId=_EMAIL, title="Support address", hidden=True),
        )
        self._done("SetSolution", slots, solutionId=solution)
        published = self._done("PublishSolutionRelease", solutionId=solution, releaseNotes="Answers by e-mail.")
        etree.indent(published)
        self.stage.say(etree.tostring(published, encoding="unicode"))
        require(published.findtext("notice") == "upgrade", "the release should need an upgrade")

    def _flags_of(self, owner: str) -> list[_Flagged]:
        self.stage.part("8. What do the instances of Ann need? A query in GraphQL, with a master token")
        query = _QUERY % owner
        self.stage.say(f"{query}\n")
        response = self.service.query(query, self.master_token)
        self.stage.say(json.dumps(response, indent=2))
        instances = list(_flagged(response))
        asked = ("hasNewerVersion", "requiresSystemInputToUpdateVersion")
        require([its.flags for its in instances] == [asked] * _INSTANCES_EACH, "the flags are not as expected")
        return instances

    def _upgrade_one(self, instance: _Flagged) -> None:
        self.stage.part("9. Upgrade one of them with the value: the slot is hidden, so it takes a master token")
        mutation = _UPGRADE % instance.instance_id
        self.stage.say(f"{mutation}\n")
        upgraded = self.service.query(mutation, self.master_token)
        self.stage.say(json.dumps(upgraded, indent=2))
        expected = {"data": {"upgradeSolutionInstance": {"solutionInstance": {"id": instance.instance_id}}}}
        require(upgraded == expected, "the instance could not be upgraded")

    def _bulk_impact(self, solution: str) -> None:
        self.stage.part("10. And all the others? UpdateSolutionInstances with action impact")
        bypassed = self._done("UpdateSolutionInstances", number=PARTIAL, solutionId=solution)
        self._table(bypassed)
        self.stage.say("\nNothing would move without a value. With one in ConfigValueList:\n")
        listed = self._done("UpdateSolutionInstances", _values(), solutionId=solution)
        self._table(listed)
        left = _INSTANCES_EACH * len(_USERS) - 1
        require(_kinds(bypassed) == ["warning"] * left, "the impact without a value is not as expected")
        require(_kinds(listed) == ["upgrade"] * left, "the impact is not as expected")

    def _bulk_force(self, solution: str) -> None:
        self.stage.part("11. Action force: one row and one commit for each instance")
        done = self._done("UpdateSolutionInstances", _values(), solutionId=solution, action="force")
        self._table(done)
        require(_kinds(done) == ["upgrade"] * (_INSTANCES_EACH * len(_USERS) - 1), "the force did not do the same")

    def _flags_again(self, owners: dict[str, str]) -> None:
        self.stage.part("12. The query once more: no instance needs input")
        rows = []
        for name, owner in owners.items():
            for its in _flagged(self.service.query(_QUERY % owner, self.master_token)):
                rows.append((its.instance_id, name, ", ".join(its.flags) or "none"))
        self.stage.table(("instance", "owner", "flags"), rows)
        require(len(rows) == _INSTANCES_EACH * len(_USERS), "instances are missing")
        require(all(row[2] == "none" for row in rows), "the flags are not clean")

    def _done(self, service: str, /, *content: etree._Element, number: int = 0, **fields: object) -> etree._Element:
        """Send a request, and return the response if it has this error number."""
        with self.service.post(etree.tostring(element(service, *content, **fields))) as reply:
            return root(clean(reply, number))

    def _table(self, response: etree._Element) -> None:
        rows = [
            (
                update.findtext("solutionInstanceId") or "",
                f"{update.findtext('releaseNumberFrom')} -> {update.findtext('releaseNumberTo')}",
                update.findtext("updateType") or "",
                update.findtext("errorMessage") or "",
            )
            for update in response.iterfind("UpdateList/Update")
        ]
        self.stage.table(("instance", "release", "update", ""), rows)


def _values() -> etree._Element:
    return element("ConfigValueList", element("ConfigValue", externalId=_EMAIL, value='"support@example.com"'))


def _kinds(response: etree._Element) -> list[str]:
    return [kind.text or "" for kind in response.iterfind("UpdateList/Update/updateType")]


def _flagged(response: dict[str, object]) -> Iterator[_Flagged]:
    match response:
        case {"data": {"viewer": {"solutionInstances": {"edges": list(edges)}}}}:
            for edge in edges:
                flags = edge["node"]["solutionVersionFlags"]
                yield _Flagged(edge["node"]["id"], tuple(name for name, value in flags.items() if value))
