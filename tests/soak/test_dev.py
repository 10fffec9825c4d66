"""`make dev` serves a copy of the code, and serves it again when a file of it changes."""

from __future__ import annotations

import os
import shutil
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
    """Replace a text in a file, and wait until the change is seen."""
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))
    eventually(is_seen)


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

    def restarted() -> int:
        return log_file.read_text().count("the service restarts")

    with log_file.open("w") as log:
        process = subprocess.Popen(command, cwd=code, env=environment, stdout=log, stderr=log, start_new_session=True)
        try:
            eventually(lambda: b'"ok"' in page("/readyz"))
            second = subprocess.run(command, cwd=code, env=environment, capture_output=True, text=True, check=False)
            assert second.returncode == 1
            assert f"port {port}: " in second.stderr

            health = code / "app" / "web" / "health.py"
            change(health, 'status="ok"', 'status="changed', lambda: "health.py, line" in log_file.read_text())
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
            restarts = restarted()
            (templates / "new.html").write_text("A new file")
            eventually(lambda: restarted() > restarts)
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
            process.terminate()
            process.wait(WITHIN)
        assert "as demo with the password" in log_file.read_text()
        with pytest.raises(OSError):  # noqa: PT011 - nobody listens any more
            socket.create_connection(("127.0.0.1", port)).close()
