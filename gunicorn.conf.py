"""The settings of `gunicorn wsgi:app`, which gunicorn reads from its working directory.

They make it serve as `relink serve` does: gunicorn's own workers wait for slow clients in their threads, and log what
clients send.
"""

from __future__ import annotations

import os

from app.commands.gunicorn_config import (  # noqa: F401 - gunicorn takes them from here
    child_exit,
    control_socket_disable,
    forwarder_headers,
    graceful_timeout,
    keepalive,
    limit_request_line,
    logconfig_dict,
    loglevel,
    post_fork,
    sendfile,
    timeout,
    when_ready,
    worker_class,
    worker_connections,
)
from app.settings import Settings

threads = int(os.environ.get("RELINK_THREADS", Settings.threads))
