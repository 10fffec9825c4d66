"""A client for tests. It signs in as a user, and fails on a response that its published schema refuses."""

from __future__ import annotations

import json
import re
from copy import deepcopy
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import groupby
from typing import Any

from flask import Flask
from lxml import etree
from werkzeug.test import TestResponse

from tests.support.builders import Graph
from tests.support.kept_imports import imported
from tests.support.schema_files import SCHEMAS, schema_of_all

ADMIN = "admin"
PASSWORD = "correct horse"  # noqa: S105 - of users that exist in tests alone
SECRET_KEY = "A" * 43 + "="
_DIGITS = re.compile(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9]+")
_TEXT = re.compile(rb"(?<=>)[^<]+")
_WORD = re.compile(rb"[A-Za-z][A-Za-z0]*")
_SENTENCE = re.compile(rb"(?<=>)[^< ]+(?: [^< ]*){3,}")
_LONG = 10_000
"""The form of a longer response is not looked for: equal entries take time that grows with the square of the length."""
_REPEATED = re.compile(rb"(<(\w+)>[^\n]*?</\2>)\1+")
_accepted: set[int] = set()
"""The forms of responses, and their parts, that xmlschema has accepted, as hashes."""


@dataclass(frozen=True)
class Reply:
    """A response: HTTP status, error number, and its tree."""

    response: TestResponse
    tree: etree._Element

    @property
    def status(self) -> int:
        return self.response.status_code

    @property
    def number(self) -> int:
        return int(self.text("errorNumber") or "-1")

    def text(self, path: str) -> str | None:
        """Return the text of the first element at a path, or None if there is no such element."""
        return self.tree.findtext(path)

    def updates(self) -> list[dict[str, str]]:
        """The `Update` elements: the text of each child that has one, and `members` as short texts."""
        return [_update(element) for element in self.tree.iterfind("UpdateList/Update")]

    def rows(self) -> list[str]:
        """The `Update` elements in short: `P.A.1 version type P.T.2: change P.m.1 -> P.B.2`."""
        return [_row(update) for update in self.updates()]

    def members(self) -> list[str]:
        """Return the members of a GetNode response in short: `P.m.1 = value * scale -> P.B.2 (comment)`."""
        return [_shown_member(member) for member in self.tree.iterfind("MemberList/Member")]


@dataclass(frozen=True)
class Client:
    """Posts requests as one user, or without credentials if `user` is None."""

    app: Flask
    user: str | None = ADMIN

    def post(self, body: str | bytes, path: str = "/service", **options: object) -> Reply:
        """POST an XML request and check the response against its schema, by libxml2 and by xmlschema."""
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

    def load(self, graph: Graph) -> Reply:
        """Import a graph, which must succeed."""
        document = graph.xml()
        if self.user != ADMIN:
            return self._done(document)
        return imported(self.app.extensions["relink"].engine, document, lambda: self._done(document))

    def get(self, reference: str) -> Reply:
        """Read a version, which must exist."""
        return self._done(message("GetNode", {"nodeVersionReference": reference}))

    def freeze(self, reference: str) -> Reply:
        """Freeze a draft with all that it depends on, which must succeed."""
        return self._done(message("FreezeNode", {"nodeReference": reference, "action": "force"}))

    def copy(self, version: str, to: str) -> Reply:
        """Copy a version to a reference, which must succeed."""
        return self._done(message("CopyNode", {"nodeVersionReferenceFrom": version, "nodeReferenceTo": to}))

    def _done(self, body: str) -> Reply:
        reply = self.post(body)
        assert reply.number == 0, reply.response.text
        return reply


def message(name: str, elements: dict[str, str]) -> str:
    """A request with simple elements."""
    root = etree.Element(name)
    for element, text in elements.items():
        etree.SubElement(root, element).text = text
    return etree.tostring(root, encoding="unicode")


def checked(response: TestResponse) -> Reply:
    """The reply in a response, which must be valid against its published schema for both libraries."""
    assert response.content_type == "application/xml; charset=utf-8", response.text
    tree = etree.fromstring(response.data)
    name = str(tree.tag)
    _libxml2(name).assertValid(tree)
    _second_opinion(name, tree, response.data)
    number = tree.findtext("errorNumber")
    assert response.headers["Relink-Error-Number"] == number
    assert response.headers["X-Request-Id"]
    return Reply(response, tree)


