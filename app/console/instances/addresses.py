"""The addresses of the pages of instances, and finding the instance that one names."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection

from app.console.pages import Crumb
from app.console.urls import with_parameters
from app.solutions.instances.reading import Instance, read_instances_of
from app.web.refusal import Refused

INSTANCES: Final = "/console/instances"
CRUMB: Final = Crumb("Instances", INSTANCES)


def instance_url(instance_id: str, page: str = "", **parameters: str) -> str:
    """Return the address of a page of an instance."""
    address = f"{INSTANCES}/{instance_id}" + (f"/{page}" if page else "")
    return with_parameters(address, parameters)


def found_instance(connection: Connection, instance_id: str) -> Instance:
    """Return an instance. Raises Refused (404) if there is none with this id."""
    for instance in read_instances_of(connection, [instance_id]):
        return instance
    raise Refused(404, "There is no instance at this address.")
