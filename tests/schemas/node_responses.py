"""Responses of the services for nodes, users and permissions: contents that their schemas accept or refuse."""

from tests.schemas.node_requests import MEMBER_TYPE
from tests.schemas.reading import ERROR, LONGEST_REFERENCE, Table, wrap

SIX = (
    "<nodeVersionIdentifier>41</nodeVersionIdentifier><nodeVersionReference>acme.catalog.2</nodeVersionReference>"
    "<nodeName>Catalogue</nodeName><nodeIdentifier>7</nodeIdentifier><nodeReference>acme.catalog</nodeReference>"
    "<nodeVersionNumber>2</nodeVersionNumber>"
)
ROW = "<nodeReference>acme.A</nodeReference><nodeVersionNumber>2</nodeVersionNumber><nodeName/>"
WHY = (
    "<nodeReference>acme.C</nodeReference><nodeVersionNumber>2</nodeVersionNumber><nodeName>C</nodeName>"
    "<linkType>member</linkType><nodeReferenceMemberType>acme.part</nodeReferenceMemberType>"
    "<nodeVersionNumberMemberType>1</nodeVersionNumberMemberType><nodeNameMemberType/>"
)
MEMBER_UPDATE = (
    "<nodeReferenceMemberType>acme.part</nodeReferenceMemberType>"
    "<nodeVersionNumberMemberType>1</nodeVersionNumberMemberType><nodeNameMemberType>Part</nodeNameMemberType>"
    "<memberUpdateType>change</memberUpdateType><nodeReferenceTarget>acme.B</nodeReferenceTarget>"
    "<nodeVersionNumberTarget>2</nodeVersionNumberTarget><nodeNameTarget>B</nodeNameTarget>"
)
UPDATE = (
    f"{ROW}<updateType>version</updateType><errorMessage/><typeUpdateType>change</typeUpdateType>"
    "<nodeReferenceType>acme.T</nodeReferenceType><nodeVersionNumberType>2</nodeVersionNumberType>"
    "<nodeNameType>T</nodeNameType><MemberUpdateList>"
    f"<MemberUpdate>{MEMBER_UPDATE}</MemberUpdate>"
    f"</MemberUpdateList><WhyList><linksOmitted>1</linksOmitted><Why>{WHY}</Why></WhyList>"
)
UPDATE_REMOVE = (
    f"{ROW}<updateType>version</updateType><typeUpdateType>none</typeUpdateType><MemberUpdateList><MemberUpdate>"
    "<nodeReferenceMemberType>acme.part</nodeReferenceMemberType>"
    "<nodeVersionNumberMemberType>1</nodeVersionNumberMemberType><nodeNameMemberType/>"
    "<memberUpdateType>remove</memberUpdateType></MemberUpdate></MemberUpdateList>"
)
MEMBER = (
    "<nodeVersionReferenceMemberType>acme.part.1</nodeVersionReferenceMemberType><nodeNameMemberType/>"
    "<nodeMemberSequence>1</nodeMemberSequence><nodeMemberValue> v </nodeMemberValue>"
    "<nodeMemberScale>-2.5E-3</nodeMemberScale><nodeVersionReferenceTarget>acme.B.2</nodeVersionReferenceTarget>"
    "<nodeNameTarget/><nodeMemberComment>c</nodeMemberComment>"
)
IMPACT = (
    "<impactType>rules</impactType><nodeVersionIdentifierMemberType>12000001</nodeVersionIdentifierMemberType>"
    "<nodeVersionReferenceMemberType>acme.part.1</nodeVersionReferenceMemberType><nodeNameMemberType/>"
    "<errorMessage>m</errorMessage>"
)
NEW_TYPE = (
    "<nodeEdition>3</nodeEdition><nodeVersionIdentifierNewType>13000002</nodeVersionIdentifierNewType>"
    "<nodeVersionReferenceNewType>acme.T.2</nodeVersionReferenceNewType><nodeNameNewType>T</nodeNameNewType>"
)
FORM = (
    "<nodeVersionComment>c</nodeVersionComment><nodeVersionReferenceType>acme.T.2</nodeVersionReferenceType>"
    "<nodeNameType>T</nodeNameType><MemberTypeList><MemberType>"
    "<nodeVersionIdentifierMemberType>12000001</nodeVersionIdentifierMemberType>"
    "<nodeVersionReferenceMemberType>acme.part.1</nodeVersionReferenceMemberType><nodeNameMemberType/>"
    "<listedIndicator>true</listedIndicator><useValueIndicator>true</useValueIndicator>"
    "<useScaleIndicator>true</useScaleIndicator><useTargetIndicator>false</useTargetIndicator>"
    "<minimumCardinality>0</minimumCardinality><maximumCardinality>1</maximumCardinality><valuePattern>.</valuePattern>"
    "<TargetTypeList><nodeReference>acme.B</nodeReference></TargetTypeList><MemberList><Member>"
    "<nodeMemberSequence>1</nodeMemberSequence><nodeMemberValue> v </nodeMemberValue>"
    "<nodeMemberScale>-2.5E-3</nodeMemberScale><nodeVersionReferenceTarget>acme.B.2</nodeVersionReferenceTarget>"
    "<nodeNameTarget/><nodeMemberComment>c</nodeMemberComment></Member></MemberList></MemberType></MemberTypeList>"
)

