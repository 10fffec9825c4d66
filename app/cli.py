"""The `relink` command."""

from __future__ import annotations

import atexit
import gc
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import click

from app.commands.groups import CommandGroup
from app.commands.orderly_end import orderly_end
from app.commands.texts import check_arguments, folded
from app.garbage import collections_paused

_COMMANDS = {
    "serve": "app.commands.serve:serve",
    "worker": "app.commands.worker:worker",
    "migrate": "app.commands.database:migrate",
    "check": "app.commands.database:check",
    "dump": "app.commands.dump:dump",
    "restore": "app.commands.dump:restore",
    "secret-key": "app.commands.dump:secret_key",
    "user": "app.commands.users:user",
    "permission": "app.commands.permissions:permission",
    "token": "app.commands.tokens:token",
    "audit": "app.commands.audit:audit",
    "import": "app.commands.imports:import_file",
    "impact": "app.commands.updates:impact",
    "force": "app.commands.updates:force",
    "run": "app.commands.runs:run",
    "node": "app.commands.nodes:node",
    "solution": "app.commands.solutions:solution",
    "rollout": "app.commands.rollout:rollout",
    "demo": "app.commands.demo:demo",
    "completion": "app.commands.completion:completion",
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
        module, _, name = _COMMANDS[cmd_name].partition(":")
        with collections_paused():  # an import makes next to no garbage
            command = getattr(import_module(module), name)
        return command if isinstance(command, click.Command) else None


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
