"""Settings, read once from the environment. Every variable begins with `RELINK_`."""

from __future__ import annotations

import os
import re
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from app.suggestions import nearest
from app.text import WHITE_SPACE, counted
from app.urls import checked_database_url, checked_http_url, checked_origin
from app.variables import VARIABLES

ROOT_DATA_DIRECTORY = Path("/var/lib/relink")
_SECRET_KEY_BYTES = 32
_MOST_DAYS = 36_500
"""A hundred years: PostgreSQL has no dates before 4713 BC."""
_YEAR = 365 * 24 * 3600
_DAY = 24 * 3600
_GIB = 1024**3
_MOST_COUNT = 1_000_000
_MOST_CONNECTIONS = 10_000
_MOST_THREADS = 1024
_MOST_PROXIES = 100
_MOST_SHOWN = 40
"""A message shows at most this many characters of an invalid value."""
FEWEST_THREADS = 8
_LEAST_POOL = 20

_TEST_PREFIX = "RELINK_TEST_"
# Kubernetes sets such variables in every container of a namespace that has a service called relink or relink-web.
_OF_KUBERNETES = re.compile(
    r"RELINK_(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)"
)
_NUMBER = re.compile(r"[0-9]{1,18}")


class SettingsError(ValueError):
    """A variable is not a setting, or has an invalid value. The message names the variable."""


