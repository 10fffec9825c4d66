"""The `relink` command."""

from __future__ import annotations

import click

from app.commands.database import check, migrate
from app.commands.demo import demo
from app.commands.imports import import_file
from app.commands.serve import serve
from app.commands.updates import force, impact
from app.commands.users import user


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="relink", prog_name="relink")
def main() -> None:
    """Keep a graph of versioned nodes and move it forward.

    `relink demo` shows in a few seconds what that means.
    """


for command in (serve, migrate, check, user, import_file, impact, force, demo):
    main.add_command(command)

if __name__ == "__main__":
    main(prog_name="relink")
