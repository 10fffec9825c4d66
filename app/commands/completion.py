"""`relink completion`."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the script that completes commands and options in SHELL.

    Let the shell read it when it starts: bash and zsh by a line such as the example in ~/.bashrc or ~/.zshrc (zsh for
    zsh), fish by the file ~/.config/fish/completions/relink.fish.

    \b
    Example:
      relink completion bash
      eval "$(relink completion bash)"
    """
    found = get_completion_class(shell)
    if found is None:
        raise click.ClickException(f"there is no completion for {shell}")
    click.echo(found(context.find_root().command, {}, "relink", "_RELINK_COMPLETE").source())
