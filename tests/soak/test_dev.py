"""`make dev` serves a copy of the code, and serves it again when a file of it changes."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from urllib.request import urlopen

from tests.support.http import SECRET_KEY
from tests.support.served import ROOT, WITHIN, eventually


def test_the_service_of_make_dev_restarts_when_the_code_changes(database_url: str, tmp_path: Path) -> None:
    code = tmp_path / "code"
    for folder in ("app", "schemas", "examples"):
        shutil.copytree(ROOT / folder, code / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "wsgi.py", code)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings = {"RELINK_DATABASE_URL": database_url, "RELINK_SECRET_KEY": SECRET_KEY}
    environment = {**os.environ, **settings, "PORT": str(port), "PYTHONPATH": str(code)}
    command = [sys.executable, "-W", "ignore", "-m", "examples.dev"]

    def page(path: str) -> bytes:
        with suppress(OSError, HTTPException), urlopen(f"http://127.0.0.1:{port}{path}") as response:
            return bytes(response.read())
        return b""

    with (tmp_path / "dev.log").open("w+") as log:
        process = subprocess.Popen(command, cwd=code, env=environment, stdout=log, stderr=log, start_new_session=True)
        try:
            eventually(lambda: b'"ok"' in page("/readyz"))
            health = code / "app" / "web" / "health.py"
            health.write_text(health.read_text().replace('status="ok"', 'status="changed"'))
            eventually(lambda: b'"changed"' in page("/readyz"))
        finally:
            os.killpg(process.pid, signal.SIGINT)
            process.wait(WITHIN)
        assert "Sign in as demo with the password" in (tmp_path / "dev.log").read_text()
