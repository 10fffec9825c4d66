"""Responses of the services that list and compare: contents that their schemas accept or refuse."""

from tests.schemas.node_responses import SIX
from tests.schemas.reading import ERROR, Table, each, wrap
from tests.schemas.solution_parts import ID

TIME = "2026-01-02T03:04:05.678Z"
TYPE = each(nodeVersionReferenceType="system.NULL.1", nodeNameType="Null")
NODE = f"{SIX}{each(nodeFrozenVersionNumber='1')}{TYPE}"
NODE_IN_SHORT = each(nodeIdentifier="7", nodeReference="acme.N", nodeFrozenVersionNumber="0")
FROZEN = each(
    userIdentifierFrozenBy="103",
    userLogonReferenceFrozenBy="carl",
    userNameFrozenBy="Carl",
    nodeVersionTimestampFrozen=TIME,
)
VERSION = (
    each(nodeVersionNumber="2", nodeVersionIdentifier="7000002", nodeVersionReference="acme.N.2", nodeName="N")
    + TYPE
    + each(mayReadType="true")
    + each(userIdentifierCreatedBy="101", userLogonReferenceCreatedBy="ann", userNameCreatedBy="Ann")
    + each(nodeVersionTimestampCreated=TIME)
    + each(userIdentifierAmendedBy="102", userLogonReferenceAmendedBy="bob", userNameAmendedBy="Bob")
    + each(nodeVersionTimestampAmended=TIME)
    + FROZEN
    + each(nodeVersionComment="why")
)
VERSION_IN_SHORT = each(
    nodeVersionNumber="1",
    nodeVersionIdentifier="7000001",
    nodeVersionReference="acme.N.1",
    mayReadType="false",
    nodeVersionTimestampCreated=TIME,
    nodeVersionTimestampAmended=TIME,
)
USE = SIX + each(distance="1", typeIndicator="true", memberTypeIndicator="false", targetIndicator="false")
CHANGE = each(
    slotKind="config",
    externalId="external_mail",
    code="TitleChanged",
    message="m",
    breakingChange="false",
    hidden="true",
)
JUDGEMENT = each(
    breakingChanges="true",
    requiresNewUserInput="false",
    requiresNewSystemInput="true",
    SlotChangeList=wrap("SlotChange", CHANGE),
)
RELEASE = (
    each(releaseNumber="2", title="T", releaseNotes="n", publishedBy="ann", publishedByName="Ann", publishedAt=TIME)
    + JUDGEMENT
)
RELEASE_IN_SHORT = each(
    releaseNumber="1",
    title="",
    publishedAt=TIME,
    breakingChanges="false",
    requiresNewUserInput="false",
    requiresNewSystemInput="false",
    SlotChangeList="",
)
SOLUTION = each(
    solutionId=ID,
    title="T",
    description="d",
    TagList=each(tag="crm"),
    latestReleaseNumber="0",
    held="false",
    created=TIME,
)


def side(name: str) -> str:
    """One of two versions that are compared."""
    fields = {
        "nodeVersionIdentifier": "7000001",
        "nodeVersionReference": "acme.N.1",
        "nodeName": "N",
        "nodeVersionComment": "c",
        "nodeVersionReferenceType": "acme.T.1",
        "nodeNameType": "T",
    }
    return each(**{f"{field}{name}": text for field, text in fields.items()})


def member(name: str) -> str:
    """A member on one of the sides."""
    fields = {
        "nodeVersionReferenceMemberType": "acme.m.1",
        "nodeMemberSequence": "1",
        "nodeMemberValue": " v ",
        "nodeMemberScale": "1.5",
        "nodeVersionReferenceTarget": "acme.B.1",
        "nodeNameTarget": "B",
        "nodeMemberComment": "c",
    }
    return each(**{f"{field}{name}": text for field, text in fields.items()})


DIFFERENCE = (
    each(memberDifferenceType="change", nodeReferenceMemberType="acme.m", nodeNameMemberType="M")
    + member("From")
    + member("To")
)
COMPARED = side("From") + side("To") + each(nameUpdateType="none", commentUpdateType="change", typeUpdateType="none")

FULL_LIST_RESPONSES = {
    "ListNodes": ERROR
    + each(
        nodeIdentifier="7",
        nodeReference="acme",
        NodeList=wrap("Node", NODE),
        nodeReferenceAfter="acme.N",
    ),
    "ListNodeVersions": ERROR
    + each(nodeIdentifier="7", nodeReference="acme.N", nodeName="N", nodeFrozenVersionNumber="1")
    + each(mayAdminister="true", mayUseDraft="true", VersionList=wrap("Version", VERSION))
    + each(nodeVersionNumberBefore="2"),
    "WhereUsed": f"{ERROR}{SIX}{each(UseList=wrap('Use', USE))}"
    + each(distanceAfter="1", nodeVersionIdentifierAfter="7000001"),
    "CompareNodeVersions": f"{ERROR}{COMPARED}{each(MemberDifferenceList=wrap('MemberDifference', DIFFERENCE))}",
    "ListSolutions": ERROR + each(SolutionList=wrap("Solution", SOLUTION), solutionIdAfter=ID),
    "ListSolutionReleases": ERROR + each(ReleaseList=wrap("Release", RELEASE), releaseNumberBefore="1"),
    "Search": ERROR
    + each(
        page="1",
        numberOfResults="1",
        numberOfPages="1",
        searchInfo="x",
        NodeList=wrap("Node", each(nodeVersionReference="acme.N.1", nodeName="N", nodeSummary=" v ")),
    ),
    "CompareSolutionReleases": ERROR + each(solutionId=ID, releaseNumberFrom="1", releaseNumberTo="2") + JUDGEMENT,
}