@dataclass(frozen=True)
class Settings:
    """What an operator can set. Sizes are bytes, times are seconds."""

    database_url: str | None = None
    data_directory: Path = Path("relink-data")
    max_request_bytes: int = 1024 * 1024
    max_import_bytes: int = 4 * 1024**3
    upload_directory: Path | None = None
    """The directory in which imports are stored while they are read; None means the system's temporary directory."""
    pool_size: int | None = None
    """The number of connections to the database that a process may have; None means as many as its threads need."""
    threads: int = 32
    """The threads of a web process. Each kind of long work may hold only a part of them."""
    runs_at_work: int = 4
    """The number of runs that a web process works on at once; further runs are queued."""
    max_queued_bytes: int = 1024**3
    """The total compressed size of the requests that wait for a worker; one request may have half of it."""
    client_seconds: int = 20
    client_bytes_per_second: int = 4096
    """A client may keep the service waiting for `client_seconds`, plus a second for each this many bytes it moves."""
    transfer_seconds: int = 3600
    """The longest time in which one request body is received or one response is sent, at whatever rate."""
    max_stored_bytes: int = 8 * 1024**3
    """The total size of the imports that a process stores at once; one user may have half of it."""
    max_response_bytes: int = 16 * 1024**2
    """The largest GraphQL response, and the largest total size of the values of the instances in one response."""
    max_instance_bytes: int = 256 * 1024
    """The largest total size of the values of an instance, and the largest size of the data of an authentication."""
    max_instances_per_user: int = 1000
    max_authentications_per_user: int = 1000
    sign_in_failures_per_account: int = 10
    sign_in_failures_per_address: int = 100
    sign_in_failure_period: int = 900
    verified_password_seconds: int = 300
    trusted_proxies: int = 0
    secret_key: str | None = field(default=None, repr=False)
    """The Fernet key that encrypts the data of authentications."""
    run_retention_days: int = 90
    """The number of days after its end when a run is deleted, with its outcomes and its response."""
    audit_retention_days: int = 365
    """The number of days after which rows of the audit are deleted."""
    lazy_update_delay: int = 120
    """The time after a release when instances that need no input for it begin to move."""
    webhook_url: str | None = None
    """The receiver of messages about instances that need their end users. Without it, no message is sent."""
    webhook_secret: str | None = field(default=None, repr=False)
    trigger_url: str | None = None
    """The address at which the system that runs the workflows takes webhooks. Each workflow has a key below it."""
    wizard_origins: tuple[str, ...] = ()
    """The origins of the pages that may frame the wizard."""
    wizard_stylesheet: str | None = None
    options_url: str | None = None
    """The service that returns the entries of drop-down lists in the wizard."""
    auth_url: str | None = None
    """The dialog of the host in which end users connect accounts."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """Read the variables `RELINK_*`.

        Raises SettingsError for a variable that is not a setting or has an invalid value.
        """
        refuse_unknown(environment)
        return cls(
            database_url=_database_url(environment),
            data_directory=_data_directory(environment),
            max_request_bytes=_number(environment, "MAX_REQUEST_BYTES", cls.max_request_bytes, least=1024, most=_GIB),
            max_import_bytes=_number(
                environment, "MAX_IMPORT_BYTES", cls.max_import_bytes, least=1024, most=1024 * _GIB
            ),
            upload_directory=_upload_directory(environment),
            pool_size=_number(environment, "POOL_SIZE", 0, least=2, most=_MOST_CONNECTIONS) or None,
            threads=(threads := _number(environment, "THREADS", cls.threads, least=FEWEST_THREADS, most=_MOST_THREADS)),
            runs_at_work=_runs_at_work(environment, threads),
            client_seconds=_number(environment, "CLIENT_SECONDS", cls.client_seconds, least=1, most=_DAY),
            client_bytes_per_second=_number(
                environment, "CLIENT_BYTES_PER_SECOND", cls.client_bytes_per_second, least=1, most=_GIB
            ),
            max_response_bytes=_number(
                environment, "MAX_RESPONSE_BYTES", cls.max_response_bytes, least=64 * 1024, most=_GIB
            ),
            max_instance_bytes=_number(
                environment, "MAX_INSTANCE_BYTES", cls.max_instance_bytes, least=1024, most=_GIB
            ),
            max_instances_per_user=_number(
                environment, "MAX_INSTANCES_PER_USER", cls.max_instances_per_user, least=1, most=_MOST_COUNT
            ),
            transfer_seconds=_number(environment, "TRANSFER_SECONDS", cls.transfer_seconds, least=1, most=_YEAR),
            max_stored_bytes=_max_stored_bytes(environment),
            max_queued_bytes=_number(
                environment, "MAX_QUEUED_BYTES", cls.max_queued_bytes, least=64 * 1024, most=1024 * _GIB
            ),
            max_authentications_per_user=_number(
                environment, "MAX_AUTHENTICATIONS_PER_USER", cls.max_authentications_per_user, least=1, most=_MOST_COUNT
            ),
            sign_in_failures_per_account=_number(
                environment, "SIGN_IN_FAILURES_PER_ACCOUNT", cls.sign_in_failures_per_account, least=1, most=_MOST_COUNT
            ),
            sign_in_failures_per_address=_number(
                environment, "SIGN_IN_FAILURES_PER_ADDRESS", cls.sign_in_failures_per_address, least=1, most=_MOST_COUNT
            ),
            sign_in_failure_period=_number(
                environment, "SIGN_IN_FAILURE_PERIOD", cls.sign_in_failure_period, least=1, most=_YEAR
            ),
            verified_password_seconds=_number(
                environment, "VERIFIED_PASSWORD_SECONDS", cls.verified_password_seconds, least=0, most=_YEAR
            ),
            trusted_proxies=_number(environment, "TRUSTED_PROXIES", cls.trusted_proxies, least=0, most=_MOST_PROXIES),
            secret_key=_secret_key(environment),
            run_retention_days=_number(
                environment, "RUN_RETENTION_DAYS", cls.run_retention_days, least=1, most=_MOST_DAYS
            ),
            audit_retention_days=_number(
                environment, "AUDIT_RETENTION_DAYS", cls.audit_retention_days, least=1, most=_MOST_DAYS
            ),
            lazy_update_delay=_number(environment, "LAZY_UPDATE_DELAY", cls.lazy_update_delay, least=0, most=_YEAR),
            webhook_url=_webhook_url(environment),
            webhook_secret=environment.get("RELINK_WEBHOOK_SECRET") or None,
            trigger_url=_url(environment, "TRIGGER_URL"),
            wizard_origins=_origins(environment),
            wizard_stylesheet=_stylesheet(environment),
            options_url=_url(environment, "OPTIONS_URL"),
            auth_url=_url(environment, "AUTH_URL"),
        )

    def for_web_process(self) -> Settings:
        """Return the settings with a pool for all threads of a web process: each run at work holds two connections."""
        what = f"{counted(self.threads, 'thread')} with {counted(self.runs_at_work, 'run')} at work"
        return self.with_connections(self.threads + self.runs_at_work, what)

    def with_connections(self, needed: int, what: str) -> Settings:
        """Return the settings with a pool of at least `needed` connections; `what` names what needs them.

        Raises SettingsError if a smaller pool is set: requests would wait for each other until they fail.
        """
        if self.pool_size is not None and self.pool_size < needed:
            raise SettingsError(
                f"RELINK_POOL_SIZE is {self.pool_size}, but {what} need {needed} connections:"
                f" set it to at least {needed}, or leave it out"
            )
        return replace(self, pool_size=self.pool_size or max(needed, _LEAST_POOL))


def refuse_unknown(environment: Mapping[str, str]) -> None:
    """Raise SettingsError for a variable that is not UTF-8, or not a setting, with the name that was probably meant."""
    unknown = [name for name in sorted(environment) if name.startswith("RELINK_") and not _is_known(name)]
    if unknown:
        raise SettingsError("\n".join(map(_unknown, unknown)))
    for name, value in environment.items():
        # A path may consist of any bytes.
        if name.startswith("RELINK_") and name != "RELINK_DATA_DIR" and not _is_utf_8(value):
            raise SettingsError(f"{name} is not UTF-8")


def _is_utf_8(value: str) -> bool:
    """Return whether a variable was UTF-8: Python marks other bytes with surrogates."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_known(name: str) -> bool:
    return name in VARIABLES or name.startswith(_TEST_PREFIX) or _OF_KUBERNETES.fullmatch(name) is not None


