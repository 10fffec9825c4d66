"""`relink demo`: shows Relink with real packages and their dependencies, then with a solution and its instances."""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from threading import Event

import click

from app.commands.demo.instances import tell_of_instances
from app.commands.demo.packages import BY_HAND, EXAMPLES, tell_of_packages
from app.commands.demo.stage import Stage
from app.commands.service import ServiceClient, check_variables
from app.commands.temporary import add_master_token, temporary_directory, temporary_service


@click.command()
@click.option("--stay", is_flag=True, help="Keep the service running until Ctrl-C, to look around in its console.")
def demo(stay: bool) -> None:
    """Show what Relink does, in less than a minute.

    Starts a service with a database of its own in a temporary directory, and removes both at the end.

    \b
    Example:
      relink demo --stay
    """
    check_variables()
    if not EXAMPLES.exists():
        raise click.ClickException(
            f"the data of the demo is not in {EXAMPLES}: run 'make demo' in the directory of Relink's source"
        )
    stage = Stage()
    began = time.monotonic()
    with temporary_directory() as directory:
        stage.part("Relink: 275 packages of Debian 12, and a new version of one that most others need")
        stage.say("Starting a service with an embedded PostgreSQL ...")
        with temporary_service(directory, "demo") as service:
            stage.say(f"It listens on {service.url}.")
            _tell_of_console(stage, service)
            tell_of_packages(stage, service, directory)
            stage.part("The same for solutions: a new release, and six instances of three end users")
            tell_of_instances(stage, service, add_master_token(directory, "demo"))
            stage.part(f"Everything worked as expected, in {time.monotonic() - began:.0f} seconds.")
            click.echo(BY_HAND)
            if stay:
                _stay(stage, service)
            else:
                stage.say("relink demo --stay keeps the service running, to look at all of this in its console.")


def _tell_of_console(stage: Stage, service: ServiceClient) -> None:
    stage.say(f"Its console is at {service.url}/console: user {service.user}, password {service.password}")


def _stay(stage: Stage, service: ServiceClient) -> None:
    """Keep the service running until Ctrl-C."""
    stage.say("The service keeps running, and forgets everything at its end.")
    _tell_of_console(stage, service)
    stage.say(f"What the new version of libc6 required: {service.url}/console/runs/2")
    stage.say("Press Ctrl-C to end it.")
    sys.stdout.flush()
    with suppress(KeyboardInterrupt):
        Event().wait()
