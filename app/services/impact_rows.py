"""The elements that list the impacts of an edit, and the sentences about them."""

from __future__ import annotations

from app.nodes.impacts import ImpactKind, Impacts, ShownImpact
from app.references import version_identifier
from app.services.identifying_fields import reference_and_name
from app.services.response import Fields, Group


def impact_list(impacts: Impacts) -> Group:
    """Return the list of impacts that the caller may read."""
    return Group("ImpactList", tuple(_impact(each) for each in impacts.shown))


def impact_description(impacts: Impacts) -> str | None:
    """Return what the impacts mean, or None if there are none."""
    if not impacts:
        return None
    kinds = {each.impact.kind for each in impacts.shown}
    sentences = ["The change has impacts on data."]
    if ImpactKind.REMOVE in kinds:
        sentences.append("Data of the member types that are listed as remove is removed.")
    if impacts.hidden:
        are = "1 impact is on a member type" if impacts.hidden == 1 else f"{impacts.hidden} impacts are on member types"
        sentences.append(f"{are} that you may not read, and not listed.")
    return " ".join(sentences)


def _impact(each: ShownImpact) -> Group:
    fields = Fields(
        ("impactType", each.impact.kind.value),
        ("nodeVersionIdentifierMemberType", version_identifier(*each.impact.member_type)),
        *reference_and_name("nodeVersionReferenceMemberType", "nodeNameMemberType", each.member_type),
        ("errorMessage", each.impact.text),
    )
    return Group("Impact", (fields,))
