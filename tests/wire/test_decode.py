"""Decoding the elements of a request."""

from __future__ import annotations

from itertools import permutations

import pytest

from tests.support.http import Client

REFERENCE = "<nodeVersionReference>{}</nodeVersionReference>"


def name(client: Client, *elements: str) -> str | None:
    """The node that is found for the elements of a GetNode request."""
    return client.post(f"<GetNode>{''.join(elements)}</GetNode>").text("nodeReference")


@pytest.mark.parametrize(
    "text",
    [
        "system.NULL",
        "  system.NULL\n",
        "system.<!-- comment -->NULL",
        "system.<?pi?>NULL",
        "<![CDATA[system.NULL]]>",
        "sys<![CDATA[tem.NU]]>LL",
        "&#115;ystem.NU&#x4C;L",
    ],
)
def test_a_value_is_one_text_however_it_is_written(reader: Client, text: str) -> None:
    assert name(reader, REFERENCE.format(text)) == "system.NULL"


def test_elements_may_come_in_any_order(reader: Client) -> None:
    elements = [
        "<userLogonReference>admin</userLogonReference>",
        "<password>correct horse</password>",
        "<memberDetailLevel>none</memberDetailLevel>",
        REFERENCE.format("system"),
    ]
    for order in permutations(elements):
        assert name(reader.as_user(None), *order) == "system"


@pytest.mark.parametrize(
    "empty", ["<{}/>", "<{}></{}>", "<{}> \n </{}>", "<{}><!-- nothing --></{}>", "<{}><![CDATA[]]></{}>"]
)
def test_an_empty_element_means_absent(reader: Client, empty: str) -> None:
    names = ("userLogonReference", "nodeVersionIdentifier", "memberDetailLevel")
    reply = reader.post(f"<GetNode>{REFERENCE.format('system')}{''.join(empty.format(n, n) for n in names)}</GetNode>")
    assert reply.text("nodeReference") == "system"
    assert reply.tree.find("MemberList") is not None


def test_all_elements_may_be_empty_or_absent(reader: Client) -> None:
    names = ("userLogonReference", "password", "nodeVersionReference", "nodeVersionIdentifier", "memberDetailLevel")
    for body in ("", "".join(f"<{name}/>" for name in names)):
        reply = reader.post(f"<GetNode>{body}</GetNode>")
        assert (reply.status, reply.number, reply.text("errorFields")) == (200, 105, "nodeVersionReference")


@pytest.mark.parametrize("value", ["6000001", " 6000001 ", "+6000001", "006000001", "0" * 5000 + "6000001"])
def test_a_number_may_have_a_sign_and_leading_zeros(reader: Client, value: str) -> None:
    assert name(reader, f"<nodeVersionIdentifier>{value}</nodeVersionIdentifier>") == "system.NULL"


@pytest.mark.parametrize("value", ["0", "-0", "000"])
def test_the_number_0_means_not_given(reader: Client, value: str) -> None:
    assert (
        name(reader, f"<nodeVersionIdentifier>{value}</nodeVersionIdentifier>", REFERENCE.format("system")) == "system"
    )
