"""The configuration of gunicorn in `relink serve`. An older gunicorn ignores settings that it does not know.

`gunicorn.conf.py` gives the same settings to `gunicorn wsgi:app`. There, each process counts its own requests, unless
PROMETHEUS_MULTIPROC_DIR names a directory.
"""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path
from typing import Any

import click
from prometheus_client import multiprocess

from app.commands.parent import end_with_parent
from app.garbage import collections_paused
from app.logs import library_formatter
from app.server import metrics_files
from app.server.signals import end_from_now_on

with collections_paused():  # an import makes next to no garbage
    import app.web_process  # noqa: F401 - so that the workers, which are forks, find it all imported
# The objects that exist now will stay, so that no collection of a worker needs to look at them.
gc.freeze()

worker_class = "app.server.worker.Worker"
# Idle connections hold no thread.
keepalive = 30
worker_connections = 1000
limit_request_line = 8190
# A response may have to wait in memory for a slow client, which a file sent by the kernel does not.
sendfile = False
# These header fields would let a client on this machine rewrite the path of its request.
forwarder_headers = ""
control_socket_disable = True
# Threads work while the worker's main loop gives its sign of life, so a long run does not count. A worker without
# a sign of life for that long is stuck.
timeout = 300
graceful_timeout = 30
_METRICS = "PROMETHEUS_MULTIPROC_DIR"
_ALL_ADDRESSES = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104
"""The hosts that stand for all addresses of the machine, each with one at which the service can be tried."""
loglevel = "warning"


def on_starting(server: Any) -> None:  # noqa: ANN401, ARG001 - gunicorn has no types
    """End with `relink serve` even where that is killed, and keep the directory of metrics until then."""
    end_with_parent()
    directory = os.environ.get(_METRICS)
    if directory is not None:
        metrics_files.hold(Path(directory))


def when_ready(server: Any) -> None:  # noqa: ANN401
    """Say where the service listens."""
    bound = server.LISTENERS[0].sock.getsockname()
    address = _url(bound)
    click.echo(f"Relink listens on {address}")
    if bound[0] in _ALL_ADDRESSES:
        click.echo("Other machines reach it too: it listens on all addresses of this machine.")
    click.echo(f"Try: curl {address}/readyz, a browser on {address}/console, or in another shell: relink --help")
    sys.stdout.flush()


def post_fork(server: Any, worker: Any) -> None:  # noqa: ANN401
    """Make the worker's metrics files before it writes to them."""
    end_from_now_on()
    directory = os.environ.get(_METRICS)
    if directory is not None:
        alive = {*server.WORKERS, os.getppid()}
        metrics_files.prepare(Path(directory), worker.pid, alive)


def child_exit(server: Any, worker: Any) -> None:  # noqa: ANN401, ARG001
    """Remove a worker that ended from the metrics of the present state."""
    if _METRICS in os.environ:
        multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]


def _url(address: Any) -> str:  # noqa: ANN401 - what it is depends on the family of the socket
    if isinstance(address, str):
        return f"unix:{address}"
    host, port = address[:2]
    host = _ALL_ADDRESSES.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{host}:{port}"


logconfig_dict = {
    "root": {"level": "WARNING", "handlers": ["error_console"]},
    "loggers": {"gunicorn.error": {"level": "WARNING", "handlers": ["error_console"], "propagate": False}},
    "formatters": {"generic": {"()": library_formatter}},
}
