"""`relink --help`, and the message about a command that does not exist."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from app.cli import main


def groups(group: click.Group, *path: str) -> Iterator[tuple[str, ...]]:
    """The paths of all groups of commands."""
    yield path
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from groups(command, *path, name)


@pytest.mark.parametrize("path", list(groups(main)), ids=" ".join)
def test_no_summary_of_a_command_is_cut_on_a_narrow_terminal(path: tuple[str, ...]) -> None:
    result = CliRunner().invoke(main, [*path, "--help"], terminal_width=50)
    assert "..." not in result.stdout.partition("Commands:\n")[2]
    assert max(map(len, result.stdout.splitlines())) <= 50


@pytest.mark.parametrize("path", list(groups(main)), ids=" ".join)
def test_the_summaries_of_commands_are_whole(path: tuple[str, ...]) -> None:
    result = CliRunner().invoke(main, [*path, "--help"], terminal_width=80)
    assert result.exit_code == 0
    commands = result.stdout.partition("Commands:\n")[2].splitlines()
    assert commands
    for line in commands:
        assert line.endswith("."), line
        assert not line.endswith("..."), line
        assert len(line) <= 80


def commands(group: click.Group, *path: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """All commands except groups, with their paths."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from commands(command, *path, name)
        elif command is not None:
            yield (*path, name), command


@pytest.mark.parametrize(("path", "command"), [pytest.param(*each, id=" ".join(each[0])) for each in commands(main)])
def test_the_help_of_each_command_ends_with_an_example(path: tuple[str, ...], command: click.Command) -> None:
    _, heading, examples = (command.help or "").rpartition("Example")
    assert heading
    first = examples.partition(":\n")[2].strip().splitlines()[0]
    assert f"{first} ".startswith(f"relink {' '.join(path)} ")


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        ("token create", "No such command 'create'. Did you mean 'add'? The commands are add, list, remove."),
        ("user remove", "Did you mean 'disable'? The commands are add, disable, enable, list, passwd, unlock."),
        ("permission delete", "Did you mean 'remove'?"),
        ("node whereused", "Did you mean 'where-used'?"),
        ("solution Publish", "Did you mean 'publish'?"),
        ("sevre", "Did you mean 'serve'? The commands are serve, worker,"),
        ("imprt x.xml", "Did you mean 'import'?"),
        ("audit xyzzy", "No such command 'xyzzy'. The commands are list."),
    ],
)
def test_an_unknown_command_names_the_one_that_was_meant(arguments: str, shown: str) -> None:
    result = CliRunner().invoke(main, arguments.split())
    assert result.exit_code == 2
    assert shown in " ".join(result.stderr.split())


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_the_script_of_a_shell(shell: str) -> None:
    result = CliRunner().invoke(main, ["completion", shell], prog_name="relink")
    assert (result.exit_code, f"_RELINK_COMPLETE={shell}_complete" in result.stdout) == (0, True)


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        ("relink no", ["plain,node"]),
        ("relink node wh", ["plain,where-used"]),
        ("relink impact --sc", ["plain,--scope"]),
        ("relink unknown x", []),
    ],
)
def test_words_are_completed(words: str, completed: list[str]) -> None:
    environment = {"_RELINK_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    result = CliRunner().invoke(main, [], env=environment, prog_name="relink")
    assert (result.exit_code, result.stdout.split()) == (0, completed), result.stderr
