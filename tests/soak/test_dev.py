"""`make dev` serves a copy of the code, and serves it again when a file of it changes."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from tests.support.http import SECRET_KEY
from tests.support.served import ROOT, WITHIN, eventually

XML_OF_DEMO = {
    "Content-Type": "application/xml",
    "Authorization": f"Basic {b64encode(b'demo:a good password').decode()}",
}


def change(file: Path, old: str, new: str, is_seen: Callable[[], bool]) -> None:
    """Replace a text in a file, and wait until the change is seen.

    The server misses a change that is made before it has looked at the files for the first time, so the file is touched
    again after a while.
    """
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))
    for _ in range(3):
        with suppress(pytest.fail.Exception):
            eventually(is_seen, WITHIN / 4)
            return
        file.touch()
    eventually(is_seen, WITHIN / 4)


def test_the_service_of_make_dev_restarts_when_a_file_of_the_code_changes(database_url: str, tmp_path: Path) -> None:
    code = tmp_path / "code"
    for folder in ("app", "schemas", "examples"):
        shutil.copytree(ROOT / folder, code / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "wsgi.py", code)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings = {"RELINK_DATABASE_URL": database_url, "RELINK_SECRET_KEY": SECRET_KEY}
    environment = {**os.environ, **settings, "PORT": str(port), "PYTHONPATH": str(code)}
    command = [sys.executable, "-W", "ignore", "-m", "examples.dev"]

    def page(path: str, request: str | None = None) -> bytes:
        address = f"http://127.0.0.1:{port}{path}"
        sent = Request(address) if request is None else Request(address, request.encode(), XML_OF_DEMO)
        with suppress(OSError, HTTPException), urlopen(sent) as response:  # noqa: S310 - our own service
            return bytes(response.read())
        return b""

    log_file = tmp_path / "dev.log"
    with log_file.open("w") as log:
        process = subprocess.Popen(command, cwd=code, env=environment, stdout=log, stderr=log, start_new_session=True)
        try:
            eventually(lambda: b'"ok"' in page("/readyz"))
            health = code / "app" / "web" / "health.py"
            change(health, 'status="ok"', 'status="changed', lambda: "SyntaxError" in log_file.read_text())
            change(health, 'status="changed', 'status="changed"', lambda: b'"changed"' in page("/readyz"))

            assert b">acme<" in page("/service", "<ListNodes/>")
            change(
                code / "app" / "nodes" / "list_nodes.sql",
                "WHERE {readable}",
                "WHERE w.node_reference <> 'acme' AND {readable}",
                lambda: b">debian<" in (nodes := page("/service", "<ListNodes/>")) and b">acme<" not in nodes,
            )

            assert b"--changed" not in page("/console/static/console.css")
            change(
                code / "app" / "console" / "static" / "console.css",
                ":root {",
                ":root { --changed: 0;",
                lambda: b"--changed" in page("/console/static/console.css"),
            )

            templates = code / "app" / "console" / "templates" / "console"
            (templates / "new.html").write_text("A new file")
            change(
                templates / "sign_in.html",
                "<h1>Sign in</h1>",
                "<h1>{% include 'console/new.html' %}</h1>",
                lambda: b"<h1>A new file</h1>" in page("/console/sign-in"),
            )
            change(
                templates / "new.html",
                "A new file",
                "A changed file",
                lambda: b"<h1>A changed file</h1>" in page("/console/sign-in"),
            )
        finally:
            os.killpg(process.pid, signal.SIGINT)
            process.wait(WITHIN)
        assert "Sign in as demo with the password" in log_file.read_text()
