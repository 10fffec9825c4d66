"""Requests of the services that list and compare: contents that their schemas accept or refuse."""

from tests.schemas.reading import LONGEST_REFERENCE, Table, each, wrap
from tests.schemas.solution_parts import ID, LONGEST_ID, LONGEST_LABEL

TOO_LONG = f"{LONGEST_REFERENCE}r"
PAGE_SIZES = ["0", "1001", "ten", "1.0", "-1"]


def sized(*bad: str) -> list[str]:
    """Refused contents: these, and one for each refused page size."""
    return [*bad, *(wrap("pageSize", size) for size in PAGE_SIZES)]


LIST_REQUESTS = {
    "ListNodes": Table(
        good=[
            each(nodeReference="acme", depth="2", pageSize="1000", nodeReferenceAfter="acme.catalog"),
            each(nodeIdentifier="7", depth="0"),
            each(nodeIdentifier="0", depth=" +0001 "),
            each(nodeIdentifier="", nodeReference="", depth="", pageSize="", nodeReferenceAfter=""),
            wrap("nodeReference", LONGEST_REFERENCE) + wrap("nodeReferenceAfter", LONGEST_REFERENCE),
            each(nodeReferenceAfter="not..a reference", depth="1000"),
        ],
        bad=sized(
            each(depth="1001"),
            each(depth="-1"),
            each(depth="all"),
            each(nodeIdentifier="acme"),
            wrap("nodeReferenceAfter", TOO_LONG),
            each(page="1"),
        ),
    ),
    "ListNodeVersions": Table(
        good=[
            each(nodeReference="acme"),
            each(nodeIdentifier="7", nodeReference="acme"),
            each(nodeVersionNumberBefore="1", pageSize="1"),
            each(nodeVersionNumberBefore="1000000", pageSize="1000"),
            each(nodeIdentifier="", nodeReference="", nodeVersionNumberBefore="", pageSize=""),
            wrap("nodeReference", LONGEST_REFERENCE),
        ],
        bad=sized(
            each(nodeVersionNumberBefore="0"),
            each(nodeVersionNumberBefore="1000001"),
            each(nodeVersionNumberBefore="latest"),
            each(nodeVersionReference="acme.1"),
            wrap("nodeReference", TOO_LONG),
        ),
    ),
    "WhereUsed": Table(
        good=[
            each(nodeVersionReference="acme.catalog.Bolt.1"),
            each(nodeVersionIdentifier="1004000001", depth="100"),
            each(depth="1", distanceAfter="1", nodeVersionIdentifierAfter="1003000001", pageSize="10"),
            each(nodeVersionIdentifierAfter="0", distanceAfter="100"),
            each(
                nodeVersionIdentifier="",
                nodeVersionReference="",
                depth="",
                distanceAfter="",
                nodeVersionIdentifierAfter="",
                pageSize="",
            ),
            wrap("nodeVersionReference", LONGEST_REFERENCE),
        ],
        bad=sized(
            each(depth="0"),
            each(depth="101"),
            each(distanceAfter="0"),
            each(distanceAfter="101"),
            each(nodeVersionIdentifierAfter="acme.1"),
            each(nodeReference="acme"),
        ),
    ),
    "CompareNodeVersions": Table(
        good=[
            each(nodeVersionReferenceFrom="acme.N.1", nodeVersionReferenceTo="acme.N.2"),
            each(nodeVersionIdentifierFrom="1004000001", nodeVersionIdentifierTo="1004000002"),
            each(nodeVersionReferenceTo="acme.N", nodeVersionReferenceFrom="acme.N.$current"),
            each(nodeVersionIdentifierFrom="0", nodeVersionIdentifierTo=""),
            each(nodeVersionReferenceFrom="", nodeVersionReferenceTo=""),
            wrap("nodeVersionReferenceFrom", LONGEST_REFERENCE) + wrap("nodeVersionReferenceTo", LONGEST_REFERENCE),
        ],
        bad=[
            each(nodeVersionReference="acme.N.1"),
            each(nodeVersionIdentifierFrom="acme.N.1"),
            each(nodeVersionIdentifierTo="1.0"),
            wrap("nodeVersionReferenceFrom", TOO_LONG),
            wrap("nodeVersionReferenceTo", TOO_LONG),
            each(nodeVersionReferenceTo="a.1") * 2,
        ],
    ),
    "ListSolutions": Table(
        good=[
            each(TagList=each(tag="crm") * 2, pageSize="10"),
            each(TagList="", solutionIdAfter="", pageSize=""),
            each(solutionIdAfter=ID),
            each(solutionIdAfter="not an id"),
            wrap("solutionIdAfter", LONGEST_ID),
            each(TagList=wrap("tag", LONGEST_LABEL)),
        ],
        bad=sized(
            each(tag="crm"),
            each(TagList="crm"),
            wrap("solutionIdAfter", f"{LONGEST_ID}i"),
            each(TagList=wrap("tag", f"{LONGEST_LABEL}l")),
            each(solutionId=ID),
        ),
    ),
    "ListSolutionReleases": Table(
        good=[
            each(solutionId=ID),
            each(solutionId=ID, releaseNumberBefore="2147483647", pageSize="1"),
            each(releaseNumberBefore="0"),
            each(solutionId="", releaseNumberBefore="", pageSize=""),
            each(solutionId="not an id"),
            wrap("solutionId", LONGEST_ID),
        ],
        bad=sized(
            each(releaseNumberBefore="-1"),
            each(releaseNumberBefore="2147483648"),
            each(releaseNumberBefore="first"),
            wrap("solutionId", f"{LONGEST_ID}i"),
            each(releaseNumber="1"),
        ),
    ),
    "CompareSolutionReleases": Table(
        good=[
            each(solutionId=ID),
            each(solutionId=ID, releaseNumberFrom="1", releaseNumberTo="2"),
            each(releaseNumberTo="0", releaseNumberFrom="2147483647"),
            each(solutionId="", releaseNumberFrom="", releaseNumberTo=""),
            each(solutionId="not an id"),
            wrap("solutionId", LONGEST_ID),
        ],
        bad=[
            each(releaseNumberFrom="-1"),
            each(releaseNumberTo="2147483648"),
            each(releaseNumberFrom="draft"),
            wrap("solutionId", f"{LONGEST_ID}i"),
            each(releaseNumber="1"),
            each(pageSize="1"),
        ],
    ),
    "Search": Table(
        good=[
            each(query="stainless steel", searchField="name", package="acme", page="2", pageSize="10", searchInfo="x"),
            each(query="q" * 1000),
            each(searchField=" all ", page="1"),
            each(query="", searchField="", package="", page="", pageSize="", searchInfo=""),
            wrap("package", LONGEST_REFERENCE),
            each(query="a | b &amp; c:* \\ ' (", page="+2"),
        ],
        bad=sized(
            each(query="q" * 1001),
            each(searchField="value"),
            each(page="0"),
            each(page="first"),
            wrap("package", TOO_LONG),
            each(nodeReference="acme"),
        ),
    ),
}
