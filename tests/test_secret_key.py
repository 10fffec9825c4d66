"""The key with which the data of authentications is encrypted: set, or kept beside an embedded database."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.settings import Settings, SettingsError
from app.solutions.people.cipher import Cipher
from app.start import with_secret_key
from tests.support.http import SECRET_KEY


def key_in(directory: Path) -> str:
    key = with_secret_key(Settings(data_directory=directory)).secret_key
    assert key is not None
    return key


def test_a_key_that_is_set_is_used(tmp_path: Path) -> None:
    environment = {"RELINK_SECRET_KEY": f" {SECRET_KEY}\n", "RELINK_DATA_DIR": str(tmp_path)}
    assert with_secret_key(Settings.from_environment(environment)).secret_key == SECRET_KEY
    assert list(tmp_path.iterdir()) == []


def test_an_embedded_database_has_a_key_in_a_file_that_only_its_owner_reads(tmp_path: Path) -> None:
    key = key_in(tmp_path)
    assert Cipher(key).decrypt(Cipher(key_in(tmp_path)).encrypt("x")) == "x"
    (file,) = tmp_path.iterdir()
    assert (file.name, stat.S_IMODE(file.stat().st_mode), file.read_text()) == ("secret-key", 0o600, key)


def test_one_of_several_processes_that_start_at_once_makes_the_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(key_in, [tmp_path] * 8))) == 1
    assert [file.name for file in tmp_path.iterdir()] == ["secret-key"]


def test_a_database_server_has_no_key_of_its_own(tmp_path: Path) -> None:
    settings = Settings(database_url="postgresql://somewhere/relink", data_directory=tmp_path)
    assert with_secret_key(settings) == settings
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("wrong", ["short", SECRET_KEY[:-4], "gr\u00fcn" + SECRET_KEY[4:]])
def test_an_invalid_key_is_refused_and_not_shown(wrong: str) -> None:
    with pytest.raises(SettingsError, match="RELINK_SECRET_KEY") as raised:
        Settings.from_environment({"RELINK_SECRET_KEY": wrong})
    assert wrong not in str(raised.value)


def test_a_key_is_not_shown_with_the_settings() -> None:
    assert SECRET_KEY not in repr(Settings(secret_key=SECRET_KEY))
