"""A password that is typed into the wrong field stays out of the log and the audit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from lxml import etree
from sqlalchemy import Engine, text
from structlog.testing import capture_logs

from app.services.registry import SERVICES
from tests.support.http import Client, message
from tests.support.schema_files import declaration

SECRET = "Mark3dSecret"  # noqa: S105 - nobody has it


def string_paths(element: Any, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:  # noqa: ANN401
    """The paths of the elements in an element, without its own name, that hold a text of the sender's choice."""
    for child in element.iterchildren():
        path = (*above, child.local_name)
        if child.type.has_complex_content():
            yield from string_paths(child, path)
        elif child.type.is_valid(SECRET):
            yield path


def request(service: str, path: tuple[str, ...]) -> str:
    root = element = etree.Element(service)
    for name in path:
        element = etree.SubElement(element, name)
    element.text = SECRET
    return etree.tostring(root, encoding="unicode")


def everything_in_the_audit(engine: Engine) -> str:
    with engine.connect() as connection:
        return "\n".join(connection.execute(text("SELECT CAST(audit AS text) FROM audit")).scalars())


@pytest.mark.ledger("PRO-9")
@pytest.mark.parametrize("service", sorted(SERVICES))
def test_a_secret_in_any_element_of_a_request_is_neither_logged_nor_recorded(
    client: Client, engine: Engine, make_user: Callable[..., None], service: str
) -> None:
    make_user("ann")
    paths = list(string_paths(declaration("requests", service)))
    assert paths
    with capture_logs() as lines:
        for path in paths:
            for user in ("ann", None):
                client.as_user(user).post(request(service, path))
    assert [line for line in lines if line["event"] == "request"]
    assert SECRET not in str(lines)
    assert SECRET not in everything_in_the_audit(engine)


def test_a_password_in_place_of_the_user_is_refused_and_only_the_service_is_recorded(
    client: Client, engine: Engine, make_user: Callable[..., None]
) -> None:
    make_user("ann")
    given = {"userLogonReferenceUpdate": SECRET, "oldPassword": "x", "newPassword": "y"}
    assert client.as_user("ann").post(message("UpdatePassword", given)).number == 101
    audit = everything_in_the_audit(engine)
    assert "UpdatePassword" in audit
    assert SECRET not in audit