LIST_RESPONSES = {
    "ListNodes": Table(
        good=[
            each(NodeList=wrap("Node", NODE) + wrap("Node", NODE_IN_SHORT)),
            each(NodeList=""),
            each(nodeIdentifier="7", nodeReference="acme", NodeList=""),
        ],
        bad=[
            each(NodeList=NODE),
            each(NodeList=wrap("Node", SIX)),
            each(NodeList=wrap("Node", NODE + each(nodeName="again"))),
            each(nodeReferenceAfter="a.N", NodeList=""),
        ],
    ),
    "ListNodeVersions": Table(
        good=[
            each(VersionList=wrap("Version", VERSION) + wrap("Version", VERSION_IN_SHORT)),
            each(nodeIdentifier="7", nodeReference="a", nodeFrozenVersionNumber="0", mayUseDraft="false"),
        ],
        bad=[
            each(VersionList=VERSION),
            each(VersionList=wrap("Version", VERSION_IN_SHORT.replace(TIME, ""))),
            each(VersionList=wrap("Version", VERSION.replace(FROZEN, f"{FROZEN}{FROZEN}"))),
            each(VersionList=wrap("Version", VERSION_IN_SHORT.replace("false", "no"))),
            each(VersionList=wrap("Version", VERSION_IN_SHORT.replace("<mayReadType>false</mayReadType>", ""))),
            each(nodeVersionNumberBefore="0"),
        ],
    ),
    "WhereUsed": Table(
        good=[SIX + each(UseList=""), each(UseList=wrap("Use", USE) * 2), SIX],
        bad=[
            each(UseList=USE),
            each(UseList=wrap("Use", SIX)),
            each(UseList=wrap("Use", USE.replace("<distance>1<", "<distance>0<"))),
            each(UseList=wrap("Use", USE.replace(">true<", ">yes<"))),
            each(nodeVersionIdentifierAfter="7000001", distanceAfter="1"),
        ],
    ),
    "CompareNodeVersions": Table(
        good=[
            COMPARED + each(MemberDifferenceList=""),
            each(
                MemberDifferenceList=wrap(
                    "MemberDifference",
                    each(memberDifferenceType="add", nodeReferenceMemberType="acme.m") + member("To"),
                )
                + wrap(
                    "MemberDifference",
                    each(memberDifferenceType="remove", nodeReferenceMemberType="acme.m") + member("From"),
                )
            ),
        ],
        bad=[
            each(nameUpdateType="modify"),
            each(MemberDifferenceList=wrap("MemberDifference", "")),
            each(MemberDifferenceList=wrap("MemberDifference", DIFFERENCE.replace(">change<", ">none<"))),
            each(MemberDifferenceList=DIFFERENCE),
            side("To") + side("From"),
        ],
    ),
    "ListSolutions": Table(
        good=[
            each(SolutionList=""),
            each(SolutionList=wrap("Solution", SOLUTION.replace("<description>d</description>", "")) * 2),
        ],
        bad=[
            each(SolutionList=SOLUTION),
            each(SolutionList=wrap("Solution", SOLUTION.replace("<held>false</held>", ""))),
            each(SolutionList=wrap("Solution", SOLUTION.replace(ID, "not an id"))),
            each(solutionIdAfter=ID.upper()),
        ],
    ),
    "ListSolutionReleases": Table(
        good=[each(ReleaseList=""), each(ReleaseList=wrap("Release", RELEASE) + wrap("Release", RELEASE_IN_SHORT))],
        bad=[
            each(ReleaseList=RELEASE),
            each(ReleaseList=wrap("Release", RELEASE_IN_SHORT.replace(TIME, ""))),
            each(ReleaseList=wrap("Release", RELEASE_IN_SHORT.replace(">1<", ">0<"))),
            each(ReleaseList=wrap("Release", each(releaseNumber="1", title="", publishedAt=TIME))),
            each(releaseNumberBefore="0"),
        ],
    ),
    "CompareSolutionReleases": Table(
        good=[each(solutionId=ID) + JUDGEMENT, each(solutionId=ID, releaseNumberFrom="2", SlotChangeList="")],
        bad=[
            each(solutionId="not an id"),
            each(releaseNumberFrom="0"),
            each(breakingChanges="maybe"),
            each(SlotChangeList=CHANGE),
            each(releaseNumberTo="1", releaseNumberFrom="2"),
        ],
    ),
    "Search": Table(
        good=[
            each(page="2", numberOfResults="0", numberOfPages="0", NodeList=""),
            each(NodeList=wrap("Node", each(nodeVersionReference="acme.N.1")) * 2),
        ],
        bad=[
            each(page="first"),
            each(numberOfResults="-1"),
            each(NodeList=each(nodeVersionReference="acme.N.1")),
            each(NodeList=wrap("Node", each(nodeName="N"))),
            each(numberOfPages="1", numberOfResults="1"),
        ],
    ),
}