def assert_json_failure(response: TestResponse, status: int, number: int, *words: str) -> dict[str, Any]:
    """A failure of an endpoint that returns JSON. It says how to sign in."""
    assert (response.status_code, response.content_type) == (status, "application/json"), response.text
    failure: dict[str, Any] = json.loads(response.data)
    assert next(iter(failure.items())) == ("errorNumber", number)
    assert response.headers["Relink-Error-Number"] == str(number)
    assert response.headers["X-Request-Id"]
    assert response.headers.get("WWW-Authenticate") == ('Basic realm="Relink"' if status == 401 else None)
    for word in words:
        assert word in failure["errorDescription"]
    return failure


def _update(element: etree._Element) -> dict[str, str]:
    row = {str(child.tag): child.text or "" for child in element if len(child) == 0}
    row.pop("MemberUpdateList", None)
    members = [_member(member) for member in element.iterfind("MemberUpdateList/MemberUpdate")]
    if members:
        row["members"] = ", ".join(members)
    return row


def _row(update: dict[str, str]) -> str:
    new_type = ""
    if update.get("typeUpdateType") == "change":
        new_type = f" type {update['nodeReferenceType']}.{update['nodeVersionNumberType']}"
    detail = update.get("members") or update.get("errorMessage")
    return (
        f"{update['nodeReference']}.{update['nodeVersionNumber']} {update['updateType']}{new_type}"
        f"{f': {detail}' if detail else ''}"
    )


def _shown_member(element: etree._Element) -> str:
    shown = element.findtext("nodeVersionReferenceMemberType") or ""
    for sign, name in (("=", "nodeMemberValue"), ("*", "nodeMemberScale"), ("->", "nodeVersionReferenceTarget")):
        if (text := element.findtext(name)) is not None:
            shown += f" {sign} {text}"
    comment = element.findtext("nodeMemberComment")
    return shown if comment is None else f"{shown} ({comment})"


def _member(element: etree._Element) -> str:
    """`change P.m.1 -> P.B.2` or `remove P.m.1`."""
    member_type = f"{element.findtext('nodeReferenceMemberType')}.{element.findtext('nodeVersionNumberMemberType')}"
    kind = element.findtext("memberUpdateType")
    target = element.findtext("nodeReferenceTarget")
    moved = f" -> {target}.{element.findtext('nodeVersionNumberTarget')}" if target else ""
    return f"{kind} {member_type}{moved}"


def _second_opinion(name: str, tree: etree._Element, data: bytes) -> None:
    """Validate a response by xmlschema, unless it has accepted responses with all the parts of this one.

    A schema checks each element by its place, its attributes and its text, and by the sequence of its children, so
    a response of known parts is valid. libxml2 has validated each response as it is.
    """
    form = hash((name, _form(data)))
    if form in _accepted:
        return
    short = deepcopy(tree)
    parts = _shorten(short, "")
    if not parts <= _accepted:
        schema_of_all("responses").validate(etree.ElementTree(short))
        _accepted.update(parts)
    _accepted.add(form)


def _form(data: bytes) -> bytes:
    """Return the form of a response: without its letters, digits and sentences, and the number of equal entries."""
    if len(data) > _LONG:
        return data
    sentences = _SENTENCE.sub(b"a a", _DIGITS.sub(b"0", data))
    text = _TEXT.sub(lambda found: _WORD.sub(b"a", found[0]), sentences)
    return _REPEATED.sub(rb"\1", text)


def _form_of_text(text: str) -> bytes:
    return _form_of_short_text(text) if len(text) < _LONG else text.encode()


@lru_cache(10_000)
def _form_of_short_text(text: str) -> bytes:
    """Return the form of a text. It is cached, because most texts occur in many responses."""
    return _form(f">{text}".encode())


def _shorten(element: etree._Element, above: str) -> set[int]:
    """Remove the entries of lists that have no part of their own, and return all parts.

    A part is the hash of the path of an element, its attributes, the form of its text, and the tags of its children.
    """
    path = f"{above}/{element.tag}"
    tags = tuple(tag for tag, _ in groupby(str(child.tag) for child in element))
    parts = {hash((path, tuple(element.attrib), _form_of_text(element.text or ""), tags))}
    for _, entries in groupby(list(element), key=lambda child: child.tag):
        seen: set[int] = set()
        for entry in entries:
            found = _shorten(entry, path)
            if found <= seen:
                element.remove(entry)
            seen |= found
        parts |= seen
    return parts


@cache
def _libxml2(name: str) -> etree.XMLSchema:
    return etree.XMLSchema(file=str(SCHEMAS / "responses" / f"{name}.xsd"))