# Everything that a response can hold, in the required order
FULL_NODE_RESPONSES = {
    "Error": ERROR,
    "UpdateNodeVersions": f"{ERROR}{SIX}<UpdateList><Update>{UPDATE}</Update></UpdateList>",
    "NodeImport": f"{ERROR}<nodesCreated>2</nodesCreated><versionsCreated>3</versionsCreated>"
    "<versionsReplaced>0</versionsReplaced><membersWritten>9007199254740991</membersWritten>",
    "GetNode": f"{ERROR}{SIX}<nodeFrozenVersionNumber>0</nodeFrozenVersionNumber><nodeVersionComment/>"
    "<nodeVersionReferenceType>system.PACKAGE_LISTING.1</nodeVersionReferenceType><nodeNameType>Package</nodeNameType>"
    f"<MemberList><Member>{MEMBER}</Member></MemberList>",
    "FreezeNode": f"{ERROR}{SIX}<NodeList><Node>{ROW}<errorMessage>m</errorMessage></Node></NodeList>",
    "CopyNode": f"{ERROR}{SIX}",
    "SetNode": f"{ERROR}{SIX}<nodeEdition>3</nodeEdition>{FORM}<ImpactList><Impact>{IMPACT}</Impact></ImpactList>",
    "ChangeNodeType": f"{ERROR}{NEW_TYPE}<ImpactList><Impact>{IMPACT}</Impact></ImpactList>",
    "CreateUser": f"{ERROR}<userIdentifier>3</userIdentifier><userLogonReference>ann</userLogonReference>",
    "CreatePermission": f"{ERROR}<permissionIdentifier>5</permissionIdentifier>",
}

