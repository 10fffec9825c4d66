"""`relink worker`."""

from __future__ import annotations

import sys

import click

from app.commands.database import opened_database, plain_errors
from app.commands.parent import end_with_parent
from app.garbage import collections_paused
from app.logs import configure_library_logs, configure_logs
from app.settings import Settings
from app.start import prepare_for_plans, with_secret_key


@click.command()
@click.option(
    "--concurrency",
    default=2,
    show_default=True,
    type=click.IntRange(1, 64),
    help="How many batches of instances, and how many runs, at once.",
)
@click.option("--beside-serve", is_flag=True, hidden=True)
def worker(concurrency: int, beside_serve: bool) -> None:
    """Work in the background until stopped: do queued runs, move instances of solutions to new releases, and send
    messages.

    Any number of workers may run, on any machine that reaches the database. SIGTERM and Ctrl-C end one after its
    present instance or node, and its runs wait for another worker; a second signal ends it at once. 'relink serve'
    starts a worker itself if it uses an embedded database.

    \b
    Example:
      relink worker
    """
    if beside_serve:
        end_with_parent()
    configure_logs()
    configure_library_logs()
    with plain_errors():
        # One connection for each batch, one for messages, one to tidy, and for each run those that hold it, read for
        # it, write its rows and watch it.
        what = f"{concurrency} batches and {concurrency} runs at once"
        settings = Settings.from_environment().with_connections(5 * concurrency + 2, what)
    with opened_database(settings) as engine:
        if not beside_serve:
            click.echo("Relink works in the background; Ctrl-C ends it.")
            sys.stdout.flush()
        prepare_for_plans()
        with collections_paused():  # an import makes next to no garbage
            # Imported here, because `relink worker --help` would take twice as long to import the whole application.
            from app.worker import run_worker  # noqa: PLC0415

        run_worker(engine, with_secret_key(settings), concurrency)
