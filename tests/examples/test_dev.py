"""The store of `make dev`."""

from __future__ import annotations

import dev
from flask import Flask
from sqlalchemy import Engine

from tests.support.http import Client
from tests.support.solution_store import Store, shown


def test_the_examples_have_something_to_relink_and_something_to_upgrade(
    app: Flask, engine: Engine, client: Client, store: Store
) -> None:
    dev.add_demo_user(engine)
    dev.fill(app)
    assert client.update("acme.catalog").rows() == [
        "acme.catalog.Widget.1 version: change system.NODE_LIST.1 -> acme.catalog.Bolt.2"
    ]
    assert len(client.update("debian").updates()) > 200
    instances = shown(store.done("GetSolutionInstances"))
    assert [(instance.name, instance.flags) for instance in instances] == [
        ("Support of Ann", "NS"),
        ("Support of Bert", "NS"),
    ]
