"""Arguments and input of commands are UTF-8, and a password is one line, unchanged."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.cli import main
from tests.commands.conftest import Relink
from tests.support.builders import Graph, frozen
from tests.support.http import ADMIN, PASSWORD, Client, message

LATIN_1 = b"p\xe4ssword123"
ASK = message("GetNode", {"nodeVersionReference": "system"})


@pytest.fixture
def on_database(relink_on: Callable[[str], Relink], database_url: str) -> Relink:
    return relink_on(database_url)


def with_input(relink: Relink, *arguments: str, given: bytes) -> Result:
    return CliRunner().invoke(main, arguments, input=given, env=relink.environment)


def signs_in(client: Client, password: str) -> bool:
    return client.post(ASK, auth=("ann", password)).number == 0


@pytest.mark.ledger("DEC-48")
@pytest.mark.parametrize(
    ("given", "password"),
    [
        (b"correct horse", "correct horse"),
        (b"correct horse\n", "correct horse"),
        (b"correct horse\r\n", "correct horse"),
        (b"correct horse\r", "correct horse\r"),
        (b"correct horse\r\r\n", "correct horse\r"),
        ("  p\u00e4ss\u3000word \t\n".encode(), "  p\u00e4ss\u3000word \t"),
        ("\u00a0correct horse\u2028".encode(), "\u00a0correct horse\u2028"),
    ],
)
def test_a_password_is_the_line_as_given(on_database: Relink, client: Client, given: bytes, password: str) -> None:
    result = with_input(on_database, "user", "add", "ann", "--password-stdin", given=given)
    assert (result.exit_code, result.stdout) == (0, "Added the user ann.\n"), result.stderr
    assert signs_in(client, password)


@pytest.mark.ledger("DEC-48")
@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (LATIN_1, "the password on standard input is not UTF-8 (byte 2)"),
        (LATIN_1 + b"\n", "the password on standard input is not UTF-8 (byte 2)"),
        (b"correct horse\xc3", "the password on standard input is not UTF-8 (byte 14)"),
        ("correct horse".encode("utf-16"), "the password on standard input is not UTF-8 (byte 1)"),
        (b"correct horse\n\n", "the password on standard input has more than one line: send one line"),
        (b"correct\nhorse battery", "the password on standard input has more than one line: send one line"),
        (b"correct\0horse", "the password must not have control characters"),
        (b"correct\x1bhorse", "the password must not have control characters"),
        ("\ufffe correct horse".encode(), "the password must not have control characters"),
        (b" " * 12, "the password is missing"),
        (b"\n", "the password is missing"),
        ("\u3000".encode() * 1025, "the password must have 8 to 1024 characters"),
        (b"x" * 8193, "the password on standard input is too long"),
        ("\u3000".encode() * 5000, "the password on standard input is too long"),
    ],
)
def test_a_password_that_could_not_be_used_to_sign_in_is_refused(
    on_database: Relink, client: Client, given: bytes, shown: str
) -> None:
    result = with_input(on_database, "user", "add", "ann", "--password-stdin", given=given)
    assert result.exit_code == 1
    assert shown in result.stderr
    assert with_input(on_database, "user", "add", "ann", "--password-stdin", given=PASSWORD.encode()).exit_code == 0
    assert with_input(on_database, "user", "passwd", "ann", "--password-stdin", given=given).exit_code == 1
    assert signs_in(client, PASSWORD)


def test_the_password_of_a_client_is_utf_8(relink: Relink) -> None:
    result = with_input(relink, "impact", "system", "--password-stdin", given=LATIN_1)
    assert (result.exit_code, "is not UTF-8 (byte 2)" in result.stderr) == (1, True)
    result = with_input(relink, "impact", "system", "--password-stdin", given=PASSWORD.encode() + b"\r\n")
    assert result.exit_code == 0, result.stderr


@pytest.mark.parametrize(
    ("name", "locale"),
    [
        ("RELINK_PASSWORD", "C"),
        ("RELINK_PASSWORD", "C.UTF-8"),
        ("RELINK_PASSWORD", "POSIX"),
        ("RELINK_USER", "C"),
        ("RELINK_URL", "C"),
        ("RELINK_SECRET_KEY", "C"),
    ],
)
def test_a_variable_is_utf_8(service_url: str, name: str, locale: str) -> None:
    environment = {"RELINK_URL": service_url, "RELINK_USER": ADMIN, "RELINK_PASSWORD": PASSWORD}
    value = f"{service_url}/\udce4" if name == "RELINK_URL" else "p\udce4ssword"
    done = run("impact", "system", environment={**environment, name: value}, locale=locale)
    assert (done.returncode, done.stderr) == (1, f"Error: {name} is not UTF-8\n".encode())


@pytest.mark.parametrize(
    "arguments",
    [
        ["user", "add", "p\udce4ss"],
        ["user", "add", "ann", "--name", "J\udce4n"],
        ["user", "passwd", "p\udce4ss"],
        ["token", "add", "--master", "f\udcfcr uns"],
        ["token", "remove", "f\udcfcr uns"],
        ["impact", "acme.M\udcfchle"],
        ["impact", "acme", "--source", "M\udcfchle"],
        ["import", "M\udcfchle.xml"],
        ["impact", "acme\x01"],
        ["impact", "--user", "a\x1b", "acme"],
        ["token", "add", "--master", "a\x07"],
    ],
)
def test_arguments_are_utf_8_without_control_characters(relink: Relink, arguments: list[str]) -> None:
    result = relink(*arguments)
    assert result.exit_code == 2
    assert "give text in UTF-8" in result.stderr
    assert isinstance(result.exception, SystemExit)


def test_an_argument_of_a_real_process_is_utf_8() -> None:
    for locale in ("C", "C.UTF-8"):
        done = run("impact", b"acme.M\xfchle", locale=locale)
        assert (done.returncode, b"'acme.M\\udcfchle' is not UTF-8" in done.stderr) == (2, True), done.stderr


def test_white_space_of_tokens_is_collapsed(on_database: Relink, client: Client) -> None:
    result = with_input(
        on_database, "user", "add", "\n ann\t", "--email", " a@b ", "--password-stdin", given=PASSWORD.encode()
    )
    assert (result.exit_code, result.stdout) == (0, "Added the user ann.\n")
    assert signs_in(client, PASSWORD)
    assert on_database("user", "disable", " ann ").exit_code == 0
    assert not signs_in(client, PASSWORD)
    client.load(Graph().node("P.A", frozen()))
    assert on_database("permission", "add", " node-read\n", "ann ", "--on", "\tP.A").exit_code == 0
    assert on_database("token", "add", "--master", " our  portal\n").exit_code == 0
    assert "\tour portal\t" in on_database("token", "list").stdout
    assert on_database("token", "remove", "our\tportal ").exit_code == 0


@pytest.mark.parametrize("space", ["\u00a0", "\u3000", "\u2003"])
def test_other_spaces_are_not_white_space(on_database: Relink, space: str) -> None:
    result = on_database("user", "add", f"ann{space}", "--password-stdin", stdin=PASSWORD)
    assert (result.exit_code, "LOGON must begin" in result.stderr) == (1, True)
    assert on_database("token", "add", "--master", f"our{space}portal").exit_code == 0
    assert on_database("token", "remove", "our portal").exit_code == 1
    assert on_database("token", "remove", f"our{space}portal").exit_code == 0


@pytest.mark.parametrize("digits", ["\uff11", "\u0661", "\u00b9"])
def test_the_id_of_a_token_is_in_ascii_digits(on_database: Relink, digits: str) -> None:
    assert on_database("token", "add", "--master", "first").exit_code == 0
    (line,) = on_database("token", "list").stdout.splitlines()
    assert line.startswith("1\t")
    assert on_database("token", "remove", digits).exit_code == 1
    assert on_database("token", "remove", "1").exit_code == 0


def test_a_file_to_import_is_utf_8(relink: Relink, tmp_path: Path) -> None:
    file = tmp_path / "acme.xml"
    body = Graph().node("P.A", frozen(name="Mühle")).xml()
    file.write_bytes(body.encode("latin-1"))
    result = relink("import", str(file))
    place = body.index("ü") + 1
    assert result.exit_code == 1
    assert f"not valid utf-8 at byte {place}: send UTF-8 or UTF-16" in result.stderr
    file.write_bytes(body.encode("utf-16"))
    assert relink("import", str(file)).exit_code == 0


def run(
    *arguments: str | bytes, environment: dict[str, str] | None = None, locale: str = "C.UTF-8"
) -> subprocess.CompletedProcess[bytes]:
    """Run `relink` as a process, which gets its arguments and variables as bytes."""
    command = [sys.executable, "-W", "ignore", "-m", "app.cli", *arguments]
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith(("RELINK_", "LC_", "PYTHONU"))
    }
    given = {**inherited, "LC_ALL": locale, **(environment or {})}
    return subprocess.run(command, env=given, capture_output=True, check=False)


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (["--password-stdin"], b"Error: the password cannot be read: standard input is closed\n"),
        ([], b"give the password in RELINK_PASSWORD"),
    ],
)
def test_a_closed_standard_input_is_reported(arguments: list[str], shown: bytes) -> None:
    command = [sys.executable, "-m", "app.cli", "impact", "system", "--user", ADMIN, *arguments]
    done = subprocess.run(["sh", "-c", '"$@" <&-', "sh", *command], capture_output=True, check=False)
    assert shown in done.stderr
    assert b"Traceback" not in done.stderr
