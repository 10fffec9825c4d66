"""The environment variables that the program reads, with their defaults and meanings.

`docs/reference/settings.md` is written from this list. `app.settings` reads and checks the values.
"""

from __future__ import annotations

from typing import NamedTuple


class Variable(NamedTuple):
    """A variable: its default, empty if there is none, and its meaning, both in Markdown."""

    default: str
    meaning: str


VARIABLES = {
    "RELINK_DATABASE_URL": Variable(
        "the embedded PostgreSQL 18",
        "A PostgreSQL 15 or later: `postgresql://user:password@host/database`. Bring it up to date with `relink "
        "migrate`. An empty value is refused. User and password are percent-encoded. "
        "Tables are in the schema `public`, or in the one that `?options=-csearch_path%3DNAME` names; "
        "other options and settings of TCP in the URL are kept: [sessions](../decisions/0001-sessions.md).",
    ),
    "RELINK_DATA_DIR": Variable(
        "`./relink-data`; as root `/var/lib/relink`", "The directory in which the embedded database keeps its files."
    ),
    "RELINK_SECRET_KEY": Variable(
        "with the embedded database the file `secret-key` in its directory, made at the first start",
        "The key that encrypts the data of authentications: 32 random bytes in URL-safe base64, the same for all "
        "processes. Without it, authentications cannot be stored.",
    ),
    "RELINK_MAX_REQUEST_BYTES": Variable("1048576", "The largest request body."),
    "RELINK_MAX_IMPORT_BYTES": Variable("4294967296", "The largest body of a NodeImport, which is read as a stream."),
    "RELINK_MAX_RESPONSE_BYTES": Variable(
        "16777216",
        "The largest GraphQL response, and the largest total size of the values of the instances in one response.",
    ),
    "RELINK_MAX_INSTANCE_BYTES": Variable(
        "262144",
        "The largest total size of the values of an instance, and the largest size of the data of an authentication.",
    ),
    "RELINK_MAX_INSTANCES_PER_USER": Variable("1000", "How many instances an end user can have."),
    "RELINK_MAX_AUTHENTICATIONS_PER_USER": Variable("1000", "How many authentications an end user can have."),
    "RELINK_UPLOAD_DIR": Variable(
        "the temporary directory of the system (`TMPDIR`)",
        "The directory in which bodies of imports are stored while they are read, in files without names that "
        "vanish with the process. Parts of large responses whose clients read slowly are stored there too.",
    ),
    "RELINK_THREADS": Variable("32", "Threads of a web process, at least 8. `relink serve --threads` sets it."),
    "RELINK_RUNS_AT_WORK": Variable(
        "4", "How many runs a web process works on at once, at most a quarter of its threads. Further runs are queued."
    ),
    "RELINK_CLIENT_SECONDS": Variable(
        "20",
        "How long a client may keep the service waiting while it sends a request or reads a response. The client "
        "gains a second for each `RELINK_CLIENT_BYTES_PER_SECOND` bytes.",
    ),
    "RELINK_CLIENT_BYTES_PER_SECOND": Variable("4096", "The minimum rate of a client."),
    "RELINK_TRANSFER_SECONDS": Variable(
        "3600", "How long the body of one request, or sending one response, may take in all, at whatever rate."
    ),
    "RELINK_MAX_STORED_BYTES": Variable(
        "8589934592",
        "The largest total size of the imports that a process stores at once. One user may have half of it, so it is "
        "at least twice `RELINK_MAX_IMPORT_BYTES`.",
    ),
    "RELINK_MAX_QUEUED_BYTES": Variable(
        "1073741824",
        "The largest total size, compressed, of the requests that wait in the database for a worker. One request may "
        "have half of it.",
    ),
    "RELINK_POOL_SIZE": Variable(
        "as many as are needed, at least 20",
        "Database connections of a process. A size smaller than the threads of the process need is refused.",
    ),
    "RELINK_SIGN_IN_FAILURES_PER_ACCOUNT": Variable(
        "10", "Failed sign-ins after which an account is refused for a while from the network that they came from."
    ),
    "RELINK_SIGN_IN_FAILURES_PER_ADDRESS": Variable(
        "100",
        "Failed sign-ins, with any account, after which a network is refused. Accounts that have signed in from it "
        "in the last 30 days are not refused.",
    ),
    "RELINK_SIGN_IN_FAILURE_PERIOD": Variable(
        "900", "How many seconds an account or a network is refused. `relink user unlock` ends it at once."
    ),
    "RELINK_VERIFIED_PASSWORD_SECONDS": Variable("300", "How long a process remembers that a password was right."),
    "RELINK_TRUSTED_PROXIES": Variable(
        "0",
        "How many proxies in front of the service may name the address of the client in `X-Forwarded-For`. With 0, "
        "all clients behind a proxy count as one network.",
    ),
    "RELINK_AUDIT_RETENTION_DAYS": Variable(
        "365",
        "After how many days entries of the audit (`relink audit list`) are deleted. Entries about moves of instances "
        "are deleted after `RELINK_RUN_RETENTION_DAYS`, if that is earlier.",
    ),
    "RELINK_RUN_RETENTION_DAYS": Variable(
        "90", "How many days after its end a run is deleted, with its outcomes and its response."
    ),
    "RELINK_LAZY_UPDATE_DELAY": Variable(
        "120",
        "How many seconds after a release instances begin to move to it by themselves: [roll-outs](../roll-outs.md).",
    ),
    "RELINK_WEBHOOK_URL": Variable("", "Where workers send messages about instances that need their end users."),
    "RELINK_WEBHOOK_SECRET": Variable("", "The key that signs these messages. Needed with `RELINK_WEBHOOK_URL`."),
    "RELINK_TRIGGER_URL": Variable(
        "",
        "Where the system that runs the workflows takes their webhooks: each `triggerUrl` is a key below it. "
        "Without it, a `triggerUrl` is a path.",
    ),
    "RELINK_WIZARD_ORIGINS": Variable(
        "",
        "The origins of the pages that may frame the [configuration wizard](../wizard.md) and get its messages, "
        "separated by spaces: `https://app.example.com`. Without it, no page can frame the wizard.",
    ),
    "RELINK_WIZARD_STYLESHEET": Variable(
        "", "The address of a stylesheet that the pages of the wizard load after their own."
    ),
    "RELINK_OPTIONS_URL": Variable(
        "",
        "The service that returns the entries of drop-down lists in the [wizard](../wizard.md#drop-down-lists). "
        "Without it, end users type the value.",
    ),
    "RELINK_AUTH_URL": Variable(
        "",
        "The page at which end users connect new accounts from the [wizard](../wizard.md#accounts). Without it, the "
        "wizard asks for the credentials itself.",
    ),
    "RELINK_NO_WORKER": Variable("", "`1`: `relink serve` starts no worker with an embedded database."),
    "RELINK_URL": Variable("`http://127.0.0.1:8080`", "The service that `relink import`, `impact` and `force` use."),
    "RELINK_USER": Variable("", "The user as whom these commands sign in."),
    "RELINK_PASSWORD": Variable("", "The password of that user."),
}
"""All variables that the program reads, by name."""
