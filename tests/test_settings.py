"""`RELINK_` variables: all are known and documented, and the service and every command refuse unknown ones."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import pytest
from click.testing import CliRunner

from app.cli import main
from app.settings import Settings, SettingsError
from app.variables import VARIABLES

ROOT = Path(__file__).parent.parent
WORD = re.compile(r"\bRELINK_[A-Z_]+[A-Z]\b")
COMMANDS: dict[str, list[str]] = {
    "serve": ["serve", "--bind", "127.0.0.1:0"],
    "worker": ["worker"],
    "migrate": ["migrate"],
    "check": ["check"],
    "dump": ["dump", str(ROOT / "a-dump-that-is-not-written")],
    "restore": ["restore", str(ROOT / "README.md")],
    "secret-key": ["secret-key"],
    "user": ["user", "add", "somebody", "--password-stdin"],
    "token": ["token", "list"],
    "permission": ["permission", "list"],
    "audit": ["audit", "list"],
    "import": ["import", str(ROOT / "examples" / "acme.xml")],
    "impact": ["impact", "acme"],
    "force": ["force", "acme"],
    "node": ["node", "get", "acme"],
    "solution": ["solution", "list"],
    "rollout": ["rollout", "00000000-0000-0000-0000-000000000000"],
    "run": ["run", "list"],
    "demo": ["demo"],
}
WITHOUT_SETTINGS = {"completion"}
"""A shell calls it when it starts, whatever the environment is."""
MISTYPED = {"RELINK_LAZY_UPDATE_DELY": "5"}
SENTENCE = "RELINK_LAZY_UPDATE_DELY is not a setting; did you mean RELINK_LAZY_UPDATE_DELAY?"


def test_the_list_has_the_variables_that_the_program_reads() -> None:
    """The variables that are read by their whole names, or without the prefix by the functions of app.settings."""
    code = [file.read_text() for file in (ROOT / "app").rglob("*.py") if file.name != "variables.py"]
    settings = (ROOT / "app" / "settings.py").read_text()
    read = {word for text in code for word in WORD.findall(text)}
    read |= {f"RELINK_{name}" for name in re.findall(r'environment,\s+"([A-Z_]+)"', settings)}
    assert read - {"RELINK_TEST"} == set(VARIABLES)


def test_each_setting_is_documented() -> None:
    """The reference has each with its meaning."""
    page = (ROOT / "docs" / "reference" / "settings.md").read_text()
    documented = [line.split("|")[1].strip(" `") for line in page.splitlines() if line.startswith("| `RELINK_")]
    assert documented == list(VARIABLES)
    assert [name for name, variable in VARIABLES.items() if not variable.meaning.endswith(".")] == []


def test_documented_numbers_are_the_defaults() -> None:
    defaults = {f"RELINK_{name.upper()}": default for name, default in vars(Settings()).items()}
    documented = {name: int(variable.default) for name, variable in VARIABLES.items() if variable.default.isdigit()}
    assert len(documented) > 15
    assert documented == {name: defaults[name] for name in documented}


def test_documents_name_no_unknown_settings() -> None:
    texts = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "Dockerfile", ROOT / "Makefile"]
    named = {word for file in texts for word in WORD.findall(file.read_text())}
    assert {word for word in named - set(VARIABLES) if not word.startswith("RELINK_TEST_")} <= {
        "RELINK_LAZY_UPDATE_DELY",
        "RELINK_MAX_ANSWER_BYTES",  # the changes say that it has another name now
    }


@pytest.mark.parametrize("command", list(COMMANDS))
def test_every_command_refuses_an_unknown_setting(command: str, tmp_path: Path) -> None:
    environment = {**MISTYPED, "RELINK_DATA_DIR": str(tmp_path / "data"), "RELINK_USER": None}
    result = CliRunner().invoke(main, COMMANDS[command], env=environment, input="a good password")
    assert result.exit_code == 1
    assert SENTENCE in result.output
    assert not (tmp_path / "data").exists()


def test_every_command_is_tested_with_an_unknown_setting() -> None:
    assert set(COMMANDS) | WITHOUT_SETTINGS == set(
        main.list_commands(main.make_context("relink", ["--help"], resilient_parsing=True))
    )


IMPORT = """
import importlib, json, os, sys

for settings in json.load(sys.stdin):
    os.environ.update(settings)
    try:
        importlib.import_module("wsgi")
    except Exception as error:
        print(error)
    for name in settings:
        del os.environ[name]
