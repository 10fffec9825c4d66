"""What the environment of a developer does to the tests."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from app.settings import Settings


def test_a_test_sees_no_settings() -> None:
    assert Settings.from_environment() == Settings(data_directory=Settings.from_environment({}).data_directory)


def test_settings_of_the_developer_do_not_reach_a_test() -> None:
    settings = {"RELINK_DATABASE_URL": "postgresql://nowhere.invalid/relink", "RELINK_POOL_SIZE": "7"}
    test = f"{__file__}::{test_a_test_sees_no_settings.__name__}"
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", test]
    root = Path(__file__).parent.parent
    done = subprocess.run(
        command, env={**os.environ, **settings}, cwd=root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
