"""A client for tests: it signs in as somebody, and takes no answer that its published schema refuses."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import xmlschema
from flask import Flask
from lxml import etree
from werkzeug.test import TestResponse

SCHEMAS = Path(__file__).parent.parent / "schemas"
ADMIN = "admin"
PASSWORD = "correct horse"  # noqa: S105 - of users that exist in tests alone


@dataclass(frozen=True)
class Reply:
    """An answer: HTTP status, error number, and its tree."""

    response: TestResponse
    tree: etree._Element

    @property
    def status(self) -> int:
        return self.response.status_code

    @property
    def number(self) -> int:
        return int(self.text("errorNumber") or "-1")

    def text(self, path: str) -> str | None:
        """The text of the first element at a path; None where there is none."""
        return self.tree.findtext(path)

    def updates(self) -> list[dict[str, str]]:
        """The `Update` elements: the text of each child that has one, and `members` as short texts."""
        return [_update(element) for element in self.tree.iterfind("UpdateList/Update")]


@dataclass(frozen=True)
class Client:
    """Posts requests as one user; with `user` None as nobody."""

    app: Flask
    user: str | None = ADMIN

    def post(self, body: str | bytes, path: str = "/service", **options: object) -> Reply:
        """POST an XML request and check the answer against its schema, by libxml2 and by xmlschema."""
        auth = None if self.user is None else (self.user, PASSWORD)
        arguments: dict[str, object] = {"content_type": "application/xml", "auth": auth, **options}
        response = self.app.test_client().post(path, data=body, **arguments)
        return checked(response)

    def as_user(self, user: str | None) -> Client:
        return Client(self.app, user)

    def update(self, reference: str, action: str = "impact", content: bool = True, **elements: str) -> Reply:
        """UpdateNodeVersions of a context node."""
        given = {
            "nodeReference": reference,
            "action": action,
            "updateContentIndicator": str(content).lower(),
            **elements,
        }
        return self.post(message("UpdateNodeVersions", given))


def message(name: str, elements: dict[str, str]) -> str:
    """A request with simple elements."""
    root = etree.Element(name)
    for element, text in elements.items():
        etree.SubElement(root, element).text = text
    return etree.tostring(root, encoding="unicode")


def checked(response: TestResponse) -> Reply:
    """The reply of a response, which both libraries find valid against its published schema."""
    assert response.content_type == "application/xml; charset=utf-8", response.text
    tree = etree.fromstring(response.data)
    name = str(tree.tag)
    _libxml2(name).assertValid(tree)
    _xmlschema(name).validate(etree.ElementTree(tree))
    number = tree.findtext("errorNumber")
    assert response.headers["Relink-Error-Number"] == number
    assert response.headers["X-Request-Id"]
    return Reply(response, tree)


def _update(element: etree._Element) -> dict[str, str]:
    row = {str(child.tag): child.text or "" for child in element if len(child) == 0}
    row.pop("MemberUpdateList", None)
    members = [_member(member) for member in element.iterfind("MemberUpdateList/MemberUpdate")]
    if members:
        row["members"] = ", ".join(members)
    return row


def _member(element: etree._Element) -> str:
    """`change P.m.1 -> P.B.2` or `remove P.m.1`."""
    member_type = f"{element.findtext('nodeReferenceMemberType')}.{element.findtext('nodeVersionNumberMemberType')}"
    kind = element.findtext("memberUpdateType")
    target = element.findtext("nodeReferenceTarget")
    moved = f" -> {target}.{element.findtext('nodeVersionNumberTarget')}" if target else ""
    return f"{kind} {member_type}{moved}"


@cache
def _libxml2(name: str) -> etree.XMLSchema:
    return etree.XMLSchema(file=str(SCHEMAS / "responses" / f"{name}.xsd"))


@cache
def _xmlschema(name: str) -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(str(SCHEMAS / "responses" / f"{name}.xsd"), allow="local")
