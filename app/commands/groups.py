"""Groups of commands, which say what to use instead of a command that they do not have."""

from __future__ import annotations

from typing import Final

import click

from app.suggestions import nearest

_WHOLE: Final = 1000
_SAME: Final = (
    {"add", "create", "new", "make"},
    {"remove", "delete", "rm", "del", "revoke", "disable"},
    {"list", "ls", "show", "all", "get"},
    {"passwd", "password", "set-password", "change-password"},
    {"copy", "cp"},
    {"search", "find"},
    {"serve", "start", "server"},
    {"cancel", "stop", "abort", "kill"},
    {"watch", "wait", "follow", "tail"},
)
"""Words that other programs have for the same command."""


class CommandGroup(click.Group):
    """A group of commands."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Raise UsageError for an unknown command, with the one that was probably meant and all that there are."""
        name, known = args[0], self.list_commands(ctx)
        # The completion of a shell must not fail for what is not finished yet.
        if name in known or name.startswith("-") or ctx.resilient_parsing:
            return super().resolve_command(ctx, args)
        meant = _synonym(name, known) or nearest(name, known)
        advice = f" Did you mean '{meant}'?" if meant else ""
        message = f"No such command {name[:100]!r}.{advice} The commands are {', '.join(known)}."
        raise click.UsageError(message, ctx)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands with whole sentences, also on a narrow terminal."""
        with formatter.section("Commands"):
            formatter.write_dl(self.summaries(ctx))

    def summaries(self, ctx: click.Context) -> list[tuple[str, str]]:
        """Return the names of the commands, each with a sentence that says what it does."""
        found = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        return [(name, each.get_short_help_str(_WHOLE)) for name, each in found if each is not None and not each.hidden]


def _synonym(name: str, known: list[str]) -> str | None:
    return next((each for words in _SAME if name.lower() in words for each in known if each in words), None)
