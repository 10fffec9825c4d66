"""A form that does not hold the token of its visitor's session is refused at every address that takes forms."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
from flask import Flask
from sqlalchemy import Engine, text
from werkzeug.routing import IntegerConverter, Rule

from tests.console.test_updates import chain
from tests.support.http import ADMIN, PASSWORD, Client
from tests.support.pages import Pages
from tests.support.releases import shop
from tests.support.run_records import held_run
from tests.support.solution_store import Store

FIELDS = {
    "name": "forged",
    "title": "Forged",
    "held": "true",
    "enabled": "true",
    "action": "disable",
    "new_password": "another long one",
    "user_logon_reference_create": "forged",
    "password_create": "long enough",
    "query": "{ viewer { solutions { edges { node { id } } } } }",
    "nodeVersionReference": "P",
    "user": ADMIN,
    "password": PASSWORD,
}
"""Fields of the forms of all pages. With the right token, many of the forms do something."""
SIGN_OUT = "/console/sign-out"
NO_TOKEN = "open its page again"  # noqa: S105 - a part of the message


def rules_of_forms(app: Flask) -> list[Rule]:
    """The rules of the application below /console that take forms."""
    rules = app.url_map.iter_rules()
    return [rule for rule in rules if rule.rule.startswith("/console") and "POST" in (rule.methods or ())]


def addresses(app: Flask, values: Mapping[str, object]) -> list[str]:
    """The addresses of the rules. A parameter without a value here has one that fits its converter."""
    urls = app.url_map.bind("localhost")

    def value(rule: Rule, name: str) -> object:
        return values.get(name, 1 if isinstance(rule._converters[name], IntegerConverter) else "x")

    return [
        urls.build(rule.endpoint, {name: value(rule, name) for name in rule.arguments}, method="POST")
        for rule in rules_of_forms(app)
    ]


def stored(engine: Engine) -> set[tuple[str, str]]:
    """All rows that the database holds, with their tables, apart from records of refusals."""
    tables = text("SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'")
    with engine.connect() as connection:
        names = connection.execute(tables).scalars().all()
        rows = " UNION ALL ".join(f"SELECT '{name}', each::text FROM {name} AS each" for name in names)
        found = {(table, row) for table, row in connection.execute(text(rows))}
    return {(table, row) for table, row in found if not (table == "audit" and "access-refused" in row)}


def form_token(pages: Pages) -> str:
    return pages.get("/console").form(SIGN_OUT)["form_token"]


@pytest.mark.ledger("DEC-344")
def test_a_form_without_the_token_of_its_session_is_refused_and_changes_nothing(
    app: Flask, client: Client, store: Store, engine: Engine, make_user: Callable[..., None]
) -> None:
    client.load(chain())
    make_user("ann")
    solution = shop(store)
    reply = store.done("GetSolutionInstances", solutionId=solution)
    instance = reply.text("SolutionInstanceList/SolutionInstance/solutionInstanceId")
    pages, other = Pages.of(app), form_token(Pages.of(app))
    with held_run(engine) as run:
        values = {"path": "P/C", "identifier": run, "solution_id": solution, "instance_id": instance}
        found = addresses(app, {**values, "logon": "ann", "name": "GetNode"})
        actions = {
            f"/console/runs/{run}/cancel",
            f"/console/instances/{instance}/hold",
            f"/console/solutions/{solution}/hold",
            "/console/people",
            "/console/people/ann/status",
            "/console/tokens",
            SIGN_OUT,
        }
        assert actions | {"/console/sign-in", "/console/graphql-form", "/console/freeze/P/C"} <= set(found)
        before = stored(engine)
        for address in found:
            for token in ({}, {"form_token": other}):
                response = pages.post(address, {**FIELDS, **token})
                assert (response.status_code, NO_TOKEN in response.text) == (403, True), (address, token)
        assert stored(engine) == before
        own = {"form_token": form_token(pages)}
        for address in sorted(actions, key=lambda address: address == SIGN_OUT):
            before = stored(engine)
            pages.post(address, {**FIELDS, **own})
            assert stored(engine) != before, f"with its token the form does something at {address}"
