"""Golden pairs: for each request the response that the documents promise.

`SERVICE/CASE/` holds `import.xml` and further requests `01-name.xml` ... that set a fresh database up, then
`request.xml` with `response.xml`. If the case goes on, it also has `force-request.xml` with `force-response.xml`, then
`again-response.xml` to the first request sent again, then `after-request.xml` with `after-response.xml`. Each request
holds its credentials, so that it can be sent as it is: `curl --data-binary @request.xml`.

Ids of solutions and what belongs to them are random: `{id:1}` stands for the first that a case returns, set-up
included, `{id:2}` for the second, in requests as in responses. `{edition:1}` stands for the first edition of a draft
in the same way. `{time}` stands for any time in a response,
and `{code}` for any authorization code or token.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest
from flask import Flask
from lxml import etree

from app.services.registry import SERVICES
from tests.support.http import Client
from tests.support.layouts import spread

HERE = Path(__file__).parent
CASES = sorted(path.parent for path in HERE.glob("*/*/request.xml"))
FILES = sorted(HERE.rglob("*.xml"))
EXCHANGES = (
    ("request.xml", "response.xml"),
    ("force-request.xml", "force-response.xml"),
    ("request.xml", "again-response.xml"),
    ("after-request.xml", "after-response.xml"),
)
SET_UP = ("import.xml", "[0-9][0-9]-*.xml")
ID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")
TIME = re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
CODE = re.compile(r"((?<=<authorizationCode>)|(?<=<masterToken>)|(?<=code=))[A-Za-z0-9_-]{43}(?=<)")
EDITION = re.compile(r"\b[0-9a-f]{32}\b")
PLACE = re.compile(r"\{(id|edition):(\d+)\}")


@dataclass
class Ids:
    """The ids and the editions of drafts in the responses of a case, in their order."""

    known: dict[str, list[str]] = field(default_factory=lambda: {"id": [], "edition": []})

    def put_in(self, request: str) -> str:
        """A request with the ids and editions in their places."""
        return PLACE.sub(lambda place: self.known[place[1]][int(place[2]) - 1], request)

    def taken_out(self, document: str) -> str:
        """A response with placeholders for ids, editions, times and codes."""
        for kind, pattern in (("id", ID), ("edition", EDITION)):
            document = pattern.sub(partial(self._place, kind), document)
        return CODE.sub("{code}", TIME.sub("{time}", document))

    def _place(self, kind: str, found: re.Match[str]) -> str:
        known = self.known[kind]
        if found[0] not in known:
            known.append(found[0])
        return f"{{{kind}:{known.index(found[0]) + 1}}}"


def _name(path: Path) -> str:
    return path.relative_to(HERE).as_posix()


@pytest.mark.parametrize("case", CASES, ids=_name)
def test_the_response_is_the_golden_one(case: Path, app: Flask) -> None:
    _check(case, app, str)


def _cases_with_most_elements() -> list[Path]:
    """For each service the case whose request has the most different elements."""
    by_size = sorted(CASES, key=lambda case: len({part.tag for part in etree.parse(case / "request.xml").iter("*")}))
    return list({case.parent.name: case for case in by_size}.values())


@pytest.mark.parametrize("case", _cases_with_most_elements(), ids=_name)
def test_the_response_does_not_depend_on_the_layout_of_the_request(case: Path, app: Flask) -> None:
    """The document with each element on its own lines, also the end of an empty element."""
    _check(case, app, spread)


def _check(case: Path, app: Flask, layout: Callable[[str], str]) -> None:
    client = Client(app, user=None)
    ids = Ids()
    for request in _set_up(case):
        reply = client.post(layout(ids.put_in(request.read_text())).encode())
        assert reply.number == 0, f"{request.name}: {reply.response.text}"
        ids.taken_out(_pretty(reply.tree))
    for request, response in _exchanges(case):
        reply = client.post(layout(ids.put_in(request.read_text())).encode())
        found = ids.taken_out(_pretty(reply.tree))
        assert found == _pretty(_tree(response)), f"{request.name} does not return {response.name}"


def test_every_service_has_a_case() -> None:
    assert {case.parent.name for case in CASES} == set(SERVICES)


def test_no_file_is_left_over() -> None:
    used = {path for case in CASES for path in (*_set_up(case), *(file for pair in _exchanges(case) for file in pair))}
    assert set(FILES) == used


def test_files_are_written_for_people() -> None:
    assert [_name(file) for file in FILES if file.read_text() != _written(file)] == []


def test_cases_say_what_they_show() -> None:
    assert [_name(case) for case in CASES if len(_comments(case / "request.xml")) != 1] == []


def _set_up(case: Path) -> list[Path]:
    return [path for pattern in SET_UP for path in sorted(case.glob(pattern))]


def _exchanges(case: Path) -> Iterator[tuple[Path, Path]]:
    for request, response in EXCHANGES:
        if (case / response).exists():
            yield case / request, case / response


def _comments(file: Path) -> list[str]:
    """The comments before the root."""
    before = etree.parse(file).getroot().itersiblings(etree.Comment, preceding=True)
    return [etree.tostring(comment, encoding="unicode", with_tail=False) for comment in before]


def _written(file: Path) -> str:
    """The file in the form in which it must be written."""
    return "\n".join(['<?xml version="1.0" encoding="UTF-8"?>', *_comments(file), _pretty(_tree(file))])


def _tree(file: Path) -> etree._Element:
    return etree.parse(file, etree.XMLParser(remove_blank_text=True)).getroot()


def _pretty(tree: etree._Element) -> str:
    etree.indent(tree, "  ")
    return etree.tostring(tree, encoding="unicode") + "\n"
