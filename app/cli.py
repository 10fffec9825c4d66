"""The `relink` command."""

from __future__ import annotations

import atexit
import gc
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any, NamedTuple

import click
from click.shell_completion import CompletionItem

from app.commands.groups import CommandGroup
from app.commands.orderly_end import orderly_end
from app.commands.texts import check_arguments, folded
from app.garbage import collections_paused


class _CommandEntry(NamedTuple):
    """A command in the list of commands: the module and the name of its function, and what it does."""

    target: str
    summary: str


_COMMANDS = {
    "serve": _CommandEntry("app.commands.serve:serve", "Serve over HTTP until stopped."),
    "worker": _CommandEntry("app.commands.worker:worker", "Do runs, move instances and send messages."),
    "migrate": _CommandEntry("app.commands.database:migrate", "Bring the database up to date."),
    "check": _CommandEntry("app.commands.database:check", "Check the settings, the database and its migrations."),
    "dump": _CommandEntry("app.commands.dump:dump", "Write the whole store to a file, with its secret key."),
    "restore": _CommandEntry("app.commands.dump:restore", "Restore the store from a file of relink dump."),
    "secret-key": _CommandEntry("app.commands.dump:secret_key", "Print the key that encrypts authentications."),
    "user": _CommandEntry("app.commands.users:user", "Manage users."),
    "permission": _CommandEntry("app.commands.permissions:permission", "Manage permissions."),
    "token": _CommandEntry("app.commands.tokens:token", "Manage tokens for the GraphQL interface."),
    "audit": _CommandEntry("app.commands.audit:audit", "Read who did what."),
    "import": _CommandEntry("app.commands.imports:import_file", "Import nodes from a file: all of them or none."),
    "impact": _CommandEntry("app.commands.updates:impact", "List the updates that a change requires."),
    "force": _CommandEntry("app.commands.updates:force", "Make the updates that a change requires."),
    "run": _CommandEntry("app.commands.runs:run", "List, watch and cancel runs."),
    "node": _CommandEntry("app.commands.nodes:node", "Look at, search, compare, freeze, copy and edit nodes."),
    "solution": _CommandEntry("app.commands.solutions:solution", "List, compare and publish solutions."),
    "rollout": _CommandEntry("app.commands.rollout:rollout", "Move the instances of a solution to a release."),
    "demo": _CommandEntry("app.commands.demo:demo", "Show what Relink does, in less than a minute."),
    "completion": _CommandEntry(
        "app.commands.completion:completion", "Print the script that completes commands and options in SHELL."
    ),
}

# The process gives back all memory when it ends, so Python need not look for garbage in it first.
atexit.register(gc.freeze)

_EXIT_CANCELLED = 130
_ERROR = "Error: "
"""What is printed before the message of an error."""


class _Commands(CommandGroup):
    """Imports the module of a command only when the command runs, so that client commands start quickly."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        check_arguments(args)
        return super().parse_args(ctx, args)

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,  # noqa: ANN401 - as in click
    ) -> click.Context:
        with _folded_errors():
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> object:
        try:
            with orderly_end(), _folded_errors():
                return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo("\ncancelled", err=True)  # on a line of its own, behind the ^C of the terminal
            raise SystemExit(_EXIT_CANCELLED) from None

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        module, _, name = _COMMANDS[cmd_name].target.partition(":")
        with collections_paused():  # an import makes next to no garbage
            command = getattr(import_module(module), name)
        return command if isinstance(command, click.Command) else None

    def summaries(self, ctx: click.Context) -> list[tuple[str, str]]:  # noqa: ARG002
        return [(name, entry.summary) for name, entry in _COMMANDS.items()]

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Return the commands and options that begin with `incomplete`.

        A shell calls this at each Tab, so it does not import the commands.
        """
        commands = [
            CompletionItem(name, help=each) for name, each in self.summaries(ctx) if name.startswith(incomplete)
        ]
        return [*commands, *click.Command.shell_complete(self, ctx, incomplete)]


@contextmanager
def _folded_errors() -> Iterator[None]:
    """Fold the messages of errors to the width of the terminal."""
    try:
        yield
    except click.ClickException as error:
        # An error about an argument names the argument before its message.
        before = error.format_message().removesuffix(error.message) if error.message else ""
        vars(error)["message"] = folded(error.message, _ERROR + before)  # its type says that it is final
        raise


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="relink", prog_name="relink")
def main() -> None:
    """Keep a graph of versioned nodes and move it forward.

    `relink demo` shows what that means, in less than a minute.
    """


if __name__ == "__main__":
    main(prog_name="relink")
