"""The request of UpdateNodeVersions that a page makes: as a form, as elements, and as lines for a shell."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from app.errors import UserError, invalid
from app.text import collapsed
from app.updates.options import Options, SourceScope

SERVICE: Final = "UpdateNodeVersions"
NEW: Final = "/console/updates/new"
SCOPES: Final = (
    (SourceScope.NODE.value, "the latest versions in this node and its content"),
    (SourceScope.CURRENT.value, "the highest frozen versions of the source"),
    (SourceScope.LATEST.value, "the latest versions of the source, drafts too"),
    (SourceScope.MANIFEST.value, "the versions that a manifest lists"),
)
_LONGEST = 2000


@dataclass(frozen=True)
class UpdateRequest:
    """What an update is to do, as its form has it."""

    node: str
    content: bool = True
    always: bool = False
    scope: SourceScope = SourceScope.NODE
    source: str = ""

    @classmethod
    def of(cls, given: Mapping[str, str]) -> UpdateRequest:
        """Return the request in the fields of a form. The content is included unless the form says otherwise.

        Raises UserError (105) about `scope`.
        """
        scope = given.get("scope") or SourceScope.NODE.value
        if scope not in set(SourceScope):
            raise UserError(invalid("scope", "is not one of " + ", ".join(SourceScope)))
        return cls(
            collapsed(given.get("node", ""))[:_LONGEST],
            given.get("content", "true") == "true",
            given.get("always") == "true",
            SourceScope(scope),
            collapsed(given.get("source", ""))[:_LONGEST],
        )

    @classmethod
    def of_run(cls, node: str, options: Mapping[str, object]) -> UpdateRequest:
        """Return the request that a run was, from the options in its record."""
        return cls(
            node,
            options.get("update_content") is True,
            options.get("always_create_new_version") is True,
            SourceScope(str(options.get("source_scope") or SourceScope.NODE)),
            str(options.get("source_reference") or ""),
        )

    @property
    def options(self) -> Options:
        """The options in the words of the domain."""
        return Options(self.content, self.always, self.scope, self.source or None)

    @property
    def fields(self) -> dict[str, str]:
        """The fields of the form that make this request, without those that have their usual values."""
        given = {
            "node": self.node,
            "content": "" if self.content else "false",
            "always": "true" if self.always else "",
            "scope": "" if self.scope is SourceScope.NODE else self.scope.value,
            "source": self.source,
        }
        return {name: text for name, text in given.items() if text}

    @property
    def elements(self) -> dict[str, str]:
        """The elements of the request for the service."""
        given = {
            "nodeReference": self.node,
            "updateContentIndicator": "true" if self.content else "false",
            "alwaysCreateNewVersionIndicator": "true" if self.always else "",
            "sourceScope": "" if self.scope is SourceScope.NODE else self.scope.value,
            "sourceReference": self.source,
        }
        return {name: text for name, text in given.items() if text}

    def address(self, page: str = NEW, **more: str) -> str:
        """Return the address of a page with this request."""
        return f"{page}?{urlencode({**self.fields, **{name: text for name, text in more.items() if text}})}"

    def curl(self, host: str, user: str, plan: str) -> str:
        """Return the command with curl that does exactly the plan."""
        fields = " ".join(
            f"--data-urlencode {shlex.quote(f'{name}={text}')}"
            for name, text in {**self.elements, "action": "force"}.items()
        )
        header = shlex.quote(f'If-Match: "{plan}"')
        match = f"-H {header} " if plan else ""
        return f"curl --user {shlex.quote(user)} {match}{fields} {shlex.quote(f'{host}service/{SERVICE}')}"

    def command(self, host: str, user: str, plan: str) -> str:
        """Return the command with `relink` that does exactly the plan."""
        words = ["relink", "force", self.node]
        words += [] if self.content else ["--no-content"]
        words += ["--always"] if self.always else []
        words += [] if self.scope is SourceScope.NODE else ["--scope", self.scope.value]
        words += ["--source", self.source] if self.source else []
        words += ["--if-match", plan] if plan else []
        return shlex.join([*words, "--url", host.rstrip("/"), "--user", user])