def _unknown(name: str) -> str:
    meant = nearest(name, VARIABLES, cutoff=0.8)
    shown = name if name.isascii() else ascii(name)
    return f"{shown} is not a setting; " + (
        f"did you mean {meant}?" if meant else "docs/reference/settings.md lists all settings"
    )


def _database_url(environment: Mapping[str, str]) -> str | None:
    given = environment.get("RELINK_DATABASE_URL")
    try:
        return None if given is None else checked_database_url(given)
    except ValueError as error:
        raise SettingsError(f"RELINK_DATABASE_URL {error}") from error


def _data_directory(environment: Mapping[str, str]) -> Path:
    given = environment.get("RELINK_DATA_DIR")
    if given:
        return Path(given).expanduser().absolute()
    return ROOT_DATA_DIRECTORY if os.geteuid() == 0 else Path("relink-data").absolute()


def _upload_directory(environment: Mapping[str, str]) -> Path | None:
    given = environment.get("RELINK_UPLOAD_DIR")
    if not given:
        return None
    directory = Path(given).expanduser().absolute()
    if not directory.is_dir():
        raise SettingsError(f"RELINK_UPLOAD_DIR must be a directory that exists, and {directory} is not one: create it")
    if not os.access(directory, os.W_OK | os.X_OK):
        raise SettingsError(f"RELINK_UPLOAD_DIR must be a directory that this user can write to, not {directory}")
    return directory


def _secret_key(environment: Mapping[str, str]) -> str | None:
    key = environment.get("RELINK_SECRET_KEY", "").strip()
    if not key:
        return None
    try:
        usable = len(urlsafe_b64decode(key)) == _SECRET_KEY_BYTES
    except ValueError:
        usable = False
    if not usable:
        raise SettingsError(f"RELINK_SECRET_KEY must be {_SECRET_KEY_BYTES} bytes in URL-safe base64 (a Fernet key)")
    return key


def _webhook_url(environment: Mapping[str, str]) -> str | None:
    url = _url(environment, "WEBHOOK_URL")
    if url is not None and not environment.get("RELINK_WEBHOOK_SECRET"):
        raise SettingsError("RELINK_WEBHOOK_SECRET must be set too: what is sent to RELINK_WEBHOOK_URL is signed")
    return url


def _url(environment: Mapping[str, str], name: str) -> str | None:
    url = environment.get(f"RELINK_{name}", "").strip(WHITE_SPACE)
    if not url:
        return None
    try:
        return checked_http_url(url)
    except ValueError as error:
        raise SettingsError(f"RELINK_{name} must be the URL of an HTTP service: it {error}") from error


def _origins(environment: Mapping[str, str]) -> tuple[str, ...]:
    try:
        return tuple(map(checked_origin, environment.get("RELINK_WIZARD_ORIGINS", "").split()))
    except ValueError as error:
        raise SettingsError(
            "RELINK_WIZARD_ORIGINS must be origins such as https://app.example.com, separated by spaces:"
            f" each of them {error}"
        ) from error


def _stylesheet(environment: Mapping[str, str]) -> str | None:
    url = _url(environment, "WIZARD_STYLESHEET")
    if url is not None and (set(url) & set(";,'\"")):
        raise SettingsError(
            "RELINK_WIZARD_STYLESHEET must have no semicolon, comma or quotation mark: percent-encode them,"
            " since the address is a part of the security policy of the pages"
        )
    return url


def _max_stored_bytes(environment: Mapping[str, str]) -> int:
    least = 2 * _number(environment, "MAX_IMPORT_BYTES", Settings.max_import_bytes, least=1024, most=1024 * _GIB)
    default = max(least, Settings.max_stored_bytes)
    number = _number(environment, "MAX_STORED_BYTES", default, least=2048, most=8192 * _GIB)
    if number < least:
        raise SettingsError(
            f"RELINK_MAX_STORED_BYTES must be at least twice RELINK_MAX_IMPORT_BYTES, {least}, not {number}:"
            " one user may have half of it"
        )
    return number


def _runs_at_work(environment: Mapping[str, str], threads: int) -> int:
    most = threads // 4
    number = _number(environment, "RUNS_AT_WORK", min(Settings.runs_at_work, most), least=1, most=_MOST_COUNT)
    if number > most:
        raise SettingsError(
            f"RELINK_RUNS_AT_WORK must be at most a quarter of the threads of a process, {most}, not {number}:"
            " set RELINK_THREADS too, or 'relink serve --threads'"
        )
    return number


def _number(environment: Mapping[str, str], name: str, default: int, *, least: int, most: int) -> int:
    """Return a whole number, given in ASCII digits: `int()` would also accept other Unicode digits and underscores."""
    text = environment.get(f"RELINK_{name}", "").strip(WHITE_SPACE)
    if not text:
        return default
    if not _NUMBER.fullmatch(text) or not least <= int(text) <= most:
        raise SettingsError(f"RELINK_{name} must be a whole number from {least} to {most}, not {_shown(text)}")
    return int(text)


def _shown(text: str) -> str:
    return ascii(text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}...")