"""
SMALL_POOL_OF_SERVICE = {"RELINK_POOL_SIZE": "9", "RELINK_THREADS": "16"}


@pytest.fixture(scope="module")
def refusals() -> list[str]:
    """The reason why importing the application, as any WSGI server does, fails with these settings."""
    given = json.dumps([MISTYPED, SMALL_POOL_OF_SERVICE])
    command = [sys.executable, "-c", IMPORT]
    environment = {**os.environ, "RELINK_DATABASE_URL": "postgresql://nowhere.invalid/relink"}
    done = subprocess.run(command, cwd=ROOT, env=environment, input=given, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_the_service_refuses_an_unknown_setting(refusals: list[str]) -> None:
    assert refusals[0] == SENTENCE


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("RELINK_DATABSE_URL", "RELINK_DATABASE_URL"),
        ("RELINK_DATABASE_URI", "RELINK_DATABASE_URL"),
        ("RELINK_POOLSIZE", "RELINK_POOL_SIZE"),
        ("RELINK_DATA_DIRECTORY", "RELINK_DATA_DIR"),
        ("RELINK_SECRETKEY", "RELINK_SECRET_KEY"),
        ("RELINK_MAX_ANSWER_BYTES", "RELINK_MAX_RESPONSE_BYTES"),
    ],
)
def test_the_nearest_name_is_reported(name: str, meant: str) -> None:
    with pytest.raises(SettingsError, match=f"^{name} is not a setting; did you mean {meant}\\?$"):
        Settings.from_environment({name: ""})


def test_all_unknown_settings_are_reported() -> None:
    with pytest.raises(SettingsError) as raised:
        Settings.from_environment({"RELINK_X": "", "RELINK_TRUSTED_PROXY": "1"})
    assert str(raised.value).splitlines() == [
        "RELINK_TRUSTED_PROXY is not a setting; did you mean RELINK_TRUSTED_PROXIES?",
        "RELINK_X is not a setting; docs/reference/settings.md lists all settings",
    ]


@pytest.mark.parametrize(
    "name",
    [
        "RELINK_SERVICE_HOST",
        "RELINK_SERVICE_PORT",
        "RELINK_SERVICE_PORT_HTTP",
        "RELINK_PORT",
        "RELINK_PORT_8080_TCP",
        "RELINK_PORT_8080_TCP_ADDR",
        "RELINK_WEB_SERVICE_HOST",
        "RELINK_WEB_PORT_8080_TCP_PROTO",
        "RELINK_TEST_EXAMPLES",
        "OTHER_DATABSE_URL",
    ],
)
def test_variables_that_kubernetes_sets_for_a_service_called_relink_are_accepted(name: str) -> None:
    assert Settings.from_environment({name: "tcp://10.0.0.1:8080"}).database_url is None


REFUSED = {
    "mysql://a:geheim@b/c": "begins with mysql://",
    "sqlite:///geheim": "begins with sqlite://",
    "http://a:geheim@b/c": "begins with http://",
    "postgresql:/geheim": "begins with something else",
    "geheim": "begins with something else",
    "postgresql+psycopg2://a:geheim@b/c": "begins with something else",
    "postgresql://a:geheim@b:port/c": "a number from 1 to 65535 as its port",
    "postgresql://a:geheim@b:0/c": "a number from 1 to 65535 as its port",
    "postgresql://a:geheim@b:1,c:2/d": "several servers are written as ?host=first:5432&host=second:5432",
}


REFUSED |= {
    f"postgresql://a:{password}@b/c": "percent-encoded"
    for password in ("geh/eim", "geh?eim", "geh#eim", "12/geheim", "12?geheim", "12#geheim", "geh?ei=m", "geh@eim")
}
REFUSED |= dict.fromkeys(["", " ", "\t\n"], "remove the variable to use the embedded database")


@pytest.mark.parametrize("url", list(REFUSED))
def test_an_invalid_database_url_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match=r"^RELINK_DATABASE_URL must ") as raised:
        Settings.from_environment({"RELINK_DATABASE_URL": url})
    assert REFUSED[url] in str(raised.value)
    assert "geh" not in str(raised.value)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://a:b@c/d",
        "postgres://a:b@c:5433/d",
        "postgresql+psycopg://a@/d?host=/run/postgresql",
        "postgresql:///d",
        "postgresql:///d?user=a@b",
        "postgresql://a:b%2Fc@d/e?application_name=f@g",
        "postgresql://a:b%3Ac@[::1]:5432/d?options=-csearch_path%3De",
        "postgresql://a@/d?host=b:1&host=c:2",
    ],
)
def test_urls_of_postgresql_are_taken(url: str) -> None:
    assert Settings.from_environment({"RELINK_DATABASE_URL": url}).database_url == url


SMALL_POOL = {
    (
        "serve",
        "--bind",
        "127.0.0.1:0",
        "--threads",
        "8",
    ): "8 threads with 2 runs at work need 10 connections: set it to at least 10",
    ("worker", "--concurrency", "8"): "8 batches and 8 runs at once need 42 connections: set it to at least 42",
}


@pytest.mark.parametrize("arguments", list(SMALL_POOL))
def test_a_pool_that_is_too_small_is_refused(arguments: tuple[str, ...], database_url: str) -> None:
    environment: dict[str, str | None] = {"RELINK_POOL_SIZE": "9", "RELINK_DATABASE_URL": database_url}
    result = CliRunner().invoke(main, arguments, env=environment)
    assert result.exit_code == 1
    assert f"RELINK_POOL_SIZE is 9, but {SMALL_POOL[arguments]}, or leave it out" in result.stderr


def test_a_pool_that_is_too_small_is_refused_by_the_service(refusals: list[str]) -> None:
    assert refusals[1].startswith("RELINK_POOL_SIZE is 9, but 16 threads with 4 runs at work need 20 connections")


def test_the_pool_grows_with_what_needs_it() -> None:
    sizes: Callable[[int], int | None] = lambda needed: Settings().with_connections(needed, "").pool_size  # noqa: E731
    assert [sizes(2), sizes(64)] == [20, 64]
    assert Settings(pool_size=30).with_connections(16, "").pool_size == 30


@pytest.mark.ledger("PRO-35")
@pytest.mark.parametrize("days", ["0", "-1", "36501", "many", "\uff11", "\u0661", "1_0", "9" * 5000])
def test_an_impossible_retention_time_is_refused(days: str) -> None:
    with pytest.raises(SettingsError, match="RELINK_RUN_RETENTION_DAYS must be"):
        Settings.from_environment({"RELINK_RUN_RETENTION_DAYS": days})


def test_a_scheme_may_be_in_capitals() -> None:
    found = Settings.from_environment({"RELINK_DATABASE_URL": " PostgreSQL://a:B@c/D\n"})
    assert found.database_url == "postgresql://a:B@c/D"


def refusal_of(environment: dict[str, str]) -> str:
    """Return the reason why an environment is refused, or nothing if it is accepted."""
    try:
        Settings.from_environment(environment)
    except SettingsError as error:
        return str(error)
    return ""


NUMBERS = [
    field.name
    for field in fields(Settings)
    if field.type in ("int", "int | None")  # all settings that are numbers
]


@pytest.mark.parametrize("value", ["\u0663\u0660", "1_000", "+20", "-1", "1e3", "1" * 17, "9" * 5000, "secret" * 100])
def test_numbers_are_ascii_digits_with_bounds(value: str) -> None:
    for name in NUMBERS:
        setting = f"RELINK_{name.upper()}"
        refusal = refusal_of({setting: value})
        assert refusal.startswith(f"{setting} must be a whole number from "), setting
        assert len(refusal) < 160


BAD_URLS = {
    "ftp://a/": "must begin with http:// or https://",
    "http://a b/": "must be ASCII without white space",
    "http://a/\u00e4": "must be ASCII without white space",
    "http://a/#b": "must not have a fragment",
    "http://a/#": "must not have a fragment",
    "http://a:b@c/": "must not have a user name",
    "http://[x": "must have a valid host",
    "http://a:port": "must have a valid host",
    "http://a:0": "must have a valid host",
    "http://": "must have a valid host",
}


@pytest.mark.parametrize("name", ["AUTH_URL", "OPTIONS_URL", "TRIGGER_URL", "WEBHOOK_URL", "WIZARD_STYLESHEET"])
def test_urls_of_http_services_are_checked(name: str) -> None:
    for url, fault in BAD_URLS.items():
        refusal = refusal_of({f"RELINK_{name}": url, "RELINK_WEBHOOK_SECRET": "secret"})
        assert refusal.startswith(f"RELINK_{name} must be the URL of an HTTP service"), url
        assert fault in refusal, url


@pytest.mark.parametrize("url", list(BAD_URLS))
def test_the_url_of_a_command_is_checked(url: str) -> None:
    result = CliRunner().invoke(main, ["impact", "acme", "--url", url], env={"RELINK_USER": None})
    assert (result.exit_code, result.exception.__class__) == (2, SystemExit)
    assert BAD_URLS[url].split()[-1] in result.stderr