# Contents after an errorNumber of 0
NODE_RESPONSES = {
    "Error": Table(good=[], bad=["<errorMessage/><errorDescription/>", SIX, "<requestId/>"]),
    "UpdateNodeVersions": Table(
        good=[
            SIX,
            f"{SIX}<UpdateList/>",
            f"<UpdateList><Update>{UPDATE}</Update><Update>{UPDATE}</Update></UpdateList>",
            f"<UpdateList><Update>{ROW}<updateType>warning</updateType><errorMessage>m</errorMessage></Update></UpdateList>",
            f"<UpdateList><Update>{ROW}<updateType>error</updateType><errorMessage>m</errorMessage></Update></UpdateList>",
            f"<UpdateList><Update>{UPDATE_REMOVE}</Update></UpdateList>",
            f"<UpdateList><Update>{UPDATE_REMOVE}<WhyList/></Update></UpdateList>",
            f"<UpdateList><Update>{ROW}<updateType>change</updateType><MemberUpdateList/></Update></UpdateList>",
            wrap("nodeVersionReference", f"{LONGEST_REFERENCE}.999999"),
        ],
        bad=[
            f"<UpdateList><Update>{ROW}<updateType>modify</updateType></Update></UpdateList>",
            f"<UpdateList><Update>{ROW}</Update></UpdateList>",
            "<UpdateList><Update/></UpdateList>",
            f"<UpdateList><Update>{UPDATE.replace('>member<', '>target<')}</Update></UpdateList>",
            f"<UpdateList><Update>{UPDATE_REMOVE}<WhyList/><WhyList/></Update></UpdateList>",
            "<UpdateList/><UpdateList/>",
            f"<UpdateList><Update>{UPDATE.replace('>change<', '>modify<')}</Update></UpdateList>",
            f"<UpdateList><Update>{UPDATE.replace('>change<', '>remove<', 1)}</Update></UpdateList>",
            f"<UpdateList><Update>{UPDATE.replace('>2<', '>0<', 1)}</Update></UpdateList>",
            f"<UpdateList>{UPDATE}</UpdateList>",
        ],
    ),
    "NodeImport": Table(
        good=["<nodesCreated>0</nodesCreated>", "<membersWritten>1000000</membersWritten>"],
        bad=[
            "<nodesCreated/>",
            "<nodesCreated>-1</nodesCreated>",
            "<membersWritten>9007199254740992</membersWritten>",
            "<NodeList/>",
        ],
    ),
    "GetNode": Table(
        good=[
            SIX,
            f"{SIX}<MemberList/>",
            "<nodeFrozenVersionNumber>999999</nodeFrozenVersionNumber>",
            f"<MemberList><Member>{MEMBER_TYPE}</Member><Member>{MEMBER}</Member></MemberList>",
            f"<MemberList><Member>{MEMBER_TYPE}<nodeMemberValue/></Member></MemberList>",
        ],
        bad=[
            "<nodeFrozenVersionNumber/>",
            "<nodeFrozenVersionNumber>-1</nodeFrozenVersionNumber>",
            "<MemberList><Member/></MemberList>",
            f"<MemberList><Member>{MEMBER_TYPE}<nodeMemberScale>INF</nodeMemberScale></Member></MemberList>",
            f"<MemberList><Member>{MEMBER_TYPE}<nodeMemberScale/></Member></MemberList>",
        ],
    ),
    "FreezeNode": Table(
        good=[SIX, f"{SIX}<NodeList/>", f"<NodeList><Node>{ROW}</Node><Node>{ROW}</Node></NodeList>"],
        bad=["<NodeList><Node/></NodeList>", f"<NodeList>{ROW}</NodeList>", f"<NodeList/>{SIX}"],
    ),
    "CopyNode": Table(
        good=[SIX, "<nodeName/>"],
        bad=[
            "<nodeVersionIdentifier/>",
            "<nodeVersionIdentifier>0</nodeVersionIdentifier>",
            "<nodeVersionNumber>0</nodeVersionNumber>",
            SIX + SIX,
        ],
    ),
    "SetNode": Table(
        good=[SIX, FORM, f"{SIX}<nodeEdition>1</nodeEdition><ImpactList/>", "<MemberTypeList/>"],
        bad=[
            "<nodeEdition/>",
            "<MemberTypeList><MemberType/></MemberTypeList>",
            FORM.replace("<maximumCardinality>1<", "<maximumCardinality>-1<"),
            FORM.replace("<listedIndicator>true</listedIndicator>", ""),
            f"{FORM}{SIX}",
        ],
    ),
    "ChangeNodeType": Table(
        good=[
            NEW_TYPE,
            f"{NEW_TYPE}<ImpactList/>",
            *(
                f"<ImpactList><Impact>{IMPACT.replace('rules', kind)}</Impact></ImpactList>"
                for kind in ("version", "remove", "rules")
            ),
        ],
        bad=[
            "<nodeEdition>0</nodeEdition>",
            "<ImpactList><Impact/></ImpactList>",
            f"<ImpactList>{IMPACT}</ImpactList>",
            f"<ImpactList><Impact>{IMPACT.replace('rules', 'lost')}</Impact></ImpactList>",
            f"<ImpactList/>{NEW_TYPE}",
        ],
    ),
    "CreateUser": Table(
        good=["<userIdentifier>1</userIdentifier>", "<userLogonReference>ann</userLogonReference>"],
        bad=["<userIdentifier/>", "<userIdentifier>ann</userIdentifier>", "<password>s3cret</password>"],
    ),
    "CreatePermission": Table(
        good=["<permissionIdentifier>1</permissionIdentifier>"],
        bad=[
            "<permissionIdentifier/>",
            "<permissionIdentifier>0</permissionIdentifier>",
            "<objectReference/>",
        ],
    ),
}

# The elements of the documented output, in their order
DOCUMENTED_OUTPUT = [
    "errorNumber",
    "nodeVersionIdentifier",
    "nodeVersionReference",
    "nodeName",
    "nodeIdentifier",
    "nodeReference",
    "nodeVersionNumber",
    "UpdateList",
    "Update",
    "nodeReference",
    "nodeVersionNumber",
    "nodeName",
    "updateType",
    "errorMessage",
    "typeUpdateType",
    "nodeReferenceType",
    "nodeVersionNumberType",
    "nodeNameType",
    "MemberUpdateList",
    "MemberUpdate",
    "nodeReferenceMemberType",
    "nodeVersionNumberMemberType",
    "nodeNameMemberType",
    "memberUpdateType",
    "nodeReferenceTarget",
    "nodeVersionNumberTarget",
    "nodeNameTarget",
]
