"""The reference of the command line: the help of each command, as it is printed."""

from __future__ import annotations

from collections.abc import Iterator

import click

from app.cli import main

_WIDTH = 100


def pages() -> Iterator[tuple[str, str]]:
    """The one page of the command line."""
    sections = [f"## {path}\n\n```\n{text}\n```" for path, text in _helps(main, None, "relink")]
    yield "commands.md", "# Commands\n\n" + "\n\n".join(sections) + "\n"


def _helps(command: click.Command, parent: click.Context | None, name: str) -> Iterator[tuple[str, str]]:
    settings = {"terminal_width": _WIDTH, "max_content_width": _WIDTH, **command.context_settings}
    context = click.Context(command, parent=parent, info_name=name, **settings)
    yield context.command_path, command.get_help(context)
    if isinstance(command, click.Group):
        for below in command.list_commands(context):
            found = command.get_command(context, below)
            if found is not None and not found.hidden:
                yield from _helps(found, context, below)
