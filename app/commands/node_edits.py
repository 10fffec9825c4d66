"""The commands of `relink node` that edit drafts."""

from __future__ import annotations

import click

from app.commands.reading import ask, fields, json_option
from app.commands.rows import as_document, print_json, print_rows
from app.commands.service import ServiceClient, with_service
from app.commands.texts import COLLAPSED

IMPACTS = ["impact", "member type", "name", "rule"]
IMPACT = fields("impactType", "nodeVersionReferenceMemberType", "nodeNameMemberType", "errorMessage")


@click.command("type", short_help="Show what another type does to a draft, or change its type.")
@click.argument("version", type=COLLAPSED)
@click.argument("new_type", type=COLLAPSED)
@click.option("--yes", is_flag=True, help="Change the type; without this, only list the impacts.")
@json_option
@with_service
def change_type(service: ServiceClient, version: str, new_type: str, yes: bool, as_json: bool) -> None:
    """List what the type NEW_TYPE does to the data of the draft VERSION, and change its type with --yes.

    One line for each impact: version (data moves to another version of its member type), remove (data is lost) or rules
    (data breaks a rule and can be corrected afterwards); the member type, its name, and the rule that is broken. With
    --yes it prints the new type.

    \b
    Example:
      relink node type acme.catalog.Widget acme.types.Product.2 --yes
    """
    given = {"nodeVersionReference": version, "nodeVersionReferenceNewType": new_type}
    found = ask(service, "ChangeNodeType", **given, action="force" if yes else "impact")
    if as_json:
        print_json(as_document(found))
    elif yes:
        click.echo(found.findtext("nodeVersionReferenceNewType"))
    else:
        print_rows(IMPACTS, map(IMPACT, found.iterfind("ImpactList/Impact")))
